"""The simulated vSphere opened by aiovirt, for what VMware's own simulator lacks."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from aiovirt import _open
from aiovirt.model.credentials import Login
from aiovirt.objects import Connection
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

__all__ = ["faked"]


@asynccontextmanager
async def faked(
    kind: Literal["vcenter", "esx"] = "esx",
    path: str | None = None,
    *,
    user: str = "root",
    query: str = "",
) -> AsyncGenerator[tuple[FakeVSphere, Connection], None]:
    """Run one with one machine, and open it; of a vCenter one host unless a path is given."""
    async with run_fake_vsphere(Settings(kind=kind, machines=1)) as fake:
        uri = fake.uri
        if path is not None:
            uri = uri.replace("/DC0/Cluster0/esx0.example.com", path)
        uri = uri.replace("root@", f"{user}@") + query
        async with _open.open(uri, credentials=Login(user, "secret")) as host:
            yield fake, host
