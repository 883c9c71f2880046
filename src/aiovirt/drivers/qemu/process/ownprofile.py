"""The profile of AppArmor that is made for one guest: it allows the files that it uses, no others.

It is made at each start, becomes wider and narrower with what the guest has, and goes with it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from anyio import CapacityLimiter, move_on_after, to_thread

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.process import profiles
from aiovirt.drivers.qemu.process.notes import Kind, Note, note, notes
from aiovirt.drivers.qemu.process.reach import (
    handed_as,
    handed_over,
    names_files,
    reach,
    reach_of_command,
)
from aiovirt.drivers.qemu.process.template import OWN_TEMPLATE
from aiovirt.drivers.qemu.store.settings import FILES_BOUND_S
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import Busy, HostError, ProcessFailed, ResourceUnavailable
from aiovirt.host.files import host_error, write_atomically
from aiovirt.host.labels import apparmor
from aiovirt.host.labels.rules import Rule, fill_in, merged, quoted, without

__all__ = ["GuestProfile", "make_profile", "noted_profile", "remove_profile"]

log = logging.getLogger("aiovirt.qemu")

_TEMPLATE: Final = Path("etc/apparmor.d/libvirt/TEMPLATE.qemu")
_MODE: Final = 0o600


@dataclass(eq=False)
class GuestProfile:
    """The profile that was made for a guest.

    Attributes:
        name: Its name, which the label of the guest's QEMU is.
        folder: The guest's folder, which has it.
        host: Where the host's files are.
        in_force: Whether its rules are surely those that the kernel has: who wrote them may have
            been killed before he loaded them.
    """

    name: str
    folder: Path
    host: Path
    in_force: bool = True
    _turn: anyio.Lock = field(default_factory=anyio.Lock)

    @property
    def _rules(self) -> Path:
        return self.folder / f"{self.name}.files"

    async def allow(
        self, words: Sequence[str], *, leaving_out: frozenset[str] = frozenset()
    ) -> None:
        """Let the guest use the files that words of a command line name.

        Args:
            words: The words: options, each with its value.
            leaving_out: Files that stay out, as `untouched` finds them.

        Raises:
            ResourceUnavailable: Their storage does not answer.
            HostError: The profile cannot be loaded; the old one is in force.

        Cancellation: the old profile is in force, or the new one.
        """
        rules = await _looked_at(self.name, lambda: list(reach(words)))
        await self.widen(each for each in rules if each.path not in leaving_out)

    async def permit(
        self, command: str, arguments: Mapping[str, object], fds: Sequence[int]
    ) -> None:
        """Let the guest use what a command of the monitor names or hands over; as `allow`."""
        if not fds and not names_files(command):
            return
        named = partial(reach_of_command, command, arguments)
        user = handed_as(arguments)
        rules = await _looked_at(self.name, lambda: [*named(), *handed_over(fds, user)])
        await self.widen(rules)

    async def widen(self, rules: Iterable[Rule]) -> None:
        """Let the guest do more; what is in QEMU's own folder is its own.

        Raises:
            HostError: The profile cannot be loaded; the old one is in force.

        Cancellation: the old profile is in force, or the new one.
        """
        more = self.outside(rules)
        if more:
            await self._change(partial(merged, rules=more), sure=self.in_force)

    def outside(self, rules: Iterable[Rule]) -> list[Rule]:
        """The rules for files that are not in QEMU's own folder."""
        own = os.path.realpath(self.folder / QEMU_FOLDER)
        return [each for each in rules if not each.path.startswith(f"{own}/")]

    async def narrow(self, gone: Callable[[str], bool]) -> None:
        """Let the guest do no more what it had been let do for users who are gone.

        What cannot be taken from it now, it keeps until its end; that is logged.

        Cancellation: as `widen`.
        """
        try:
            await self._change(partial(without, gone=gone))
        except HostError as error:
            if isinstance(error.__cause__, FileNotFoundError):  # the guest has ended meanwhile
                return
            log.warning("the profile %s is wider than it need be: %s", self.name, error)

    async def _change(self, change: Callable[[list[str]], list[str]], *, sure: bool = True) -> None:
        async with self._turn:
            lines = _lines(self._rules)
            after = change(lines)
            if after == lines and sure:
                return
            with anyio.CancelScope(shield=True):  # the file says what is in force
                await _write(self._rules, after)
                try:
                    await apparmor.load(self.folder / self.name, self.host)
                except BaseException:
                    await _write(self._rules, lines)
                    raise
            self.in_force = True

    async def make(self, template: str, lines: Sequence[str]) -> None:
        """Write it, and load it; errors as `allow`."""
        text = fill_in(template, self.name, self._rules.name)
        await write_atomically(self.folder / self.name, _bytes(text), mode=_MODE, durable=False)
        await _write(self._rules, lines)
        await apparmor.load(self.folder / self.name, self.host)


async def make_profile(
    config: DomainConfig,
    folder: Path,
    rules: Callable[[], Iterable[Rule]],
    includes: Sequence[str] = (),
    *,
    root: Path | None = None,
) -> GuestProfile:
    """Make the profile that a guest is to run in, and give it to the kernel; it is noted before.

    Args:
        config: The live configuration.
        folder: The guest's folder.
        rules: Tells what the guest may do; it looks at the disk.
        includes: What else of the host's profile goes in: names of ``abstractions``.
        root: Where the host's files are; None for the host's own.

    Raises:
        Busy: Another guest of that UUID runs on this host.
        HostError: The profile cannot be made.
    """
    root = profiles.HOST if root is None else root
    name = profiles.profile_in_use(config) or ""
    _check_vacant(config, name, root)
    note(folder, Kind.PROFILE, name)
    found = await _looked_at(config.name or "", lambda: list(rules()))
    left_out = profiles.untouched(config.disks)
    made = GuestProfile(name, folder, root)
    lines = merged(
        [*_ours(root), *(f"  include if exists <abstractions/{each}>" for each in includes)],
        made.outside(each for each in found if each.path not in left_out),
    )
    try:
        await made.make(_template(root), lines)
    except ProcessFailed as error:
        raise HostError(
            f"domain {config.name!r} cannot have a profile of AppArmor: {error}",
            hint="see to the host's files below /etc/apparmor.d, or let the domain have none: "
            "<seclabel type='none' model='apparmor'/>",
        ) from error
    return made


def _check_vacant(config: DomainConfig, name: str, root: Path) -> None:
    """See that nobody runs in a profile that is about to be made anew."""
    pids = apparmor.confined(name, root) if name in apparmor.loaded(root) else ()
    if pids:
        raise Busy(
            f"domain {config.name!r}: another program of this host runs a guest of its UUID, in "
            f"the profile {name} (pid {pids[0]})",
            hint="end that guest, or give this one another UUID",
        )


def _ours(root: Path) -> Sequence[str]:
    """Rules by which we may watch and end the guest, and it may answer us."""
    label, _ = apparmor.current_profile(os.getpid(), root) or ("unconfined", False)
    peer = quoted(label)
    return (
        f"  signal (receive) peer={peer},",
        f"  ptrace (readby, tracedby) peer={peer},",
        f"  unix (send, receive) type=stream peer=(label={peer}),",
    )


def _template(root: Path) -> str:
    """The host's template; without libvirt's there is one of our own."""
    path = root / _TEMPLATE
    return _text(path) if path.exists() else OWN_TEMPLATE


def _lines(path: Path) -> list[str]:
    return _text(path).removesuffix("\n").split("\n")  # other ends of lines may be in names


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error


async def _write(path: Path, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    await write_atomically(path, _bytes(text), mode=_MODE, durable=False)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")  # names of files may be of any bytes


async def _looked_at(name: str, look: Callable[[], list[Rule]]) -> list[Rule]:
    """Rules that are found by a look at the disk, which may be slow."""
    own_thread = CapacityLimiter(1)
    with move_on_after(FILES_BOUND_S):
        return await to_thread.run_sync(look, abandon_on_cancel=True, limiter=own_thread)
    raise ResourceUnavailable(
        f"the files of {name} did not answer within {FILES_BOUND_S:g} s",
        hint="is the storage that they are on reachable?",
    )


def noted_profile(folder: Path) -> GuestProfile | None:
    """The profile that was made for the guest of a folder, or None."""
    made = (each for each in notes(folder) if each.kind is Kind.PROFILE)
    found = (GuestProfile(each.what, folder, profiles.HOST, in_force=False) for each in made)
    return next(found, None)


async def remove_profile(made: Note) -> None:
    """Take a profile that was noted from the kernel; its guest has ended.

    Raises:
        HostError: We may not.
    """
    await to_thread.run_sync(apparmor.unload, made.what, profiles.HOST)
