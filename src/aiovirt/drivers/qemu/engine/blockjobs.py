"""Block jobs of a running guest: what they are called, and what is done when one has ended.

A job's id says all that must be known of it: its kind, its disk, for a copy the number of the
new image, and whether files go with it.  What is copied to stands in the live XML, and QEMU's graph
tells how a job has ended.  So a process that adopts the guest later needs no record of its jobs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import anyio

from aiovirt.clients.qmp import Event
from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.argv.storage.nodes import format_node, storage_node
from aiovirt.drivers.qemu.engine.chains import Link, links_of, mirror_links, relink, show_mirror
from aiovirt.drivers.qemu.engine.confining import allow_merge, withdraw
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.figures import alias_in
from aiovirt.drivers.qemu.engine.graph import ask_graph
from aiovirt.drivers.qemu.engine.impact import redefine
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import find_disk, number_of
from aiovirt.drivers.qemu.engine.opening import close_image
from aiovirt.errors import AiovirtError, InvalidState, NotFound
from aiovirt.model.blocks import BlockJobKind
from aiovirt.model.constants import ConnectDomainEventBlockJobStatus as Status
from aiovirt.model.events import BlockJobEvent
from aiovirt.protocols.qmp.commands import BlockNode, QueryBlock

__all__ = [
    "JobName",
    "Top",
    "block_job_happened",
    "follow_in_definition",
    "live_links",
    "own_node",
    "settle",
    "top_of",
]

_KINDS: Final = {
    "pull": BlockJobKind.PULL,
    "copy": BlockJobKind.COPY,
    "commit": BlockJobKind.COMMIT,
    "activecommit": BlockJobKind.ACTIVE_COMMIT,
    "backup": BlockJobKind.BACKUP,
}
_NAME: Final = re.compile(
    r"(pull|copy|commit|activecommit|backup)-([a-z]+\d*)(?:-(\d+))?(-delete)?"
)
_FILTERS: Final = ("throttle", "copy-on-read")


class JobName(NamedTuple):
    """What a job's id says.

    Attributes:
        word: Its kind, in our word for it.
        disk: The target of the disk.
        number: The number of the image that it writes, or 0.
        delete: Whether the files of images go that the disk is not on any more.
    """

    word: str
    disk: str
    number: int = 0
    delete: bool = False

    def __str__(self) -> str:
        number = f"-{self.number}" if self.number else ""
        return f"{self.word}-{self.disk}{number}{'-delete' if self.delete else ''}"

    @property
    def kind(self) -> BlockJobKind:
        """Its kind, in libvirt's."""
        return _KINDS[self.word]

    @classmethod
    def of(cls, text: str) -> JobName | None:
        """What an id says; None of one that is not ours."""
        found = _NAME.fullmatch(text)
        return cls(found[1], found[2], int(found[3] or 0), bool(found[4])) if found else None


class Top(NamedTuple):
    """The block node that a disk's device uses, below its filters, and its image."""

    node: str
    image: BlockNode


async def top_of(monitor: BoundedMonitor, config: DomainConfig, disk: Disk) -> Top:
    """What a disk's device uses now, as QEMU says.

    Raises:
        InvalidState: The drive is empty.
        NotFound: QEMU has no such disk.
    """
    for row in await monitor.call(QueryBlock()):
        if alias_in(row.qdev) != disk.alias:
            continue
        medium = row.inserted
        if medium is None:
            raise InvalidState(f"the drive {disk.target.dev} is empty")
        filtered = medium.drv in _FILTERS or medium.node_name is None
        node = own_node(config, disk) if filtered else medium.node_name
        return Top(node or "", medium)
    raise NotFound(f"QEMU has no disk {disk.target.dev}")


def own_node(config: DomainConfig, disk: Disk) -> str:
    """The block node of a disk's own image, below all filters."""
    return format_node(number_of(config, disk))


def live_links(config: DomainConfig, disk: Disk) -> list[Link]:
    """The images of a disk of a live configuration, its own first."""
    return links_of(disk, number_of(config, disk))


# --- the end --------------------------------------------------------------------------------------

_STATUS: Final = {
    "BLOCK_JOB_READY": Status.READY,
    "BLOCK_JOB_COMPLETED": Status.COMPLETED,
    "BLOCK_JOB_CANCELLED": Status.CANCELED,
    "BLOCK_JOB_ERROR": Status.FAILED,
}


async def block_job_happened(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, event: Event
) -> None:
    """Follow what QEMU tells of a job: write down what has changed, tidy up, tell."""
    name = JobName.of(str(event.data.get("device")))
    status = _STATUS[event.name]
    if name is None or event.name == "BLOCK_JOB_ERROR":
        return  # of no interest, or told again with the job's end
    if status is Status.COMPLETED and event.data.get("error"):
        status = Status.FAILED
    path = None
    with suppress(AiovirtError):  # the disk or QEMU is gone meanwhile
        if status is Status.READY:
            await _note_ready(engine, domain, live, name.disk)
        elif live.monitor is not None:
            await _end(engine, domain, live, name, done=status is Status.COMPLETED)
        path = find_disk(live.config, name.disk).path
    ended = live.job_ends.pop(str(name), None) if status is not Status.READY else None
    engine.publish(
        BlockJobEvent(
            time=engine.now(),
            domain=domain.key,
            disk=name.disk,
            path=path,
            type=int(name.kind),
            status=status,
        )
    )
    if ended is not None:
        ended.set()


async def _note_ready(engine: Engine, domain: ManagedDomain, live: LiveDomain, target: str) -> None:
    disk = find_disk(live.config, target)
    if disk.mirror:
        disk.mirror.ready = "yes"
        domain.touched()
        await engine.save_status(domain, live)


async def _end(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, name: JobName, *, done: bool
) -> None:
    if name.word == "backup":
        if live.monitor is not None:
            await close_image(live, live.monitor, name.number)
        return
    gone = await settle(engine, domain, live, name.disk)
    await withdraw(live, str(name))
    if done and name.delete:
        await anyio.to_thread.run_sync(_remove, [link.path for link in gone if link.path])


def _remove(paths: Sequence[str]) -> None:
    for path in paths:
        with suppress(OSError):  # it is gone already, or kept from us: it is in nobody's way
            Path(path).unlink()


async def settle(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, target: str
) -> Sequence[Link]:
    """Learn which images a disk is on after a job, and have QEMU close those it left.

    Returns:
        The images that it left.
    """
    monitor = domain.monitor()
    disk = find_disk(live.config, target)
    own, copies = live_links(live.config, disk), mirror_links(disk)
    known = {link.number: link for link in (*copies, *own)}
    there = (await ask_graph(monitor)).chain(disk.alias or "")
    kept = [known[number] for number in there if number in known]
    if not kept:
        return ()
    if disk.mirror or [link.number for link in kept] != [link.number for link in own]:
        show_mirror(disk, (), "")
        relink(disk, kept)
        domain.touched()
        await allow_merge(live, kept[:1], storage_node(kept[0].number))  # the guest writes there
        await engine.save_status(domain, live)
        await follow_in_definition(engine, domain, target, own[0].path, kept)
    gone = [link for number, link in known.items() if number not in there]
    for link in gone:
        await close_image(live, monitor, link.number)
    return gone


async def follow_in_definition(
    engine: Engine, domain: ManagedDomain, target: str, before: str | None, links: Sequence[Link]
) -> None:
    """Let the definition follow to other images, where it had the same one before."""
    if domain.definition is None:
        return
    plain = [replace(link, number=0) for link in links]
    keyed = any(link.source.encryption for link in plain)
    if not keyed and not all(link.written for link in plain):
        plain = plain[:1]  # the images themselves tell the rest, but which keys they have
    with suppress(NotFound):
        if find_disk(domain.definition, target).path == before:
            await redefine(engine, domain, partial(_relink, target, plain), happened=True)


def _relink(target: str, links: Sequence[Link], config: DomainConfig) -> None:
    relink(find_disk(config, target), links)
