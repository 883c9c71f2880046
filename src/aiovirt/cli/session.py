"""What a verb works with: its options, its output, and the open host.

`Context` is there for every verb, `Session` for those that ask for an open host. The host's
code is loaded when a host is opened, and not before: help and completion start fast.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING
from uuid import UUID

import anyio

from aiovirt.cli.credentials import ask
from aiovirt.cli.output import Output
from aiovirt.cli.progress import progress
from aiovirt.cli.settings import Settings
from aiovirt.errors import Busy, NotFound

if TYPE_CHECKING:
    from aiovirt.objects import Connection, Domain

__all__ = ["Context", "Session"]

PATIENCE_S = 2.0
"""How long to wait for another short command that has the same root open."""

RETRY_S = 0.05
"""How often to look whether it is free."""

_LONGEST_ID = 10


@dataclass(frozen=True, slots=True)
class Context:
    """What every verb has.

    Attributes:
        settings: The options that stand before or after any verb.
        out: Standard output, for verbs that write as they go.
    """

    settings: Settings
    out: Output

    def progress(self, text: str) -> AbstractAsyncContextManager[None]:
        """Show that something is being waited for, on a terminal."""
        return progress(text, wanted=not self.settings.quiet)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Session]:
        """Open the host.

        Raises:
            Busy: Another process has it open, and for longer than a short command takes.
            AiovirtError: As `aiovirt.open`.
        """
        async with AsyncExitStack() as stack:
            host = await _open_patiently(stack, self.settings)
            yield Session(self.settings, self.out, host)


@dataclass(frozen=True, slots=True)
class Session(Context):
    """A context with an open host.

    Attributes:
        host: The host.
    """

    host: Connection

    @asynccontextmanager
    async def another(self, uri: str) -> AsyncIterator[Connection]:
        """Open a second host, for what moves between two.

        Raises:
            ConfigError: The URI is wrong.
            AiovirtError: As `aiovirt.open`.
        """
        async with AsyncExitStack() as stack:
            yield await _open_patiently(stack, replace(self.settings, connect=uri))

    async def domain(self, text: str) -> Domain:
        """The domain of that id, UUID or name, looked for in this order, as virsh does.

        Raises:
            NotFound: There is none.
        """
        *others, name = _readings(text)
        for reading in others:
            with suppress(NotFound):
                return await self.host.domains.get(reading)
        try:
            return await self.host.domains.get(name)
        except NotFound as error:
            hint = error.hint or "aiovirt list --all shows what there is"
            raise NotFound(str(error), hint=hint) from error


def _readings(text: str) -> Iterator[str | UUID | int]:
    """What the text may stand for, the name last."""
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID:
        yield int(text)
    with suppress(ValueError):
        yield UUID(text)
    yield text


async def _open_patiently(stack: AsyncExitStack, settings: Settings) -> Connection:
    """Open it, waiting a moment for a command that is about to finish with it."""
    opener: Callable[..., AbstractAsyncContextManager[Connection]] = import_module(
        "aiovirt._open"
    ).open
    uri = settings.uri
    patience_ends = anyio.current_time() + PATIENCE_S
    while True:
        try:
            # No cancel scope may be around this: what is opened outlives it.
            return await stack.enter_async_context(
                opener(uri, readonly=settings.readonly, credentials=ask)
            )
        except Busy:
            if anyio.current_time() > patience_ends:
                raise
        await anyio.sleep(RETRY_S)
