"""What can be said to QEMU but not yet be done for it on the host: refused at a start, by name."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config import DomainConfig, Lease
from aiovirt.errors import XMLError

__all__ = ["refuse_unserved"]


def refuse_unserved(config: DomainConfig) -> None:
    """Refuse a start that would fail, or lack what the configuration asks for.

    Raises:
        XMLError: The first thing that the driver cannot serve, with its line.
    """
    for error in _devices(config):
        raise error


def _devices(config: DomainConfig) -> Iterator[XMLError]:
    for lease in config.devices.leases:
        yield Lease.path.error(lease, "the QEMU driver takes no leases of the host")
