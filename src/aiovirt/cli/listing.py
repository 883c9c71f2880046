"""``list``: which domains it shows, and what of them. Filters and columns are tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.results import Column, Row, Rows
from aiovirt.cli.rows import describe, state_style, state_text
from aiovirt.cli.session import Session
from aiovirt.model.domain import DomainRecord, DomainState
from aiovirt.model.flags import flag_set

__all__ = ["Choice", "Shape", "list_"]

_NAMED_STATES = frozenset({DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTOFF})


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which domains; the active ones when nothing is said."""

    everything: Annotated[bool, Parameter(name="--all", help="Active and inactive ones.")] = False
    inactive: Annotated[bool, about("Inactive ones only.")] = False
    state_running: Annotated[bool, about("Running ones.")] = False
    state_paused: Annotated[bool, about("Paused ones.")] = False
    state_shutoff: Annotated[bool, about("Those that are shut off.")] = False
    state_other: Annotated[bool, about("Those in any other state.")] = False
    persistent: Annotated[bool, about("Those with a definition.")] = False
    transient: Annotated[bool, about("Those without a definition.")] = False
    autostart: Annotated[bool, about("Those that start with the host.")] = False
    no_autostart: Annotated[bool, about("Those that do not.")] = False
    with_snapshot: Annotated[bool, about("Those with snapshots.")] = False
    without_snapshot: Annotated[bool, about("Those without snapshots.")] = False
    with_checkpoint: Annotated[bool, about("Those with checkpoints.")] = False
    without_checkpoint: Annotated[bool, about("Those without checkpoints.")] = False
    with_managed_save: Annotated[bool, about("Those with a saved state.")] = False
    without_managed_save: Annotated[bool, about("Those without a saved state.")] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is shown of them; a table when nothing is said."""

    name: Annotated[bool, about("Names alone, one a line.")] = False
    uuid: Annotated[bool, about("UUIDs alone, one a line.")] = False
    id: Annotated[bool, about("Ids alone, one a line.")] = False
    title: Annotated[bool, about("Titles too.")] = False


_Test = Callable[[DomainRecord], bool]

# Option -> what it lets through. Options of one group add up; every group must let it through.
_GROUPS: Sequence[dict[str, _Test]] = (
    {
        "state_running": lambda record: record.state is DomainState.RUNNING,
        "state_paused": lambda record: record.state is DomainState.PAUSED,
        "state_shutoff": lambda record: record.state is DomainState.SHUTOFF,
        "state_other": lambda record: record.state not in _NAMED_STATES,
    },
    {
        "persistent": lambda record: record.persistent,
        "transient": lambda record: not record.persistent,
    },
    {
        "autostart": lambda record: record.autostart,
        "no_autostart": lambda record: not record.autostart,
    },
)


def chosen(choice: Choice, records: Sequence[DomainRecord]) -> list[DomainRecord]:
    """The records that all groups of options let through: active ones by id, then the others."""
    tests = [[test for name, test in group.items() if getattr(choice, name)] for group in _GROUPS]
    if not (choice.everything or tests[0]):
        tests.append([lambda record: record.state.active is not choice.inactive])
    kept = [
        record
        for record in records
        if all(any(test(record) for test in group) for group in tests if group)
    ]
    return sorted(kept, key=lambda record: (record.id is None, record.id or 0, record.key.name))


_ID = Column("id", "Id")
_NAME = Column("name", "Name")
_UUID = Column("uuid", "UUID")
_STATE = Column("state", "State", show=state_text, style=state_style)
_TITLE = Column("title", "Title", show=lambda row: str(row["title"] or ""))


async def list_(*, choice: Choice = Choice(), shape: Shape = Shape(), session: SessionArg) -> Rows:
    """List the active domains, or others by option.

    For example:

        aiovirt list --all
        aiovirt list --state-paused --name
        aiovirt list --all -o json
    """
    records = chosen(choice, await session.host.domains.records())
    flags = flag_set(
        "ConnectListAllDomainsFlags",
        0,
        has_snapshot=choice.with_snapshot,
        no_snapshot=choice.without_snapshot,
        has_checkpoint=choice.with_checkpoint,
        no_checkpoint=choice.without_checkpoint,
        managedsave=choice.with_managed_save,
        no_managedsave=choice.without_managed_save,
    )
    if flags:  # the host alone knows these
        known = {domain.uuid for domain in await session.host.domains.list(flags=flags)}
        records = [record for record in records if record.key.uuid in known]
    rows: list[Row] = [describe(record) for record in records]
    if shape.title:
        titles = await _titles(session, records)
        rows = [{**row, "title": title} for row, title in zip(rows, titles, strict=True)]
    asked = [(shape.uuid, _UUID), (shape.name, _NAME), (shape.id, _ID)]
    bare = [column for wanted, column in asked if wanted]
    title = [_TITLE] if shape.title else []
    return Rows(bare or [_ID, _NAME, _STATE, *title], rows, bare=bool(bare))


async def _titles(session: Session, records: Sequence[DomainRecord]) -> list[str | None]:
    """Their titles, as their configurations have them."""
    domains = [await session.host.domains.get(record.key.uuid) for record in records]
    return [(await domain.config()).title for domain in domains]
