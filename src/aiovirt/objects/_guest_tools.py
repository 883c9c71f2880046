"""Files of guests, by drivers that have calls of their own for them: see `GuestWork`."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

from aiovirt.errors import LimitExceeded
from aiovirt.host.sparse import open_reader, open_writer
from aiovirt.interfaces import Driver, GuestWork
from aiovirt.model.domain import DomainKey
from aiovirt.model.storage import Progress

__all__ = ["get_file", "put_file", "read_file", "tools_of"]


def tools_of(driver: Driver) -> GuestWork | None:
    """The driver's own way into guests, or None: then their agent's commands are it."""
    found = driver.ability(GuestWork)
    return None if type(found) is GuestWork else found


async def read_file(work: GuestWork, domain: DomainKey, path: str, limit: int) -> bytes:
    """What is in a file of a guest; see `DomainAgent.guest_read`."""
    found = bytearray()
    async with work.read_file(domain, path) as parts:
        async for part in parts:
            found += part
            if len(found) > limit:
                raise LimitExceeded(f"{path} of the guest has more than {limit} bytes", limit=limit)
    return bytes(found)


async def get_file(
    work: GuestWork,
    domain: DomainKey,
    path: str,
    target: str | os.PathLike[str],
    progress: Progress | None,
) -> int:
    """Copy a file of a guest to the host; see `DomainAgent.guest_get`."""
    done = 0
    async with work.read_file(domain, path) as parts, open_writer(Path(target)) as writer:
        async for part in parts:
            await writer.write([part])
            done += len(part)
            if progress is not None:
                progress(done, max(parts.length, done))
    return done


async def put_file(
    work: GuestWork,
    domain: DomainKey,
    source: str | os.PathLike[str],
    path: str,
    progress: Progress | None,
) -> int:
    """Copy a file of the host into a guest; see `DomainAgent.guest_put`."""
    async with open_reader(Path(source), holes=False) as reader:

        async def parts(told: Callable[[int, int], object] | None) -> AsyncGenerator[bytes, None]:
            done = 0
            while isinstance(piece := await reader.read(), bytes) and piece:
                yield piece
                done += len(piece)
                if told is not None:
                    told(done, reader.size)

        async with aclosing(parts(progress)) as body:
            await work.write_file(domain, path, body, reader.size)
        return reader.size
