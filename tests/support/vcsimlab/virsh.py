"""libvirt's own esx driver at the simulator: the reference for what a machine's XML is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import counterparts

from vcsimlab.simulator import Simulator
from vcsimlab.typed_proxy import typed_proxy

__all__ = ["Virsh", "VirshFailed", "virsh_at"]

HOSTS = {"vcenter": "DC0/DC0_H0", "esx": ""}
"""The path of libvirt's URI to the first host."""
LIMIT_S = 60


class VirshFailed(Exception):
    """The command failed; says what virsh says."""


@dataclass(frozen=True, slots=True)
class Virsh:
    """virsh at a simulator, by the proxy that libvirt needs."""

    simulator: Simulator
    port: int

    def run(self, *words: str, host: str | None = None) -> str:
        """Run one command and return what it prints.

        Args:
            *words: The command.
            host: On a vCenter another host than the first: the path of the URI.

        Raises:
            VirshFailed: It failed.
        """
        where = HOSTS[self.simulator.kind] if host is None else host
        uri = self.simulator.uri(where, port=self.port, no_verify="1")
        settings = {"LIBVIRT_AUTH_FILE": str(self.simulator.auth_file), "LC_ALL": "C"}
        done = subprocess.run(
            [str(counterparts.program("virsh")), "-q", "-c", uri, *words],
            env={"PATH": os.defpath, "HOME": str(self.simulator.folder)} | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        if done.returncode:
            raise VirshFailed(_errors(done.stderr) or f"ended with {done.returncode}")
        return done.stdout


def _errors(said: str) -> str:
    """Leave out libvirt's warnings of what it does not know of newer answers."""
    lines = (line.removeprefix("error: ") for line in said.splitlines() if "error: " in line)
    return "; ".join(lines)


@contextmanager
def virsh_at(simulator: Simulator) -> Iterator[Virsh]:
    """Run the proxy for the length of the scope, and give virsh by it."""
    with typed_proxy(simulator) as port:
        yield Virsh(simulator, port)
