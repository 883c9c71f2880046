"""What a running domain's folder says of it, so that the next process can take it over.

The status describes processes, which do not survive a loss of power, so it is written
atomically but without fsync: this keeps two disk flushes out of every start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

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
    "write_status",
]

_STATUS_FILE = "status.json"
PIDFILE = "pid"
MONITOR_SOCKET = "monitor.sock"
QEMU_FOLDER = "qemu"
"""What QEMU itself may write to; nothing in there is believed, for it may be somebody else's."""

FORMAT = 1
"""Of `Status`: grows when an earlier version could not read it."""


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
    format: int = 0


async def write_status(folder: Path, status: Status) -> None:
    """Write the status of the domain whose folder it is.

    Raises:
        HostError: The disk is full.
    """
    data = msgspec.json.encode(msgspec.structs.replace(status, format=FORMAT))
    await write_atomically(folder / _STATUS_FILE, data, durable=False)


def read_status(folder: Path) -> Status | None:
    """The status in a folder; None if the start did not get as far as writing one.

    Raises:
        ProtocolError: The file is not a status: it was damaged, or another version wrote it.
        HostError: It cannot be read.
    """
    path = folder / _STATUS_FILE
    try:
        status = msgspec.json.decode(path.read_bytes(), type=Status)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"{path} is damaged: {error}") from error
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error
    if status.format != FORMAT:
        raise ProtocolError(f"{path} has format {status.format}; this version reads {FORMAT}")
    return status


def process_in(folder: Path) -> DaemonProcess | None:
    """The QEMU that runs in a folder, or None: whoever holds its pidfile's lock, says the kernel.

    Raises:
        HostError: The host does not tell, for want of descriptors perhaps.
    """
    try:
        return adopt_pidfile(folder / PIDFILE)
    except OSError as error:
        raise host_error(error, f"cannot tell what runs in {folder}") from error
