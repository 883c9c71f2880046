"""Verbs about long work on disks: pulling, copying, committing, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from xml.etree import ElementTree as ET

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.attaching import PrintArg
from aiovirt.cli.bars import bar
from aiovirt.cli.device_documents import add, device_text
from aiovirt.cli.disks import HUMAN_DIGITS, DiskArg
from aiovirt.cli.documents import read_document
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.cli.session import Session
from aiovirt.cli.storage import pretty
from aiovirt.model.blocks import BlockJobInfo, BlockJobKind

if TYPE_CHECKING:
    from aiovirt.objects import Domain

__all__ = ["blockcommit", "blockcopy", "blockjob", "blockpull"]

_MIB = 1024**2
_WHOLE = 100


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast, and whether to wait; an interrupted wait gives the job up."""

    bandwidth: Annotated[int, about("The limit in MiB a second; 0 is none.")] = 0
    in_bytes: Annotated[bool, Parameter(name="--bytes", help="It is in bytes a second.")] = False
    wait: Annotated[bool, about("Return when it is done; --timeout bounds it.")] = False

    @property
    def rate(self) -> int:
        """The limit in bytes a second."""
        return self.bandwidth * (1 if self.in_bytes else _MIB)


STEADY = Pace()


@contextmanager
def _bar(session: Session, text: str) -> Iterator[Callable[[BlockJobInfo], None] | None]:
    """What draws how far a job is; None where nobody sees it."""
    with bar(text, wanted=not session.settings.quiet) as draw:
        yield None if draw is None else lambda job: draw(job.current, job.end)


def _outcome(vm: Domain, disk: str, result: str, sentence: str) -> Plain:
    return done(vm.key, result, sentence, device=disk)


async def blockpull(
    domain: DomainArg,
    path: DiskArg,
    *,
    base: Annotated[str | None, about("The image that stays below; none if left out.")] = None,
    keep_relative: Annotated[bool, about("Keep paths between images relative.")] = False,
    pace: Pace = STEADY,
    session: SessionArg,
) -> Plain:
    """Fill a disk's image with all that it has from the images below it.

    For example:

        aiovirt blockpull web1 vda --wait
        aiovirt blockpull web1 vda --base /images/base.qcow2 --bandwidth 100
    """
    vm = await session.domain(domain)
    with _bar(session, f"{vm.name} {path}: pull") as progress:
        await vm.block_pull(
            path,
            base=base,
            relative=keep_relative,
            bandwidth=pace.rate,
            wait=pace.wait,
            progress=progress,
        )
    if pace.wait:
        return _outcome(vm, path, "complete", "Pull complete")
    return _outcome(vm, path, "started", "Block Pull started")


# --- copies -------------------------------------------------------------------------------------


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class CopyForm:
    """What a copy is."""

    xml: Annotated[Path | None, about("The copy as XML instead of --dest; - is stdin.")] = None
    format: Annotated[str | None, about("Its format; that of the disk if left out.")] = None
    blockdev: Annotated[bool, about("It is a block device.")] = False

    async def document(self, dest: str | None) -> str:
        """The copy as a disk's XML.

        Raises:
            UsageError: There is none, or it is said twice.
        """
        if (dest is None) is (self.xml is None):
            raise UsageError("say where the copy goes: either --dest or --xml")
        if self.xml is not None:
            if self.format or self.blockdev:
                raise UsageError("--xml excludes --format and --blockdev")
            return (await read_document(self.xml)).decode()
        disk = ET.Element("disk", {"type": "block" if self.blockdev else "file"})
        add(disk, "source", **{"dev" if self.blockdev else "file": dest})
        add(disk, "driver", type=self.format)
        return device_text(disk)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class CopyManner:
    """How a copy is made, and what follows."""

    shallow: Annotated[bool, about("Only the topmost image.")] = False
    reuse_external: Annotated[bool, about("The image is there already.")] = False
    synchronous_writes: Annotated[bool, about("Let the guest wait for both.")] = False
    transient_job: Annotated[bool, about("As always: it ends when the domain stops.")] = False
    granularity: Annotated[int | None, about("Bytes that are copied together.")] = None
    buf_size: Annotated[int | None, about("Bytes that may be under way.")] = None
    pivot: Annotated[bool, about("Wait, and go over to the copy.")] = False
    finish: Annotated[bool, about("Wait, and keep the disk.")] = False

    def settings(self, rate: int) -> dict[str, int]:
        """libvirt's parameters."""
        given = {
            "bandwidth": rate or None,
            "granularity": self.granularity,
            "buf-size": self.buf_size,
        }
        return {name: value for name, value in given.items() if value is not None}


COPY_FORM, COPY_MANNER = CopyForm(), CopyManner()


async def blockcopy(
    domain: DomainArg,
    path: DiskArg,
    dest: Annotated[str | None, about("Where the copy goes.")] = None,
    *,
    form: CopyForm = COPY_FORM,
    manner: CopyManner = COPY_MANNER,
    print_xml: PrintArg = False,
    pace: Pace = STEADY,
    session: SessionArg,
) -> Plain:
    """Copy a disk of a running domain.

    The copy follows the disk until `blockjob --abort` or `--pivot`, unless --pivot or --finish
    says now what becomes of it. For example:

        aiovirt blockcopy web1 vda /images/new.qcow2 --pivot
        aiovirt blockcopy web1 vda /images/backup.qcow2 --finish --bandwidth 50
    """
    if manner.pivot and manner.finish:
        raise UsageError("--pivot and --finish exclude each other")
    document = await form.document(dest)
    if print_xml:
        return Plain(document, {"xml": document}, [path])
    vm = await session.domain(domain)
    ends = manner.pivot or manner.finish
    with _bar(session, f"{vm.name} {path}: copy") as progress:
        await vm.block_copy(
            path,
            document,
            shallow=manner.shallow,
            reuse_external=manner.reuse_external,
            synchronous_writes=manner.synchronous_writes,
            settings=manner.settings(pace.rate),
            pivot=manner.pivot if ends else None,
            wait=ends or pace.wait,
            progress=progress,
        )
    if manner.pivot:
        return _outcome(vm, path, "pivoted", "Successfully pivoted")
    if manner.finish:
        return _outcome(vm, path, "copied", "Successfully copied")
    if pace.wait:
        return _outcome(vm, path, "mirroring", "Now in mirroring phase")
    return _outcome(vm, path, "started", "Block Copy started")


# --- commits ------------------------------------------------------------------------------------


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What is merged, and what follows."""

    base: Annotated[str | None, about("The image that is written to; else the lowest.")] = None
    top: Annotated[str | None, about("The highest image that is merged.")] = None
    shallow: Annotated[bool, about("Only into the image right below.")] = False
    delete: Annotated[bool, about("Delete the images that are not needed any more.")] = False
    keep_relative: Annotated[bool, about("Keep paths between images relative.")] = False
    active: Annotated[bool, about("Merge the image that is in use.")] = False
    pivot: Annotated[bool, about("Likewise; wait, and go over to the base.")] = False
    keep_overlay: Annotated[bool, about("Likewise; wait, and keep the image in use.")] = False

    @property
    def of_active(self) -> bool:
        """Whether the image in use is merged."""
        return self.active or self.pivot or self.keep_overlay

    def check(self) -> None:
        """Refuse what excludes each other.

        Raises:
            UsageError: It does.
        """
        if self.pivot and self.keep_overlay:
            raise UsageError("--pivot and --keep-overlay exclude each other")
        if self.of_active is (self.top is not None):
            raise UsageError(
                "--active, --pivot and --keep-overlay merge the image in use: leave --top out"
                if self.of_active
                else "say what is merged: --top, or --active for the image in use"
            )


NO_MERGE = Merge()


async def blockcommit(
    domain: DomainArg,
    path: DiskArg,
    *,
    merge: Merge = NO_MERGE,
    pace: Pace = STEADY,
    session: SessionArg,
) -> Plain:
    """Write what lies above an image into it, and so make the chain shorter.

    For example:

        aiovirt blockcommit web1 vda --pivot
        aiovirt blockcommit web1 vda --top /images/middle.qcow2 --wait
    """
    merge.check()
    vm = await session.domain(domain)
    ends = merge.pivot or merge.keep_overlay
    with _bar(session, f"{vm.name} {path}: commit") as progress:
        await vm.block_commit(
            path,
            base=merge.base,
            top=merge.top,
            shallow=merge.shallow,
            delete=merge.delete,
            relative=merge.keep_relative,
            pivot=merge.pivot if ends else None,
            bandwidth=pace.rate,
            wait=ends or pace.wait,
            progress=progress,
        )
    return _outcome(vm, path, *_commit_outcome(merge, waited=pace.wait))


def _commit_outcome(merge: Merge, *, waited: bool) -> tuple[str, str]:
    """The word and the sentence of what has become of it."""
    if merge.pivot:
        return "pivoted", "Successfully pivoted"
    if merge.keep_overlay:
        return "complete", "Commit complete, overlay image kept"
    if not waited:
        return "started", f"{'Active ' if merge.of_active else ''}Block Commit started"
    if merge.of_active:
        return "synchronized", "Now in synchronized phase"
    return "complete", "Commit complete"


# --- jobs ---------------------------------------------------------------------------------------

_TITLES = {
    BlockJobKind.PULL: "Block Pull",
    BlockJobKind.COPY: "Block Copy",
    BlockJobKind.COMMIT: "Block Commit",
    BlockJobKind.ACTIVE_COMMIT: "Active Block Commit",
    BlockJobKind.BACKUP: "Backup",
}


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class JobAction:
    """What is done with a job; nothing, when nothing is said."""

    abort: Annotated[bool, about("End it: all is undone.")] = False
    async_: Annotated[bool, Parameter(name="--async", help="End it, and do not wait.")] = False
    pivot: Annotated[bool, about("End it by going over to the copy.")] = False
    bandwidth: Annotated[int | None, about("Limit it to so many MiB a second; 0 is none.")] = None
    in_bytes: Annotated[bool, Parameter(name="--bytes", help="It is in bytes a second.")] = False
    info: Annotated[bool, about("Show how far it is (as with none).")] = False
    raw: Annotated[bool, about("Likewise, as plain numbers.")] = False

    def check(self) -> None:
        """Refuse what excludes each other.

        Raises:
            UsageError: It does.
        """
        if self.ends + (self.bandwidth is not None) + (self.info or self.raw) > 1:
            raise UsageError("end a job, limit it or look at it: one at a time")

    @property
    def ends(self) -> bool:
        """Whether the job is ended."""
        return self.abort or self.async_ or self.pivot


LOOK = JobAction()


async def blockjob(
    domain: DomainArg, path: DiskArg, *, action: JobAction = LOOK, session: SessionArg
) -> Plain:
    """Show the job of a disk, limit it, or end it.

    For example:

        aiovirt blockjob web1 vda
        aiovirt blockjob web1 vda --bandwidth 50
        aiovirt blockjob web1 vda --pivot
    """
    action.check()
    vm = await session.domain(domain)
    if action.ends:
        await vm.abort_block_job(path, pivot=action.pivot, wait=not action.async_)
        word = "asked" if action.async_ else "pivoted" if action.pivot else "ended"
        return _outcome(vm, path, word, f"Block job of '{path}' {word}")
    if action.bandwidth is not None:
        rate = action.bandwidth * (1 if action.in_bytes else _MIB)
        await vm.set_block_job_speed(path, rate)
        return _outcome(vm, path, "limited", f"Block job of '{path}' limited to {rate} bytes/s")
    job = await vm.block_job(path)
    text = _text(job, path, action)
    return Plain(text, _data(vm, path, job), [path] if job else [], chatter=job is None)


def _title(job: BlockJobInfo) -> str:
    known = isinstance(job.kind, BlockJobKind)
    return _TITLES.get(BlockJobKind(job.kind), "Unknown job") if known else "Unknown job"


def _text(job: BlockJobInfo | None, disk: str, action: JobAction) -> str:
    """How far a job is, as virsh says it."""
    if job is None:
        return "" if action.raw else f"No current block job for {disk}"
    unit = 1 if action.in_bytes else _MIB
    if action.raw:
        rate = job.bandwidth // unit
        values = (f"type={_title(job)}", f"bandwidth={rate}", f"cur={job.current}")
        return "\n".join(f" {value}" for value in (*values, f"end={job.end}"))
    whole = job.current >= job.end
    percent = _WHOLE if whole else min(_WHOLE - 1, int(job.fraction * _WHOLE))
    text = f"{_title(job)}: [{percent:3} %]"
    if job.bandwidth:
        text += (
            f"    Bandwidth limit: {job.bandwidth} bytes/s"
            f" ({pretty(job.bandwidth, HUMAN_DIGITS)}/s)"
        )
    return text


def _data(vm: Domain, disk: str, job: BlockJobInfo | None) -> dict[str, object]:
    """The same for programs: amounts in bytes."""
    return {
        "name": vm.name,
        "uuid": str(vm.uuid),
        "device": disk,
        "type": None if job is None else _title(job),
        "bandwidth": None if job is None else job.bandwidth,
        "current": None if job is None else job.current,
        "end": None if job is None else job.end,
    }
