"""Profiles of AppArmor: which the kernel has, and which a process has.

Source: apparmor(7), and the kernel's ``security/apparmor/apparmorfs.c`` and ``procattr.c``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiovirt.host.files import host_error

__all__ = ["current_profile", "enabled", "loaded"]

ROOT: Final = Path("/")
_SWITCH: Final = "sys/module/apparmor/parameters/enabled"
_FILES: Final = "sys/kernel/security/apparmor"
_LINE: Final = re.compile(r"(?P<name>.+) \((?P<mode>\w+)\)")


def enabled(root: Path = ROOT) -> bool:
    """Whether this host has AppArmor, and shows us its profiles."""
    try:
        on = (root / _SWITCH).read_text(encoding="ascii").strip() == "Y"
    except OSError:
        return False
    return on and (root / _FILES / "profiles").exists()


def loaded(root: Path = ROOT) -> Mapping[str, str]:
    """The profiles that the kernel has, with their modes, such as ``enforce``.

    Raises:
        HostError: We may not know.
    """
    path = root / _FILES / "profiles"
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error
    found = (_LINE.fullmatch(line) for line in lines)
    return {each["name"]: each["mode"] for each in found if each}


def current_profile(pid: int, root: Path = ROOT) -> tuple[str, bool] | None:
    """The profile of a process, and whether it refuses or only logs; None when it is gone."""
    folder = root / f"proc/{pid}/attr"
    for path in (folder / "apparmor/current", folder / "current"):
        try:
            text = path.read_bytes().rstrip(b"\0\n").decode("utf-8", "replace")
        except OSError:
            continue
        found = _LINE.fullmatch(text)
        return (found["name"], found["mode"] == "enforce") if found else (text, False)
    return None
