"""What was made on the host for a guest: a list in its folder, which outlives this process.

A line is written *before* its thing is made, so what is named may not be there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import msgspec

from aiovirt.errors import HostError
from aiovirt.host.files import host_error

__all__ = ["Kind", "Note", "note", "notes"]

_FILE = "host.jsonl"


class Kind(Enum):
    """What a thing is."""

    CGROUP = "cgroup"
    """A control group; `what` is its path below the top."""
    PROGRAM = "program"
    """A program that helps QEMU; `what` is what it is for, and it is noted as it starts."""
    DEVICE = "device"
    """A device of the host that the guest was given while it ran; `what` is its path."""
    LABEL = "label"
    """A file that was given to QEMU's account; `what` is its path."""
    OVERLAY = "overlay"
    """An image with changes of a guest that are thrown away; `what` is its path."""
    PROFILE = "profile"
    """A profile of AppArmor that was made for the guest; `what` is its name."""


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing.

    Attributes:
        kind: What it is.
        what: Which one.
        more: What else its undoing needs.
    """

    kind: Kind
    what: str
    more: Mapping[str, str] = {}


def note(folder: Path, kind: Kind, what: str, **more: str) -> None:
    """Note what is about to be made for the guest of a folder.

    Raises:
        HostError: The disk is full; then it must not be made.
    """
    path = folder / _FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            line = msgspec.json.encode(Note(kind, what, more)) + b"\n"
            if os.write(handle, line) != len(line):
                raise HostError(f"{path} was written only in part", hint="is the disk full?")
        finally:
            os.close(handle)
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error


def notes(folder: Path) -> list[Note]:
    """All that was noted, in order; a line that was cut off is left out: its thing was not made.

    Raises:
        HostError: It cannot be read.
    """
    try:
        lines = (folder / _FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise host_error(error, f"cannot read {folder / _FILE}") from error
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Note))
        except msgspec.MsgspecError:
            continue
    return found
