"""A host whose kernel has AppArmor, made of files, with the real parser of profiles.

What the parser gives the kernel stands in a file then, and so does what a process asks for before
its exec. Whether a profile lets a process use a file is found by the patterns that the parser has
read: the kernel's side of it needs a kernel with AppArmor.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import counterparts

from aiovirt.processes._abilities import abilities

__all__ = ["AppArmorHost", "Patch", "patterns"]

Patch: TypeAlias = Callable[[str, object], None]
"""Puts something in the place of what has a dotted name."""

_FILES: Final = "sys/kernel/security/apparmor"
_POLICY: Final = Path("/etc/apparmor.d")
_PATTERN: Final = re.compile(
    r"^Mode:\t(?P<owner>\w*):(?P<others>\w*)\tName:\t\((?P<name>.*?)\)$(?=\nMode:\t|\n\tlink:|\n\n|\n?\Z)",
    re.DOTALL | re.MULTILINE,
)
_TOKEN: Final = re.compile(r"\\(?P<literal>.)|(?P<set>\[[^]]*\])|\*\*|.", re.DOTALL)
_MEANINGS: Final = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}


class AppArmorHost:
    """One of them.

    Args:
        folder: Where its files are.
        with_libvirt: Whether it has libvirt's template of profiles.
    """

    def __init__(self, folder: Path, *, with_libvirt: bool = True) -> None:
        counterparts.program("apparmor_parser")
        self._stand_in(folder)
        switch = folder / "sys/module/apparmor/parameters/enabled"
        for path, text in ((switch, "Y\n"), (self._files / "profiles", ""), (self._asked, "")):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for name in (".load", ".replace", ".remove"):
            (self._files / name).touch()
        policy = folder / "etc/apparmor.d"
        policy.mkdir(parents=True)
        for each in _POLICY.iterdir():
            if with_libvirt or each.name != "libvirt":
                (policy / each.name).symlink_to(each)

    def _stand_in(self, folder: Path) -> None:
        self.root = folder
        self._files = folder / _FILES
        self._asked = folder / "exec"

    @classmethod
    def at(cls, folder: Path) -> AppArmorHost:
        """One that another process has made."""
        found = cls.__new__(cls)
        found._stand_in(folder)
        return found

    def use(self, patch: Patch) -> None:
        """Let the QEMU driver take it for the host it is on, and processes ask it for profiles."""
        can = replace(abilities(), apparmor=str(self._asked))
        patch("aiovirt.drivers.qemu.process.profiles.HOST", self.root)
        for user in ("_start", "_plan"):
            patch(f"aiovirt.processes.{user}.abilities", lambda: can)

    def holds(self, *names: str) -> None:
        """Have the kernel say that it has these profiles."""
        text = "".join(f"{name} (enforce)\n" for name in names)
        (self._files / "profiles").write_text(text)

    def confines(self, pid: int, name: str) -> None:
        """Have the kernel say that a process has a profile."""
        path = self.root / f"proc/{pid}/attr/apparmor/current"
        path.parent.mkdir(parents=True)
        path.write_text(f"{name} (enforce)\n")

    @property
    def asked(self) -> str:
        """What the last process asked for that was executed in a profile."""
        return self._asked.read_text()

    @property
    def removed(self) -> str:
        """The name of the profile that was taken away last."""
        return (self._files / ".remove").read_text().rstrip("\0")

    def clear(self) -> None:
        """Forget what the kernel was given and what was taken from it."""
        for name in (".replace", ".remove"):
            (self._files / name).write_bytes(b"")

    def taken(self) -> bytes:
        """Take what the kernel was given since this was asked last."""
        path = self._files / ".replace"
        found = path.read_bytes()
        path.write_bytes(b"")
        return found


def patterns(profile: Path) -> Callable[[str], str]:
    """What a profile allows: a function from paths to letters.

    Args:
        profile: Its file; what it includes is looked for beside it, too.
    """
    words = ["--skip-kernel-load", "--skip-cache", "--debug", "--Include", str(profile.parent)]
    run = subprocess.run(
        [counterparts.program("apparmor_parser"), *words, profile], check=True, capture_output=True
    )
    text = (run.stdout + run.stderr).decode(errors="surrogateescape")
    found = [(_regex(each["name"]), each["owner"]) for each in _PATTERN.finditer(text)]

    def allowed(path: str) -> str:
        letters = (access for regex, access in found if regex.fullmatch(path))
        return "".join(sorted(set("".join(letters))))

    return allowed


def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern of apparmor.d(5) in Python's notation."""
    depth = 0

    def meaning(token: re.Match[str]) -> str:
        nonlocal depth
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if token["literal"] is not None:
            return re.escape(token["literal"])
        if token[0] == "," and depth:
            return "|"
        return token["set"] or _MEANINGS.get(token[0], re.escape(token[0]))

    return re.compile(_TOKEN.sub(meaning, re.sub("/+", "/", pattern)), re.DOTALL)
