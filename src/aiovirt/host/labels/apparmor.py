"""Profiles of AppArmor: which the kernel has, which a process has, and how one comes and goes.

Source: apparmor(7), apparmor_parser(8), and the kernel's ``security/apparmor/apparmorfs.c`` and
``procattr.c``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio

from aiovirt.errors import ResourceUnavailable, Unresponsive
from aiovirt.host.files import host_error
from aiovirt.processes import Command, run

__all__ = ["can_load", "confined", "current_profile", "enabled", "load", "loaded", "unload"]

ROOT: Final = Path("/")
LOAD_BOUND_S: Final = 60.0
"""How long the parser may take: it needs a tenth of a second for a profile."""

_SWITCH: Final = "sys/module/apparmor/parameters/enabled"
_FILES: Final = "sys/kernel/security/apparmor"
_INCLUDED: Final = "etc/apparmor.d"
_LINE: Final = re.compile(r"(?P<name>.+) \((?P<mode>\w+)\)")
_PARSER: Final = "apparmor_parser"
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"


def enabled(root: Path = ROOT) -> bool:
    """Whether this host has AppArmor, and shows us its profiles."""
    try:
        on = (root / _SWITCH).read_text(encoding="ascii").strip() == "Y"
    except OSError:
        return False
    return on and (root / _FILES / "profiles").exists()


def can_load(root: Path = ROOT) -> bool:
    """Whether we may give the kernel profiles, and have what that takes."""
    may = enabled(root) and os.access(root / _FILES / ".replace", os.W_OK)
    return may and shutil.which(_PARSER, path=_PATH) is not None


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


def confined(name: str, root: Path = ROOT) -> Sequence[int]:
    """The processes that have a profile."""
    pids = sorted(int(each.name) for each in (root / "proc").glob("[0-9]*"))
    return [pid for pid in pids if (current_profile(pid, root) or ("",))[0] == name]


async def load(profile: Path, root: Path = ROOT) -> None:
    """Give the kernel a profile, or a newer one in the place of the one that it has.

    Processes that have it are held to the new one at once; what they have open stays open.

    Args:
        profile: A file with it; what it includes is looked for in the same folder, too.
        root: Where the host's files are.

    Raises:
        ResourceUnavailable: The parser is not installed.
        HostError: It finds something wrong, or we may not.
        Unresponsive: It takes longer than `LOAD_BOUND_S`.

    Cancellation: the parser is ended; the kernel has the old one or the new one.
    """
    # No cache: each profile is of one guest, and changes with it.
    words = ("--replace", "--skip-cache", "--Include", str(profile.parent), str(profile))
    program = shutil.which(_PARSER, path=_PATH)
    if program is None:
        raise ResourceUnavailable(
            f"the profile {profile.name} needs {_PARSER}, which is not installed",
            hint="install the package apparmor",
        )
    host = () if root == Path("/") else _places(root)
    command = Command(program, (*host, *words), env={"PATH": _PATH, "LC_ALL": "C"})
    try:
        with anyio.fail_after(LOAD_BOUND_S):
            await run(command)
    except TimeoutError as error:
        raise Unresponsive(
            f"{_PARSER} did not take the profile {profile.name} within {LOAD_BOUND_S:g} s"
        ) from error


def unload(name: str, root: Path = ROOT) -> None:
    """Take a profile from the kernel; one that is not there is no error.

    The kernel needs no more than its name, so this works when the profile's file is gone.

    Raises:
        HostError: We may not.
    """
    path = root / _FILES / ".remove"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(handle, name.encode())
        finally:
            os.close(handle)
    except FileNotFoundError:  # as the kernel says of the profile, too
        return
    except OSError as error:
        raise host_error(error, f"cannot take the profile {name} from the kernel") from error


def _places(root: Path) -> Sequence[str]:
    """What tells the parser where another host's files are."""
    return ("--subdomainfs", str(root / _FILES), "--base", str(root / _INCLUDED))
