"""What verbs about storage share: pools and volumes by what users call them, and their rows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from cyclopts import Parameter

from aiovirt.cli.arguments import about
from aiovirt.cli.results import Plain, Row
from aiovirt.cli.session import Session
from aiovirt.errors import ConfigError, InvalidState, NotFound
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import (
    PoolState,
    StoragePoolRecord,
    StorageVolumeRecord,
    VolumeType,
)
from aiovirt.model.units import Bytes

if TYPE_CHECKING:
    from aiovirt.objects import StoragePool, StorageVolume

__all__ = [
    "NOTHING_FIRST",
    "Building",
    "PoolArg",
    "PoolOption",
    "VolumeArg",
    "amount",
    "describe_pool",
    "describe_volume",
    "find_pool",
    "find_volume",
    "pool_done",
    "pretty",
    "volume_done",
]

PoolArg = Annotated[str, about("Its name or UUID.")]
PoolOption = Annotated[str | None, Parameter(name="--pool", help="Its pool: name or UUID.")]
VolumeArg = Annotated[str, about("Its name (with --pool), key or path.")]

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What is made before a pool is started."""

    build: Annotated[bool, about("Make its folder or file system first.")] = False
    overwrite: Annotated[bool, about("Likewise, whatever is there.")] = False
    no_overwrite: Annotated[bool, about("Likewise, unless something is there.")] = False


NOTHING_FIRST = Building()
"""What is made when no option says so."""


async def find_pool(session: Session, text: str) -> StoragePool:
    """The pool of that UUID or name, looked for in this order, as virsh does.

    Raises:
        NotFound: There is none.
    """
    with suppress(ValueError, NotFound):
        return await session.host.pools.get(UUID(text))
    try:
        return await session.host.pools.get(text)
    except NotFound as error:
        raise NotFound(
            str(error), hint=error.hint or "aiovirt pool-list --all shows what there is"
        ) from error


async def find_volume(session: Session, text: str, pool: str | None) -> StorageVolume:
    """The volume of that name in the pool, or of that key or path, in this order, as virsh does.

    Raises:
        NotFound: There is none.
        InvalidState: The pool is not active.
    """
    owner = None if pool is None else await find_pool(session, pool)
    if owner is not None:
        if not await owner.is_active():
            raise InvalidState(
                f"pool '{owner.name}' is not active", hint=f"aiovirt pool-start {owner.name}"
            )
        with suppress(NotFound):
            return await owner.volume(text)
    try:
        found = await session.host.pools.volume(text)
    except NotFound as error:
        hint = "give its pool with --pool" if pool is None else f"aiovirt vol-list {pool}"
        raise NotFound(f"there is no volume {text!r}", hint=hint) from error
    if owner is not None and found.pool_name != owner.name:
        raise NotFound(
            f"volume {text!r} is in pool '{found.pool_name}', not in '{owner.name}'",
            hint="leave --pool out, or name that pool",
        )
    return found


def amount(text: str, option: str) -> Bytes:
    """A size as users write it, such as ``10G``.

    Raises:
        ConfigError: It is none; the option is named.
    """
    try:
        return Bytes.parse(text)
    except ConfigError as error:
        raise ConfigError(f"{option}: {error}", field=option, hint=error.hint) from error


def pretty(count: int, digits: int = 2) -> str:
    """An amount as virsh shows it, such as ``1.50 GiB``; of domains it shows three digits."""
    value, power = float(count), 0
    while value >= _STEP and power + 1 < len(_UNITS):
        value, power = value / _STEP, power + 1
    return f"{value:.{digits}f} {_UNITS[power]}"


def describe_pool(record: StoragePoolRecord) -> Row:
    """A pool, as documented in docs/cli.md."""
    state = record.info.state
    return {
        "name": record.key.name,
        "uuid": str(record.key.uuid),
        "state": state.label if isinstance(state, PoolState) else str(state),
        "persistent": record.persistent,
        "autostart": record.autostart,
        "capacity": record.info.capacity,
        "allocation": record.info.allocation,
        "available": record.info.available,
    }


def describe_volume(record: StorageVolumeRecord) -> Row:
    """A volume, as documented in docs/cli.md."""
    kind = record.info.type
    return {
        "name": record.key.name,
        "pool": record.key.pool,
        "key": record.key.key,
        "path": record.path,
        "type": kind.label if isinstance(kind, VolumeType) else str(kind),
        "capacity": record.info.capacity,
        "allocation": record.info.allocation,
    }


def pool_done(key: StoragePoolKey, result: str, sentence: str) -> Plain:
    """The confirmation that something was done to a pool."""
    data = {"name": key.name, "uuid": str(key.uuid), "result": result}
    return Plain(sentence, data, [key.name], chatter=True)


def volume_done(key: StorageVolumeKey, result: str, sentence: str, **more: object) -> Plain:
    """The confirmation that something was done to a volume."""
    data = {"name": key.name, "pool": key.pool, "key": key.key, "result": result, **more}
    return Plain(sentence, data, [key.name], chatter=True)
