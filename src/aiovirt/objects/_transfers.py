"""Files into volumes and volumes into files, and how far long work has got."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import TypeVar

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.config import View
from aiovirt.errors import NotFound
from aiovirt.host.sparse import open_reader, open_writer
from aiovirt.interfaces import VolumeSink, VolumeSource
from aiovirt.model.storage import Hole, Progress

__all__ = ["POLL_S", "parsed", "receive_file", "send_file", "watched"]

T = TypeVar("T")
V = TypeVar("V", bound=View)

POLL_S = 0.5
"""Seconds between two looks at how far the host has got."""


def parsed(kind: type[V], config: V | str | bytes) -> V:
    """A configuration, or what its XML says. Raises `XMLError` if it is none."""
    return kind.parse(config) if isinstance(config, (str, bytes)) else config


def _length(pieces: list[bytes | Hole]) -> int:
    return sum(piece.length if isinstance(piece, Hole) else len(piece) for piece in pieces)


async def send_file(
    upload: AbstractAsyncContextManager[VolumeSink],
    path: str | os.PathLike[str],
    *,
    length: int = 0,
    sparse: bool = True,
    progress: Progress | None = None,
) -> int:
    """Send what is in a file; how many bytes that were, holes included.

    Args:
        upload: Where it goes; entered once the file is open.
        path: The file.
        length: Bytes of it at most; 0 for all.
        sparse: Whether the sink takes holes.
        progress: Is told how far it has got.

    Raises:
        HostError: The file cannot be read.
        AiovirtError: The host refuses.
    """
    done = 0
    async with open_reader(Path(path), length=length, holes=sparse) as reader, upload as sink:
        while piece := await reader.read():
            await sink.send(piece)
            done += _length([piece])
            if progress is not None:
                progress(done, reader.size)
    return done


async def receive_file(
    download: AbstractAsyncContextManager[VolumeSource],
    path: str | os.PathLike[str],
    *,
    total: int = 0,
    progress: Progress | None = None,
) -> int:
    """Write what comes into a file, whole or not at all; how many bytes, holes included.

    Args:
        download: Where it comes from; entered once the file can be written.
        path: The file.
        total: How much there will be, for `progress`.
        progress: Is told how far it has got.

    Raises:
        HostError: The file cannot be written; the old one is as it was.
        AiovirtError: The host cannot read the volume; likewise.
    """
    done = 0
    async with open_writer(Path(path)) as writer, download as source:
        with suppress(anyio.EndOfStream):
            while True:
                pieces = await source.receive_some()
                await writer.write(pieces)
                done += _length(pieces)
                if progress is not None:
                    progress(done, max(total, done))
    return done


async def watched(
    work: Callable[[], Awaitable[T]],
    look: Callable[[], Awaitable[tuple[int, int]]],
    progress: Progress | None,
) -> T:
    """Do something long, and tell meanwhile how far it has got.

    libvirt does not tell, so the volume is looked at beside the call, every `POLL_S`.

    Args:
        work: What is done.
        look: How many bytes are done, and how many there are; it may find nothing yet.
        progress: Is told; None for nobody.
    """
    if progress is None:
        return await work()
    tell = progress

    async def watch() -> None:
        while True:
            await anyio.sleep(POLL_S)
            with suppress(NotFound):
                tell(*await look())

    async with open_task_group() as tasks:
        tasks.start_soon(watch)
        result = await work()
        tasks.cancel_scope.cancel()
    return result
