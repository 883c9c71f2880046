"""Where a destination waits for the data, and where a source sends it: libvirt's and QEMU's URIs.

libvirt's are ``tcp://host[:port]``, the older ``tcp:host[:port]``, and ``unix:///path``; QEMU's are
``tcp:host:port`` and ``unix:/path``. No I/O but looking for a free port.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.ports import free_port, numeric_address

__all__ = ["EVERYWHERE", "Place", "choose_port", "listening"]

EVERYWHERE: Final = "::"
_TCP: Final = re.compile(r"tcp:(//)?(\[[^]]+\]|[^:/]*)(?::(\d+))?/?")
_HIGHEST: Final = 65535


@dataclass(frozen=True, slots=True)
class Place:
    """One end of a connection.

    Attributes:
        host: The host's name or address; empty of a Unix socket.
        port: Its port; 0 where that is left open.
        path: The path of a Unix socket.
        slashes: Whether it was written as a URI should be; libvirt answers as it was asked.
    """

    host: str = ""
    port: int = 0
    path: Path | None = None
    slashes: bool = False

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read what libvirt writes.

        Raises:
            ConfigError: It is no such place.
        """
        if text.startswith("unix:"):
            path = Path("/" + text.removeprefix("unix:").lstrip("/"))
            return cls(path=path, slashes=True)
        found = _TCP.fullmatch(text)
        if found is None or int(found[3] or 0) > _HIGHEST:
            raise ConfigError(
                f"{text!r} is no place to move a domain to",
                field="migrate_uri",
                hint="use tcp://host, tcp://host:port or unix:///path",
            )
        return cls(found[2].strip("[]"), int(found[3] or 0), slashes=found[1] is not None)

    def with_port(self, port: int) -> Place:
        """The same, with a port."""
        return Place(self.host, port, slashes=self.slashes)

    def __str__(self) -> str:
        """As libvirt writes it."""
        if self.path is not None:
            return f"unix://{self.path}"
        port = f":{self.port}" if self.port else ""
        return f"tcp:{'//' if self.slashes else ''}{self._bracketed}{port}"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def for_qemu(self) -> str:
        """As QEMU's migration takes it."""
        if self.path is not None:
            return f"unix:{self.path}"
        return f"tcp:{self._bracketed}:{self.port}"

    @property
    def address(self) -> dict[str, object]:
        """As QEMU's commands about NBD take it: a `SocketAddress` without its wrapper."""
        if self.path is not None:
            return {"type": "unix", "path": str(self.path)}
        return {"type": "inet", "host": self.host, "port": str(self.port)}

    @property
    def listening(self) -> dict[str, object]:
        """The same as older commands take it."""
        data = dict(self.address)
        return {"type": data.pop("type"), "data": data}


async def _address(listen: str | None) -> str:
    """The numeric address to listen at; without one it is where everybody may come from."""
    if listen:
        return await numeric_address(listen)
    return EVERYWHERE if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 - see above


async def listening(listen: str | None, port: int) -> Place:
    """Where QEMU listens.

    Raises:
        ConfigError: That is no address.
    """
    return Place(await _address(listen), port)


async def choose_port(listen: str | None, ports: range, taken: Collection[int]) -> int:
    """A port of the range that is free at that address.

    Raises:
        ResourceUnavailable: None is.
        ConfigError: That is no address.
    """
    try:
        return free_port(await _address(listen), ports, taken)
    except ResourceUnavailable as error:
        raise ResourceUnavailable(
            f"none of the ports {ports[0]} to {ports[-1]} is free for a migration",
            hint="give more of them (migration_ports), or wait for the end of others",
        ) from error
