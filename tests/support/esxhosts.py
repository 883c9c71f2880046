"""Opening VMware's simulator by aiovirt, for the tests of the esx driver."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from vcsimlab import Simulator

from aiovirt import _open
from aiovirt.model.credentials import Login
from aiovirt.objects import Connection

__all__ = ["FIRST", "opening"]

FIRST = {"vcenter": "DC0_H0_VM0", "esx": "ha-host_VM0"}
"""The machine that is worked on, by the kind of server."""


def opening(
    simulator: Simulator, path: str | None = None, *, readonly: bool = False, **parameters: str
) -> AbstractAsyncContextManager[Connection]:
    """Open a simulator; on a vCenter one host of it, unless another path is given."""
    if path is None and simulator.kind == "vcenter":
        path = "/DC0/DC0_H0"
    parameters["cacert"] = str(simulator.ca)
    uri = simulator.uri(path, port=None, **parameters)
    login = Login(simulator.user, simulator.password)
    return _open.open(uri, readonly=readonly, credentials=login)
