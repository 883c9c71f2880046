"""What the host's refusals mean: faults of the vSphere API, and the words of its commands.

``vim-cmd`` prints a fault as an object on its standard output; ``esxcli`` and ``vmkfstools`` print
a sentence.  What is not known is a `RemoteError` with the host's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from aiovirt.drivers.esxssh.link import Output
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    Busy,
    ConfigError,
    InvalidState,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.protocols.esxcli import VimObject, find_vim

__all__ = ["fault_in", "power_refusal", "refusal", "said"]

Make: TypeAlias = Callable[[str], AiovirtError]

_TOOLS = "VMware Tools (open-vm-tools) must be installed and run in the guest"
_LICENCE = "the host's licence does not allow it; over SSH only some commands heed it"


def _hinted(kind: type[AiovirtError], hint: str) -> Make:
    def make(message: str) -> AiovirtError:
        return kind(message, hint=hint)

    return make


FAULTS: dict[str, Make] = {
    "NotFound": NotFound,
    "ManagedObjectNotFound": NotFound,
    "FileNotFound": NotFound,
    "InvalidPowerState": InvalidState,
    "InvalidState": InvalidState,
    "AlreadyExists": AlreadyExists,
    "DuplicateName": AlreadyExists,
    "FileAlreadyExists": AlreadyExists,
    "ToolsUnavailable": _hinted(InvalidState, _TOOLS),
    "NoPermission": PermissionDenied,
    "RestrictedVersion": _hinted(PermissionDenied, _LICENCE),
    "NoDiskSpace": ResourceUnavailable,
    "InsufficientResourcesFault": ResourceUnavailable,
    "InsufficientMemoryResourcesFault": ResourceUnavailable,
    "TaskInProgress": Busy,
    "FileLocked": Busy,
    "ResourceInUse": Busy,
    "Timedout": Unresponsive,
    "InvalidArgument": ConfigError,
    "InvalidName": ConfigError,
    "InvalidDatastorePath": ConfigError,
}
"""The last part of a fault's type -> the error that it is."""

SENTENCES: tuple[tuple[re.Pattern[str], Make], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), make)
    for pattern, make in (
        (r"already exists|\(39\)", AlreadyExists),
        (r"no such file|cannot find|could not find|not found|\(25\)", NotFound),
        (r"unable to find|does not exist|no .* with", NotFound),
        (r"not enough space|no space left|\(13\)", ResourceUnavailable),
        (r"lock|in use|busy|\(16392\)", Busy),
        (r"permission|not permitted|read-only", PermissionDenied),
    )
)
"""What a sentence says -> the error that it is; the first counts.

The numbers are those of VMware's disk library, which ``vmkfstools`` adds to its sentences."""


def fault_in(text: str) -> VimObject | None:
    """The fault that ``vim-cmd`` printed, or None."""
    try:
        found = find_vim(text)
    except ProtocolError:
        return None
    objects = (each for each in found if isinstance(each, VimObject))
    return next((each for each in objects if ".fault." in each.kind), None)


def refusal(output: Output, what: str) -> AiovirtError:
    """The error for a command that failed.

    Args:
        output: What it printed.
        what: What it was to do, on which host, for the message.
    """
    fault = fault_in(output.text)
    if fault is None:
        words = said(output)
        make = next((make for pattern, make in SENTENCES if pattern.search(words)), RemoteError)
        return make(f"{what}: {words}")
    name = fault.kind.rpartition(".")[2]
    words = fault.text("msg") or name
    return FAULTS.get(name, RemoteError)(f"{what}: {words}")


def power_refusal(output: Output, what: str) -> AiovirtError:
    """The error for a machine that did not change its state: the host tells hardly anything."""
    error = refusal(output, what)
    if error.hint is None:
        error.hint = "vmware.log beside the machine's file, and /var/log/hostd.log there, say why"
    return error


def said(output: Output) -> str:
    """The host's own words, on one line."""
    words = output.complaints or output.text.strip() or f"status {output.status}"
    return "; ".join(line.strip() for line in words.splitlines() if line.strip())[:1000]
