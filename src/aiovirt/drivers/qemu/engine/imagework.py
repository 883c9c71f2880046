"""Beginning work on the images of a running guest's disk: pulling, committing, copying.

What it leaves when a job cannot begin: nothing.  `blockjobs` has what follows a job's end.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import anyio
from anyio import to_thread

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.engine.bitmaps import carry_bitmaps
from aiovirt.drivers.qemu.engine.blockjobs import JobName, live_links, top_of
from aiovirt.drivers.qemu.engine.chains import (
    Link,
    link_named,
    links_of,
    read_chains,
    show_mirror,
)
from aiovirt.drivers.qemu.engine.confining import allow_merge, withdraw
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.graph import ask_graph
from aiovirt.drivers.qemu.engine.images import kind_in_file
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import next_number
from aiovirt.drivers.qemu.engine.opening import close_image, make_new_image, open_image
from aiovirt.drivers.qemu.engine.worknotes import WorkNote, note_work, work_forgotten
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    CallerError,
    InvalidState,
    QMPCommandError,
)
from aiovirt.protocols.qmp.commands import QueryBlockJobs

__all__ = [
    "COMMIT_FLAGS",
    "COPY_FLAGS",
    "REUSE",
    "SHALLOW",
    "begin_commit",
    "begin_copy",
    "begin_job",
    "check_no_job",
    "commit_of",
    "copy_of",
    "give_up",
    "pull_arguments",
]

SHALLOW, REUSE, TRANSIENT_JOB, SYNCHRONOUS = 0x1, 0x2, 0x4, 0x8
"""Of `DomainBlockCopyFlags`; the first two also of `DomainBlockRebaseFlags`."""
COPY_FLAGS: Final = SHALLOW | REUSE | TRANSIENT_JOB | SYNCHRONOUS
_DELETE, _ACTIVE, _RELATIVE, _BYTES = 0x2, 0x4, 0x8, 0x10
"""Of `DomainBlockCommitFlags`."""
COMMIT_FLAGS: Final = SHALLOW | _DELETE | _ACTIVE | _RELATIVE | _BYTES


async def check_no_job(domain: ManagedDomain, disk: Disk) -> None:
    """See that no job works on a disk.

    Raises:
        InvalidState: One does.
    """
    target = disk.target.dev
    for job in await domain.monitor().call(QueryBlockJobs()):
        name = JobName.of(job.device)
        if name is not None and name.disk == target:
            raise InvalidState(
                f"the disk {target} of domain {domain.name!r} has a job already",
                hint="wait for its end, or give it up: blockjob --abort",
            )


async def begin_job(
    domain: ManagedDomain,
    name: JobName,
    command: str,
    arguments: Mapping[str, object],
    bandwidth: int,
) -> None:
    """Begin a job; errors are QEMU's.

    Cancellation: it has begun, or nothing has; `give_up` tells which.
    """
    ends = domain.running().job_ends
    ends[str(name)] = anyio.Event()
    speed = {"speed": bandwidth} if bandwidth else {}
    try:
        with anyio.CancelScope(shield=True):
            await domain.monitor().execute(command, {"job-id": str(name), **arguments, **speed})
    except QMPCommandError:
        ends.pop(str(name), None)
        raise


async def give_up(live: LiveDomain, monitor: BoundedMonitor, name: JobName) -> bool:
    """Give up a job that has begun, and wait for its end, which tidies up; whether it had begun."""
    ended = live.job_ends.get(str(name))
    if ended is None:
        return False
    there = True
    try:
        await monitor.execute("block-job-cancel", {"device": str(name), "force": True})
    except QMPCommandError:
        there = False  # it is at its end already, or QEMU never began it
    except AiovirtError:
        pass  # QEMU is gone, or busy: either tells of the job's end
    with anyio.move_on_after(ANSWER_BOUND_S):
        await ended.wait()
    return there or ended.is_set()


# --- filling and merging --------------------------------------------------------------------------


def pull_arguments(
    disk: Disk, links: Sequence[Link], base: str | None, *, relative: bool
) -> dict[str, object]:
    """What QEMU is told beside the image that is filled: down to which one.

    Raises:
        NotFound: The base is not in the chain.
        CallerError: It is the disk's own image.
    """
    if base is None:
        return {}
    place = link_named(disk, links, base)
    if place == 0:
        raise CallerError(f"{base} is the image itself: nothing is above it to pull")
    found: dict[str, object] = {"base-node": format_node(links[place].number)}
    if relative:
        found["backing-file"] = _relative(links[0], links[place])
    return found


def _relative(upper: Link, lower: Link) -> str:
    """The path of an image, seen from the one above it.

    Raises:
        CallerError: One of them has none.
    """
    if upper.path is None or lower.path is None:
        raise CallerError("only files have relative paths")
    return os.path.relpath(lower.path, Path(upper.path).parent)


@dataclass(frozen=True)
class Commit:
    """What is merged into what.

    Attributes:
        links: The images of the disk.
        top: The place of the highest that is merged.
        base: The place of the one that it goes to.
        delete: Whether the files of what was merged go.
        relative: Whether the image above gets a relative path of its new backing image.
    """

    links: Sequence[Link]
    top: int
    base: int
    delete: bool
    relative: bool

    def arguments(self, root: str) -> dict[str, object]:
        """What QEMU is told; `root` is the node that the device is on, perhaps a filter."""
        found: dict[str, object] = {
            "device": root,
            "base-node": format_node(self.links[self.base].number),
            "top-node": format_node(self.links[self.top].number),
        }
        if self.top and self.relative:
            found["backing-file"] = _relative(self.links[self.top - 1], self.links[self.base])
        return found


def commit_of(
    disk: Disk, links: Sequence[Link], base: str | None, top: str | None, flags: int
) -> Commit:
    """What a commit is to do.

    Raises:
        NotFound: One of both is not in the chain.
        InvalidState: There is nothing below the top, or it is in use and that was not said.
        CallerError: The base is not below the top.
    """
    upper = 0 if top is None else link_named(disk, links, top)
    named = top or disk.target.dev
    if upper == 0 and not flags & _ACTIVE:
        raise InvalidState(
            f"the top image of disk {disk.target.dev} is in use",
            hint="say that it is merged while it is (--active)",
        )
    if upper and flags & _ACTIVE:
        raise InvalidState(f"{named} is not the top image of disk {disk.target.dev}")
    if upper == len(links) - 1:
        raise InvalidState(f"nothing is below {named}: there is nothing to merge it into")
    lower = _base(disk, links, base, upper, shallow=bool(flags & SHALLOW))
    if lower <= upper:
        raise CallerError(f"{base} is not below {named}")
    return Commit(links, upper, lower, bool(flags & _DELETE), bool(flags & _RELATIVE))


def _base(disk: Disk, links: Sequence[Link], base: str | None, upper: int, *, shallow: bool) -> int:
    """The place of the image that is merged into."""
    if base is None:
        return upper + 1 if shallow else len(links) - 1
    lower = link_named(disk, links, base)
    if shallow and lower != upper + 1:
        raise CallerError(f"{base} is not right below the image that is merged (--shallow)")
    return lower


async def begin_commit(
    engine: Engine, domain: ManagedDomain, disk: Disk, commit: Commit, bandwidth: int
) -> None:
    """Begin to merge images; errors are QEMU's."""
    word = "commit" if commit.top else "activecommit"
    name = JobName(word, disk.target.dev or "", delete=commit.delete)
    if not commit.top:
        await _mirror(engine, domain, disk, [commit.links[commit.base]], "active-commit")
    written = commit.links[max(0, commit.top - 1) : commit.base + 1]
    try:
        await allow_merge(domain.running(), written, str(name))
        root = (await ask_graph(domain.monitor())).root(disk.alias or "")
        await begin_job(domain, name, "block-commit", commit.arguments(root), bandwidth)
        base = format_node(commit.links[commit.base].number)
        await carry_bitmaps(domain.monitor(), commit.links[commit.top : commit.base], base)
    except BaseException:
        with anyio.CancelScope(shield=True), suppress(AiovirtError):
            if not await give_up(domain.running(), domain.monitor(), name):
                await withdraw(domain.running(), str(name))
                await _mirror(engine, domain, disk, ())
        raise


async def _mirror(
    engine: Engine, domain: ManagedDomain, disk: Disk, links: Sequence[Link], job: str = ""
) -> None:
    """Write down what a job is about to copy to, also for the next process; of none, its end."""
    live = domain.running()
    if links or disk.mirror:
        show_mirror(disk, links, job)
        domain.touched()
        await engine.save_status(domain, live)


# --- copying --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Copy:
    """What a disk is copied to.

    Attributes:
        disk: The disk as it shall be.
        links: Its images; those behind the first are open already, or named by numbers to come.
        opened: How many of them are to be opened.
        shallow: Whether only the disk's own image is copied.
        reuse: Whether the image is there already.
        synchronous: Whether the guest's writes wait for those to the copy.
    """

    disk: Disk
    links: Sequence[Link]
    opened: int
    shallow: bool
    reuse: bool
    synchronous: bool


async def copy_of(domain: ManagedDomain, source: Disk, destination: Disk | str, flags: int) -> Copy:
    """What a copy is to be, with what it leaves open.

    Raises:
        CallerError: It has no place to go to.
        AlreadyExists: There is such a file, and it was not said that it is to be used.
    """
    live = domain.running()
    own = live_links(live.config, source)
    copy = _destination(destination, source, own[0].format)
    shallow, reuse = bool(flags & SHALLOW), bool(flags & REUSE)
    if not reuse:
        await to_thread.run_sync(_check_free, copy.path or "")
    number = next_number(live.config)
    behind, opened = (own[1:] if shallow else []), 1
    if shallow and reuse:
        alone = DomainConfig(disks=[copy])
        found = (await to_thread.run_sync(read_chains, alone)).get(copy.target.dev or "", ())
        behind = [replace(link, number=number + 1 + place) for place, link in enumerate(found)]
        opened += len(behind)
    links = [links_of(copy, number)[0], *behind]
    return Copy(copy, links, opened, shallow, reuse, bool(flags & SYNCHRONOUS))


def _is_free(path: str) -> bool:
    return not Path(path).exists()


def _check_free(path: str) -> None:
    found = Path(path)
    with suppress(OSError):
        if found.is_file() and found.stat().st_size:
            raise AlreadyExists(
                f"there is a file {path} already: no copy can be made there",
                hint="say that it is to be written (--reuse-external), or name another",
            )


def _destination(destination: Disk | str, source: Disk, kind: str) -> Disk:
    """The disk as it shall be, with what it leaves open."""
    copy = Disk.parse(destination) if isinstance(destination, str) else destination.copy()
    copy.type = copy.type or "file"
    if copy.path is None:
        raise CallerError("a copy needs a place to go to")
    if copy.driver.type is None:
        copy.driver.type = kind
    if copy.encryption:
        copy.source.encryption, copy.encryption = copy.encryption.copy(), None
    copy.target.dev = source.target.dev
    for name in ("cache", "io", "discard", "detect_zeroes"):
        if getattr(copy.driver, name) is None:
            setattr(copy.driver, name, getattr(source.driver, name))
    return copy


async def begin_copy(
    engine: Engine,
    domain: ManagedDomain,
    source: Disk,
    copy: Copy,
    given: Mapping[str, int],
) -> None:
    """Make the image, open it, and begin to copy; when that fails nothing of it stays.

    Raises:
        HostError: The image cannot be made.
    """
    live, monitor = domain.running(), domain.monitor()
    top = await top_of(monitor, live.config, source)
    root = (await ask_graph(monitor)).root(source.alias or "")
    made = False
    name = JobName("copy", source.target.dev or "", copy.links[0].number)
    arguments = _mirror_arguments(copy, root, top.node, given)
    try:
        with work_forgotten(live):
            if not copy.reuse:
                made = await to_thread.run_sync(_is_free, copy.disk.path or "")
                if made:
                    await note_work(live, WorkNote(files=[copy.disk.path or ""]))
                await _make(engine, live, copy, top.image.image.virtual_size)
            await _mirror(engine, domain, source, copy.links, "copy")
            await _open(engine, live, monitor, copy)
            await begin_job(domain, name, "blockdev-mirror", arguments, given.get("bandwidth", 0))
    except BaseException:
        with anyio.CancelScope(shield=True), suppress(AiovirtError):
            await _give_up_copy(engine, domain, source, copy, name)
            if made:
                await to_thread.run_sync(_remove, copy.disk.path or "")
        raise


async def _make(engine: Engine, live: LiveDomain, copy: Copy, size: int) -> None:
    own, backing = copy.links[0], None
    if len(copy.links) > 1 and own.format != "raw":
        behind = copy.links[1]
        kind = kind_in_file(behind.format, behind.source.encryption or None)
        backing = (behind.path, kind) if behind.path else None
    await make_new_image(engine, live, copy.disk, own.number, size, backing=backing)


async def _open(engine: Engine, live: LiveDomain, monitor: BoundedMonitor, copy: Copy) -> None:
    """Open the images of a copy, the lowest first."""
    fresh, below = copy.links[: copy.opened], copy.links[copy.opened :]
    backing: str | bool = format_node(below[0].number) if below else True
    for link in reversed(fresh):
        disk = copy.disk.copy()
        disk.type, disk.driver.type, disk.source = link.type, link.format, link.source.copy()
        disk.readonly = link is not fresh[0] or None
        made = link is fresh[0] and not copy.reuse
        await open_image(engine, live, monitor, disk, link.number, backing=backing, made=made)
        backing = format_node(link.number)


def _mirror_arguments(copy: Copy, root: str, node: str, given: Mapping[str, int]) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "device": root,
        "target": format_node(copy.links[0].number),
        "sync": "top" if copy.shallow else "full",
        "auto-dismiss": True,
    }
    if root != node:
        arguments["replaces"] = node  # the filters above stay
    if copy.synchronous:
        arguments["copy-mode"] = "write-blocking"
    for setting in ("granularity", "buf-size"):
        if given.get(setting):
            arguments[setting] = given[setting]
    return arguments


async def _give_up_copy(
    engine: Engine, domain: ManagedDomain, source: Disk, copy: Copy, name: JobName
) -> None:
    monitor = domain.monitor()
    if await give_up(domain.running(), monitor, name):
        return
    for link in copy.links[: copy.opened]:
        await close_image(domain.running(), monitor, link.number)
    await _mirror(engine, domain, source, ())


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)
