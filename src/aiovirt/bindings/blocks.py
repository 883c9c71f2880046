"""The rows of `Blocks`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiovirt.bindings.arguments import DOM, Argument, amount, arg, fixed, flags, room, with_strings
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import Result, field, parameters, whole
from aiovirt.bindings.values import DEVICE, PLAIN, enumeration, number
from aiovirt.interfaces import Blocks
from aiovirt.model import constants as c
from aiovirt.model.blocks import BlockInfo, BlockJobInfo, BlockJobKind
from aiovirt.protocols.libvirt.tables import domain_blocks as p
from aiovirt.protocols.libvirt.tables.domain_devices import DOMAIN_MEMORY_PEEK
from aiovirt.protocols.libvirt.tables.structs import DomainDiskError
from aiovirt.protocols.xdr import Struct

__all__ = ["ROWS"]

KIB = 1024
MIB = 1024**2
MOST_TUNINGS = 32
MOST_ERRORS = 256

DISK = arg("disk")
PATH = arg("disk", "path")
IMPACT = flags(c.DomainModificationImpact)
NO_FLAGS = fixed("flags", 0)

ERRORS = number({"none": 0, "unspecified error": 1, "no space": 2})


def _read_errors(reply: Struct) -> dict[str, str]:
    found: list[DomainDiskError] = getattr(reply, "errors")  # noqa: B009 - of any such struct
    return {item.disk: ERRORS.read(item.error) for item in found}


def _send_errors(kind: Callable[..., Struct], result: dict[str, str]) -> Struct:
    wires = [DomainDiskError(disk, ERRORS.send(word)) for disk, word in result.items()]
    return kind(wires, len(wires))


_JOB = whole(
    BlockJobInfo,
    kind=("type", enumeration(BlockJobKind)),
    bandwidth=("bandwidth", PLAIN),
    current=("cur", PLAIN),
    end=("end", PLAIN),
)


def _read_job(reply: Any) -> BlockJobInfo | None:  # noqa: ANN401 - one kind of reply
    found: BlockJobInfo = _JOB.read(reply)
    return found if reply.found else None


def _send_job(kind: Callable[..., Struct], job: BlockJobInfo | None) -> Struct:
    if job is None:
        return kind(0, 0, 0, 0, 0)
    return kind(1, int(job.kind), job.bandwidth, job.current, job.end)


BYTES = int(c.DomainBlockJobInfoFlags.BANDWIDTH_BYTES)
IN_BYTES = Argument(
    ("flags",),
    ("flags",),
    lambda given: (int(given) | BYTES,),
    lambda wire: (c.DomainBlockJobInfoFlags(wire),),
)
"""A server reads from the flags in which unit the client wants the bandwidth."""

PHYSICAL = Argument(
    ("physical",),
    ("flags",),
    lambda physical: (
        int(c.DomainMemoryFlags.PHYSICAL if physical else c.DomainMemoryFlags.VIRTUAL),
    ),
    lambda wire: (bool(wire & c.DomainMemoryFlags.PHYSICAL),),
)

QUESTIONS = (
    bind(Blocks.block_info, p.DOMAIN_GET_BLOCK_INFO, DOM, PATH, NO_FLAGS, returns=whole(BlockInfo)),
    bind(
        Blocks.block_resize,
        p.DOMAIN_BLOCK_RESIZE,
        DOM,
        DISK,
        amount("size", "size", c.DomainBlockResizeFlags, c.DomainBlockResizeFlags.BYTES, KIB),
    ),
    bind(
        Blocks.block_peek,
        p.DOMAIN_BLOCK_PEEK,
        DOM,
        PATH,
        arg("offset"),
        arg("size"),
        NO_FLAGS,
        returns=field("buffer"),
    ),
    bind(
        Blocks.memory_peek,
        DOMAIN_MEMORY_PEEK,
        DOM,
        arg("offset"),
        arg("size"),
        PHYSICAL,
        returns=field("buffer"),
    ),
    bind(
        Blocks.io_tune,
        p.DOMAIN_GET_BLOCK_IO_TUNE,
        DOM,
        DISK,
        room("nparams", MOST_TUNINGS),
        with_strings(c.DomainModificationImpact),
        returns=parameters(),
    ),
    bind(
        Blocks.set_io_tune,
        p.DOMAIN_SET_BLOCK_IO_TUNE,
        DOM,
        DISK,
        arg("limits", "params"),
        IMPACT,
    ),
    bind(
        Blocks.disk_errors,
        p.DOMAIN_GET_DISK_ERRORS,
        DOM,
        room("maxerrors", MOST_ERRORS),
        NO_FLAGS,
        returns=Result(("errors", "nerrors"), _read_errors, _send_errors),
    ),
    bind(
        Blocks.set_block_threshold,
        p.DOMAIN_SET_BLOCK_THRESHOLD,
        DOM,
        arg("disk", "dev"),
        arg("threshold"),
        NO_FLAGS,
    ),
    bind(
        Blocks.set_throttle_group,
        p.DOMAIN_SET_THROTTLE_GROUP,
        DOM,
        arg("group"),
        arg("limits", "params"),
        IMPACT,
    ),
    bind(Blocks.delete_throttle_group, p.DOMAIN_DEL_THROTTLE_GROUP, DOM, arg("group"), IMPACT),
)

JOBS = (
    bind(
        Blocks.block_pull,
        p.DOMAIN_BLOCK_PULL,
        DOM,
        PATH,
        amount(
            "bandwidth",
            "bandwidth",
            c.DomainBlockPullFlags,
            c.DomainBlockPullFlags.BANDWIDTH_BYTES,
            MIB,
        ),
    ),
    bind(
        Blocks.block_rebase,
        p.DOMAIN_BLOCK_REBASE,
        DOM,
        PATH,
        arg("base"),
        amount(
            "bandwidth",
            "bandwidth",
            c.DomainBlockRebaseFlags,
            c.DomainBlockRebaseFlags.BANDWIDTH_BYTES,
            MIB,
        ),
    ),
    bind(
        Blocks.block_copy,
        p.DOMAIN_BLOCK_COPY,
        DOM,
        PATH,
        arg("destination", "destxml", DEVICE),
        arg("settings", "params"),
        flags(c.DomainBlockCopyFlags),
    ),
    bind(
        Blocks.block_commit,
        p.DOMAIN_BLOCK_COMMIT,
        DOM,
        DISK,
        arg("base"),
        arg("top"),
        amount(
            "bandwidth",
            "bandwidth",
            c.DomainBlockCommitFlags,
            c.DomainBlockCommitFlags.BANDWIDTH_BYTES,
            MIB,
        ),
    ),
    bind(
        Blocks.block_job_info,
        p.DOMAIN_GET_BLOCK_JOB_INFO,
        DOM,
        PATH,
        IN_BYTES,
        returns=Result(("found", "type", "bandwidth", "cur", "end"), _read_job, _send_job),
    ),
    bind(
        Blocks.set_block_job_speed,
        p.DOMAIN_BLOCK_JOB_SET_SPEED,
        DOM,
        PATH,
        amount(
            "bandwidth",
            "bandwidth",
            c.DomainBlockJobSetSpeedFlags,
            c.DomainBlockJobSetSpeedFlags.BANDWIDTH_BYTES,
            MIB,
        ),
    ),
    bind(
        Blocks.abort_block_job,
        p.DOMAIN_BLOCK_JOB_ABORT,
        DOM,
        PATH,
        flags(c.DomainBlockJobAbortFlags),
    ),
)

ROWS = (*QUESTIONS, *JOBS)
