"""Labels of SELinux on files. Source: selinux(8), xattr(7)."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from aiovirt.host.files import host_error
from aiovirt.host.labels.memory import recall, remember

__all__ = ["current_label", "enabled", "enforcing", "give_back", "take"]

_ATTRIBUTE: Final = "security.selinux"
_FILES: Final = Path("/sys/fs/selinux")


def enabled(files: Path = _FILES) -> bool:
    """Whether this host has SELinux."""
    return (files / "enforce").exists()


def enforcing(files: Path = _FILES) -> bool:
    """Whether it refuses, or only logs."""
    try:
        return (files / "enforce").read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False


def current_label(pid: int) -> str | None:
    """The label of a process; None without SELinux, or when it is gone."""
    try:
        text = Path(f"/proc/{pid}/attr/current").read_bytes().rstrip(b"\0\n")
    except OSError:
        return None
    return text.decode("utf-8", "replace") or None


def _label(path: Path) -> str:
    return os.getxattr(path, _ATTRIBUTE).rstrip(b"\0").decode("utf-8", "replace")


def take(path: Path, label: str) -> str | None:
    """Label a file; one on a file system without labels keeps what its mount gives it.

    Returns:
        Its label before, for the caller to keep, where the file itself cannot; else None.

    Raises:
        Busy: Somebody else uses it with another label.
        HostError: It is not there, or we may not.
    """
    try:
        old = _label(path)
        remembered = remember(path, "selinux", old, label)
        os.setxattr(path, _ATTRIBUTE, label.encode() + b"\0")
    except OSError as error:
        if error.errno in {errno.ENOTSUP, errno.ENODATA}:
            return None
        raise host_error(error, f"cannot label {path}") from error
    return None if remembered else old


def give_back(path: Path, kept: str | None = None) -> None:
    """Label a file as it was before, unless others still use it; one that is gone is none.

    Raises:
        HostError: We may not.
    """
    try:
        if not path.exists():
            return
        label = recall(path, "selinux") or kept
        if label:
            os.setxattr(path, _ATTRIBUTE, label.encode() + b"\0")
    except OSError as error:
        raise host_error(error, f"cannot label {path} as before") from error
