"""What a file had before it was labelled, kept in its extended attributes, as libvirt keeps it.

Three of them for each model: the old label, how many use the file, and since when the host runs:
after a reboot nobody does. Only root can write them (``trusted.``), and not every file system has
them: then the caller keeps what he is told.
"""

from __future__ import annotations

import errno
import os
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from aiovirt.errors import Busy
from aiovirt.host.files import host_error

__all__ = ["Model", "recall", "remember"]

Model: TypeAlias = Literal["dac", "selinux"]

_PREFIX: Final = "trusted.libvirt.security."
_LACKING: Final = (errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENOSYS)


def _names(model: Model) -> tuple[str, str, str]:
    return f"{_PREFIX}{model}", f"{_PREFIX}ref_{model}", f"{_PREFIX}timestamp_{model}"


@cache
def _boot_time() -> str:
    """When the host was booted, in seconds since 1970. Source: proc(5), stat."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("btime "))


def _read(path: Path, name: str) -> str | None:
    try:
        return os.getxattr(path, name).rstrip(b"\0").decode("utf-8", "replace")
    except OSError as error:
        if error.errno in {errno.ENODATA, *_LACKING}:
            return None
        raise host_error(error, f"cannot read the attributes of {path}") from error


def _users(path: Path, model: Model) -> int:
    """How many use a file since the host was booted."""
    _, count, since = _names(model)
    text = _read(path, count)
    if text is None or not text.isdigit() or _read(path, since) != _boot_time():
        return 0
    return int(text)


def remember(path: Path, model: Model, old: str, new: str) -> bool:
    """Note what a file has before it gets a new label, and that it is used by one more.

    Args:
        path: The file.
        model: Whose label.
        old: What it has.
        new: What it gets.

    Returns:
        Whether that could be noted.

    Raises:
        Busy: Others use it, with another label than the new one.
    """
    before, count, since = _names(model)
    users = _users(path, model)
    if users and old != new:
        raise Busy(
            f"{path} is in use with the label {old}, and cannot get {new}",
            hint="end its user first, or let both have the same",
        )
    try:
        if not users:
            os.setxattr(path, before, old.encode())
            os.setxattr(path, since, _boot_time().encode())
        os.setxattr(path, count, str(users + 1).encode())
    except OSError as error:
        if error.errno in _LACKING:
            return False
        raise host_error(error, f"cannot write the attributes of {path}") from error
    return True


def recall(path: Path, model: Model) -> str | None:
    """Note that a file is used by one less; what it had before, if nobody uses it any more.

    None as well where nothing was noted.
    """
    users = _users(path, model)
    before, count, _ = _names(model)
    if users > 1:
        os.setxattr(path, count, str(users - 1).encode())
        return None
    old = _read(path, before) if users else None
    for name in _names(model):
        try:
            os.removexattr(path, name)
        except OSError as error:
            if error.errno not in {errno.ENODATA, *_LACKING}:
                raise host_error(error, f"cannot write the attributes of {path}") from error
    return old
