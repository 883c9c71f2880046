"""What was made on the host is unmade when the whole does not succeed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio

__all__ = ["undo_on_failure"]


@asynccontextmanager
async def undo_on_failure() -> AsyncIterator[AsyncExitStack]:
    """A stack of undo steps that is run, last first, if the block fails or is cancelled.

        async with undo_on_failure() as undo:
            folder.mkdir()
            undo.callback(shutil.rmtree, folder)
            ...                                     # success: the steps are forgotten

    The steps run shielded from cancellation, so each must have a bound of its own.
    """
    undo = AsyncExitStack()
    try:
        yield undo
    except BaseException:
        with anyio.CancelScope(shield=True):
            await undo.aclose()
        raise
    undo.pop_all()
