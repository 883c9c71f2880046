"""Kinds of arguments that verbs share, and the names of domains for shell completion.

Nothing here parses: cyclopts does, from what stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.completion import CompletionContext

from aiovirt.cli.output import Output
from aiovirt.cli.results import Result, Rows
from aiovirt.cli.run import Call, Turns, execute
from aiovirt.cli.session import Context, Session
from aiovirt.cli.settings import Settings
from aiovirt.errors import AiovirtError

__all__ = [
    "ContextArg",
    "DomainArg",
    "FileArg",
    "OtherDomainArg",
    "SessionArg",
    "TurnsArg",
    "about",
]

COMPLETION_BOUND_S = 1.5
"""How long a press of the tabulator key may wait for the names of domains."""


def about(text: str) -> Parameter:
    """The line that ``--help`` has about an argument."""
    return Parameter(help=text)


async def _names(*, session: Session) -> Result:
    """What `_complete` runs."""
    return Rows((), [{"name": record.key.name} for record in await session.host.domains.records()])


def _complete(context: CompletionContext) -> Sequence[str]:
    """The names of the domains on the host that the line so far asks for; none on any error."""
    given = context.get("--connect")
    settings = Settings(connect=given.raw if given else None, timeout=COMPLETION_BOUND_S)
    with suppress(AiovirtError):
        result = execute(
            Call("completion", _names, {"session": Session}), settings, Output(settings)
        )
        return result.names
    return ()


SessionArg = Annotated[Session, Parameter(parse=False)]
ContextArg = Annotated[Context, Parameter(parse=False)]
TurnsArg = Annotated[Turns, Parameter(parse=False)]
DomainArg = Annotated[str, Parameter(help="Its name, UUID or id.", completer=_complete)]
OtherDomainArg = Annotated[
    str | None, Parameter(help="A domain: name, UUID or id.", completer=_complete)
]
FileArg = Annotated[
    Path, Parameter(help="The file; - is standard input.", allow_leading_hyphen=True)
]
