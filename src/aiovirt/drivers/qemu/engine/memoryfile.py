"""The memory of a guest in a file, perhaps compressed by a program between QEMU and the file."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Final

from anyio import CancelScope, lowlevel, to_thread

from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.moves import receive_memory, send_memory
from aiovirt.drivers.qemu.store.saved import SavedHead, make_saved
from aiovirt.errors import HostError, Unsupported
from aiovirt.host.files import host_error
from aiovirt.processes import Command, open_process

__all__ = ["RAW", "compression_for", "memory_written", "read_memory", "unfinished", "write_through"]

_UNFINISHED: Final = ".unfinished"
_ENDINGS: Final = {
    ".gz": "gzip",
    ".bz2": "bzip2",
    ".xz": "xz",
    ".lzo": "lzop",
    ".zst": "zstd",
}
"""How the names of compressed files end, and libvirt's words for the formats: the programs."""
RAW: Final = "raw"
"""A file that no program compresses."""
_DIRECT: Final = Command.of("dd", "bs=1M", "iflag=fullblock", "oflag=direct", "status=none")
"""Writes past the host's cache in whole blocks, which QEMU does not; the last may be shorter."""


def compression_for(path: Path, usual: str) -> str:
    """The format of a file: what its name says, else the usual one.

    Raises:
        Unsupported: The host has no program for it.
    """
    found = _ENDINGS.get(path.suffix, usual)
    if found != RAW and shutil.which(found) is None:
        raise Unsupported("QEMU", f"files in the format {found}", "the host has no such program")
    return found


def unfinished(path: Path) -> Path:
    """Where a file is until it is whole."""
    return path.with_name(f".{path.name}{_UNFINISHED}")


@asynccontextmanager
async def memory_written(
    monitor: BoundedMonitor,
    path: Path,
    head: SavedHead,
    *,
    bypass_cache: bool = False,
    before_removal: Callable[[], Awaitable[None]] = lowlevel.cancel_shielded_checkpoint,
) -> AsyncIterator[None]:
    """Write a guest's memory into a file; the file gets its name when the block ends well.

    Args:
        monitor: QEMU's.
        path: The file.
        head: What stands before the memory.
        bypass_cache: Write past the host's cache, where nothing compresses.
        before_removal: Called before an unfinished file is removed.

    Raises:
        HostError: It cannot be written.

    Cancellation: QEMU gives it up, and no file is left; the guest stands still.  After the block
    there is none.
    """
    rest = unfinished(path)
    try:
        with make_saved(rest, head) as file:
            send = partial(send_memory, monitor)
            await write_through(file.fileno(), head.compression, send, bypass_cache=bypass_cache)
            yield
            with CancelScope(shield=True):  # what the block did is done
                await to_thread.run_sync(_finish, file, rest, path)
    except BaseException:
        with CancelScope(shield=True):
            await before_removal()
        rest.unlink(missing_ok=True)
        raise


def _finish(file: FileIO, rest: Path, path: Path) -> None:
    """Make the file whole, and safe against a loss of power."""
    try:
        os.fsync(file.fileno())
        rest.replace(path)
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error


async def write_through(
    handle: int,
    compression: str,
    send: Callable[[int], Awaitable[None]],
    *,
    bypass_cache: bool = False,
) -> None:
    """Have a guest's memory written into a file, through the program of the file's format.

    Args:
        handle: The file.
        compression: The format.
        send: Has QEMU write into a descriptor, and returns when it is through.
        bypass_cache: Write past the host's cache, where nothing compresses.

    Raises:
        HostError: The program could not.
    """
    command = _DIRECT if bypass_cache else None
    if compression != RAW:
        command = Command.of(compression, "-c")
    if command is None:
        await send(handle)
        return
    with _pipe() as (read, write):
        async with open_process(command, stdin=read.fileno(), stdout=handle) as program:
            read.close()
            await send(write.fileno())
            write.close()
            status = await program.wait()
    if status.status != 0:
        raise HostError(f"{command.program} could not write the guest's memory: {status}")


async def read_memory(monitor: BoundedMonitor, file: FileIO, head: SavedHead) -> None:
    """Have a QEMU that waits for it read the guest's memory from a file.

    Raises:
        HostError: It could not, or the host has no program for the file's format.
    """
    if head.compression == RAW:
        await receive_memory(monitor, file.fileno())
        return
    command = Command.of(head.compression, "-dc")
    with _pipe() as (read, write):
        async with open_process(command, stdin=file.fileno(), stdout=write.fileno()):
            write.close()
            await receive_memory(monitor, read.fileno())


@contextmanager
def _pipe() -> Iterator[tuple[FileIO, FileIO]]:
    """A pipe's two ends, to read and to write; each may be closed before."""
    read, write = os.pipe()
    with FileIO(read, "r") as source, FileIO(write, "w") as sink:
        yield source, sink
