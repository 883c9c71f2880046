"""What a running domain's folder says of it, so that the next process can take it over.

The status describes processes, which do not survive a loss of power, so it is written without
fsync: this keeps two disk flushes out of every start.  A newer one is put behind the older ones,
because some file systems flush a file as it takes another's place.  So the last line that is whole
tells: one that was cut off by the end of its writer does not, and the one before it holds.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import msgspec
from lxml import etree

from aiovirt.config import DomainConfig, element
from aiovirt.errors import ProtocolError
from aiovirt.host.files import host_error, write_atomically
from aiovirt.model.domain import StateReason
from aiovirt.processes import DaemonProcess, adopt_pidfile

__all__ = [
    "FORMAT",
    "MONITOR_SOCKET",
    "PIDFILE",
    "QEMU_FOLDER",
    "Status",
    "process_in",
    "read_status",
    "text_of",
    "write_status",
]

_STATUS_FILE = "status.json"
PIDFILE = "pid"
MONITOR_SOCKET = "monitor.sock"
QEMU_FOLDER = "qemu"
"""What QEMU itself may write to; nothing in there is believed, for it may be somebody else's."""

FORMAT = 2
"""Of the file: grows when an earlier version could not read it."""

_READ: Final = (1, FORMAT)
_LONGEST: Final = 256 * 1024
"""How long the file may grow until it begins anew with the newest status alone, in bytes."""


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """One running domain.

    Attributes:
        phase: ``starting`` until the start has succeeded: a process found in this phase is
            killed, for nobody was told that it runs.
        id: The number of the running instance.
        xml: The live configuration, with secrets.
        started_at: Unix time in seconds.
        reason: Name of the `StateReason` that it was in last.
        rebooting: Whether the next shutdown of the guest is the first half of a reboot.
        follow_up: Value of the `FollowUp` that is still to be done, if any.
        ending: Name of the `StateReason` that its end will have, once that is known.
        move: Value of the `MovePhase` that it is in, if any.
        ran: Whether it ran when its move began.
        made: The images that were made for its arrival.
        format: `FORMAT` of the version that wrote it.
    """

    phase: Literal["starting", "running"]
    id: int
    xml: str
    started_at: float
    reason: str = StateReason.RUNNING_UNKNOWN.name
    rebooting: bool = False
    follow_up: str | None = None
    ending: str | None = None
    move: str | None = None
    ran: bool = False
    made: tuple[str, ...] = ()
    format: int = 0


def text_of(config: DomainConfig) -> str:
    """A configuration as it stands, with secrets, for who reads it back; not for people's eyes.

    It is written at each change: `to_xml` indents and quotes, which takes five times as long.
    """
    node = element(config)
    return "" if node is None else etree.tostring(node.getroottree(), encoding="unicode")


async def write_status(folder: Path, status: Status) -> None:
    """Write the status of the domain whose folder it is.

    Raises:
        HostError: The disk is full; the status before holds.
    """
    data = msgspec.json.encode(msgspec.structs.replace(status, format=FORMAT))
    path = folder / _STATUS_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    except FileNotFoundError:
        await write_atomically(path, data, durable=False)
        return
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error
    try:
        if not _append(handle, data):
            await write_atomically(path, data, durable=False)
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error
    finally:
        os.close(handle)


def _append(handle: int, data: bytes) -> bool:
    """Put a status behind the others; false where the file is long enough.

    Its line begins with the line break: what was cut off before then stays a line of its own.
    """
    length = os.fstat(handle).st_size
    if length > _LONGEST:
        return False
    return os.write(handle, b"\n" + data) > len(data)


def read_status(folder: Path) -> Status | None:
    """The status in a folder; None if the start did not get as far as writing one.

    Raises:
        ProtocolError: The file is not a status: it was damaged, or another version wrote it.
        HostError: It cannot be read.
    """
    path = folder / _STATUS_FILE
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error
    status = _newest(path, lines)
    if status.format not in _READ:
        raise ProtocolError(f"{path} has format {status.format}; this version reads {FORMAT}")
    return status


def _newest(path: Path, lines: list[bytes]) -> Status:
    """The last that is whole; not one that a damaged one may have ended: that of a start."""
    wrong: Exception | None = None
    for line in reversed(lines):
        try:
            status = msgspec.json.decode(line, type=Status)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            wrong = wrong or error
            continue
        if wrong is None or status.phase == "running":
            return status
    raise ProtocolError(f"{path} is damaged: {wrong or 'it is empty'}") from wrong


def process_in(folder: Path) -> DaemonProcess | None:
    """The QEMU that runs in a folder, or None: whoever holds its pidfile's lock, says the kernel.

    Raises:
        HostError: The host does not tell, for want of descriptors perhaps.
    """
    try:
        return adopt_pidfile(folder / PIDFILE)
    except OSError as error:
        raise host_error(error, f"cannot tell what runs in {folder}") from error
