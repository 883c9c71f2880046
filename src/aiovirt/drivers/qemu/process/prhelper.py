"""Reservations of SCSI disks by a helper with more rights than QEMU. Source: qemu-pr-helper(8)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.process.helpers import Helper, answers
from aiovirt.processes import Command

__all__ = ["reservation_helpers"]


def reservation_helpers(config: DomainConfig, sockets: Path) -> Iterator[Helper]:
    """The program for the disks whose reservations the driver is to manage: one for all."""
    if any(disk.source.reservations.managed for disk in config.disks):
        socket = sockets / "pr-helper0.sock"
        yield Helper(
            name="pr-helper",
            command=partial(_command, socket),
            socket=socket,
            listens=False,
            ready=partial(answers, socket),
            as_owner=False,
        )


def _command(socket: Path, _descriptor: int) -> Command:
    return Command.of("qemu-pr-helper", "--socket", str(socket))
