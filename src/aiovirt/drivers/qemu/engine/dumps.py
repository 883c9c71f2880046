"""Dumps of a guest's memory for debuggers, perhaps compressed by a program."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.lowlevel

from aiovirt.clients.qmp import EventStream
from aiovirt.drivers.qemu.engine.confining import handed_for_a_while
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.memoryfile import RAW, compression_for, write_through
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.moves import Work, at_work
from aiovirt.drivers.qemu.engine.qemujobs import SETTLE_BOUND_S
from aiovirt.drivers.qemu.engine.snapshots import check_idle
from aiovirt.drivers.qemu.engine.stop import goes_on, gone_on
from aiovirt.drivers.qemu.engine.worknotes import WorkNote, noted_work
from aiovirt.errors import AiovirtError, HostError, InvalidState, Unsupported
from aiovirt.host.files import host_error, remove_durably
from aiovirt.model.constants import DomainJobOperation
from aiovirt.model.domain import DomainState, StateReason

__all__ = ["ELF", "Dumping", "dump"]

ELF: Final = "elf"
_FD: Final = "aiovirt-dump"


@dataclass(frozen=True)
class Dumping:
    """How a guest's memory is dumped.

    Attributes:
        kind: QEMU's name of the format.
        bypass_cache: Whether the file is written past the host's cache.
    """

    kind: str
    bypass_cache: bool = False


async def dump(engine: Engine, domain: ManagedDomain, path: Path, how: Dumping) -> None:
    """Write a guest's memory into a file, in a format of debuggers; it stands still meanwhile.

    Args:
        engine: The driver.
        domain: Which domain.
        path: The file.  What its name ends with may say how an ELF file is compressed.
        how: In which format, and how it is written.

    Raises:
        HostError: QEMU could not, or the program that compresses.
        Unsupported: The host has no such program, or the format cannot be written so.

    Cancellation: no file is left.  QEMU takes no dump back: its end is waited for, within a bound,
    and the guest goes on then.
    """
    async with domain.changes:
        monitor = domain.monitor()
        compression = _compression(engine, path, how)
        check_idle(domain)
        ran = domain.state is DomainState.RUNNING
        async with (
            noted_work(domain.running(), WorkNote(ran=ran, files=[str(path)])),
            handed_for_a_while(domain.running(), _FD),
            _made(path) as handle,
            _standing(domain, ran=ran),
            at_work(domain, Work(DomainJobOperation.DUMP)),
        ):
            send = partial(_dump, monitor, kind=how.kind)
            await write_through(handle, compression, send, bypass_cache=how.bypass_cache)
            if ran:
                await goes_on(domain)


@asynccontextmanager
async def _made(path: Path) -> AsyncIterator[int]:
    """A new file's descriptor; the file goes if the block fails.

    Raises:
        HostError: It cannot be made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error
    try:
        yield handle
    except BaseException:
        with anyio.CancelScope(shield=True):
            await remove_durably(path)
        raise
    finally:
        os.close(handle)


@asynccontextmanager
async def _standing(domain: ManagedDomain, *, ran: bool) -> AsyncIterator[None]:
    """A block that QEMU lets the guest stand still for; if it fails, that goes on by itself."""
    if ran:
        domain.running().pause = StateReason.PAUSED_DUMP
    try:
        yield
    except BaseException:
        await gone_on(domain, ran=ran)  # QEMU goes on writing until it is through
        raise


def _compression(engine: Engine, path: Path, how: Dumping) -> str:
    """The format of the file around the dump: those that compress themselves have none.

    Raises:
        Unsupported: The host has no program for it, or the dump must be written at all its places.
    """
    if how.kind == ELF:
        return compression_for(path, engine.settings.dump_image_format)
    if how.bypass_cache:
        raise Unsupported(
            "QEMU", f"dump in the format {how.kind} past the host's cache", "only elf can be"
        )
    return RAW


async def _dump(monitor: BoundedMonitor, handle: int, *, kind: str) -> None:
    await monitor.execute("getfd", {"fdname": _FD}, fds=[handle])
    arguments: Mapping[str, object] = {
        "paging": False,
        "protocol": f"fd:{_FD}",
        "detach": True,
        "format": kind,
    }
    async with monitor.qmp.events("DUMP_COMPLETED") as told:
        await anyio.lowlevel.checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True):
            await monitor.execute("dump-guest-memory", arguments)
        try:
            await _completed(told)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(SETTLE_BOUND_S, shield=True), suppress(AiovirtError):
                await _completed(told)
            raise


async def _completed(told: EventStream) -> None:
    async for event in told:
        result: Any = event.data.get("result")
        if not isinstance(result, dict) or result.get("status") != "completed":
            raise HostError(f"QEMU could not dump the memory: {event.data.get('error')}")
        return
    raise InvalidState("QEMU ended while it dumped its memory")
