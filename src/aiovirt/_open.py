"""From a URI to an open connection: the driver is found by its scheme and loaded on first use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from difflib import get_close_matches
from importlib import import_module

from aiovirt.errors import ConfigError
from aiovirt.interfaces import Driver
from aiovirt.model.uri import URI
from aiovirt.objects import Connection

__all__ = ["open"]

OpenDriver = Callable[[URI], AbstractAsyncContextManager[Driver]]

# The scheme of a URI -> the package whose `open_driver` opens it.
DRIVERS = {
    "qemu": "aiovirt.drivers.qemu",
}


def _find(uri: URI) -> OpenDriver:
    """The opener of a URI's driver."""
    package = DRIVERS.get(uri.driver)
    if package is None:
        near = get_close_matches(uri.driver, DRIVERS, n=1)
        raise ConfigError(
            f"no driver for {uri.driver!r} in the connection URI {uri}",
            field="scheme",
            hint=f"did you mean {near[0]}://?" if near else f"known: {', '.join(sorted(DRIVERS))}",
        )
    opener: OpenDriver = import_module(package).open_driver
    return opener


@asynccontextmanager
async def open(uri: str | URI) -> AsyncIterator[Connection]:  # noqa: A001
    """Open a host for the length of an ``async with`` block.

        async with aiovirt.open("qemu:///embed?root=lab") as host: ...

    Args:
        uri: libvirt's connection URI. ``qemu:///embed?root=DIR`` runs the QEMU driver inside
            this process, with its state under DIR.

    Raises:
        ConfigError: The URI is wrong; its part is named.
        Busy: Another process has the root open.
        HostError: The host lacks what the driver needs.

    Cancellation: what was opened is closed. Running guests go on running: the next `open`
    of the same root finds them again.
    """
    parsed = uri if isinstance(uri, URI) else URI.parse(uri)
    async with _find(parsed)(parsed) as driver:
        yield Connection(driver)
