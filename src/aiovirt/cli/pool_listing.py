"""``pool-list``: which pools it shows, and what of them; and ``pool-info``, which shows one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Record, Row, Rows
from aiovirt.cli.storage import PoolArg, describe_pool, find_pool, pretty
from aiovirt.model.storage import PoolState

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllStoragePoolsFlags

__all__ = ["pool_info", "pool_list"]

_INACTIVE = PoolState.INACTIVE.label


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class PoolChoice:
    """Which pools; the active ones when nothing is said."""

    everything: Annotated[bool, Parameter(name="--all", help="Active and inactive ones.")] = False
    inactive: Annotated[bool, about("Inactive ones only.")] = False
    persistent: Annotated[bool, about("Those with a definition.")] = False
    transient: Annotated[bool, about("Those without a definition.")] = False
    autostart: Annotated[bool, about("Those that start with the daemon.")] = False
    no_autostart: Annotated[bool, about("Those that do not.")] = False
    type: Annotated[str | None, about("Those of these types, such as dir,netfs.")] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShape:
    """What is shown of them; a short table when nothing is said."""

    details: Annotated[bool, about("Room, and more.")] = False
    name: Annotated[bool, about("Names alone, one a line.")] = False
    uuid: Annotated[bool, about("UUIDs alone, one a line.")] = False


def _wanted(choice: PoolChoice) -> ConnectListAllStoragePoolsFlags:
    """libvirt's flags for these options.

    Raises:
        UsageError: There is no such type of pool.
    """
    kinds: type[ConnectListAllStoragePoolsFlags] = import_module(
        "aiovirt.model.constants"
    ).ConnectListAllStoragePoolsFlags
    flags = kinds(0)
    if not choice.everything:
        flags |= kinds.INACTIVE if choice.inactive else kinds.ACTIVE
    for name in ("persistent", "transient", "autostart", "no_autostart"):
        flags |= kinds[name.upper()] if getattr(choice, name) else kinds(0)
    first_type = kinds.DIR
    types = {
        item.name.lower().replace("_", "-"): item
        for item in kinds
        if item.name and item >= first_type
    }
    for word in choice.type.split(",") if choice.type else ():
        if word not in types:
            raise UsageError(f"{word!r} is no type of pool", hint=f"known: {', '.join(types)}")
        flags |= types[word]
    return flags


def _short_state(row: Row) -> str:
    return _INACTIVE if row["state"] == _INACTIVE else "active"


def _yes(key: str) -> Column:
    return Column(key, key.capitalize(), show=lambda row: "yes" if row[key] else "no")


def _room(key: str) -> Column:
    """Room, which is not known of an inactive pool."""

    def show(row: Row) -> str:
        return "-" if row["state"] == _INACTIVE else pretty(int(str(row[key])))

    return Column(key, key.capitalize(), show=show)


_NAME = Column("name", "Name")
_UUID = Column("uuid", "UUID")
_ROOM = [_room(key) for key in ("capacity", "allocation", "available")]
_SHORT = [_NAME, Column("state", "State", show=_short_state), _yes("autostart")]
_LONG = [_NAME, Column("state", "State"), _yes("autostart"), _yes("persistent"), *_ROOM]


async def pool_list(
    *, choice: PoolChoice = PoolChoice(), shape: PoolShape = PoolShape(), session: SessionArg
) -> Rows:
    """List the active storage pools, or others by option.

    For example:

        aiovirt pool-list --all --details
        aiovirt pool-list --type dir,netfs --name
    """
    records = await session.host.pools.records(flags=_wanted(choice))
    bare = [column for wanted, column in ((shape.uuid, _UUID), (shape.name, _NAME)) if wanted]
    columns = bare or (_LONG if shape.details else _SHORT)
    return Rows(columns, [describe_pool(record) for record in records], bare=bool(bare))


async def pool_info(
    pool: PoolArg,
    *,
    bare: Annotated[bool, Parameter(name="--bytes", help="Sizes in bytes.")] = False,
    session: SessionArg,
) -> Record:
    """Show what is known of a storage pool.

    For example:

        aiovirt pool-info default
    """
    row = describe_pool(await (await find_pool(session, pool)).record())
    room = [Column(column.key, column.heading) for column in _ROOM] if bare else _ROOM
    known = [] if row["state"] == _INACTIVE else room
    columns = [_NAME, _UUID, Column("state", "State"), _yes("persistent"), _yes("autostart")]
    return Record([*columns, *known], row)
