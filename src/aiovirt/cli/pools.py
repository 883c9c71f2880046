"""Verbs about storage pools that are there: each is one verb of `StoragePool`, and a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.results import Plain
from aiovirt.cli.session import Session
from aiovirt.cli.storage import NOTHING_FIRST, Building, PoolArg, find_pool, pool_done

if TYPE_CHECKING:
    from aiovirt.objects import StoragePool

__all__ = [
    "pool_autostart",
    "pool_build",
    "pool_capabilities",
    "pool_delete",
    "pool_destroy",
    "pool_dumpxml",
    "pool_name",
    "pool_refresh",
    "pool_start",
    "pool_undefine",
    "pool_uuid",
]


async def _act(
    session: Session,
    pool: str,
    verb: Callable[[StoragePool], Awaitable[None]],
    result: str,
    sentence: str | None = None,
) -> Plain:
    """Find the pool, do it, and confirm it.

    Args:
        session: The open host.
        pool: Name or UUID.
        verb: What to do.
        result: The word that programs get.
        sentence: What people read after the pool's name; the same if None.
    """
    found = await find_pool(session, pool)
    async with session.progress(f"{found.name}: waiting until it is {result}"):
        await verb(found)
    return pool_done(found.key, result, f"Pool {found.name} {sentence or result}")


async def pool_start(
    pool: PoolArg, *, building: Building = NOTHING_FIRST, session: SessionArg
) -> Plain:
    """Start a storage pool that is defined.

    For example:

        aiovirt pool-start default
        aiovirt pool-start --build images
    """

    async def verb(found: StoragePool) -> None:
        await found.start(
            build=building.build,
            overwrite=building.overwrite,
            no_overwrite=building.no_overwrite,
        )

    return await _act(session, pool, verb, "started")


async def pool_build(
    pool: PoolArg,
    *,
    overwrite: Annotated[bool, about("Whatever is there.")] = False,
    no_overwrite: Annotated[bool, about("Unless something is there.")] = False,
    session: SessionArg,
) -> Plain:
    """Make the folder, the file system or the volume group of a storage pool.

    For example:

        aiovirt pool-build images
    """

    async def verb(found: StoragePool) -> None:
        await found.build(overwrite=overwrite, no_overwrite=no_overwrite)

    return await _act(session, pool, verb, "built")


async def pool_destroy(pool: PoolArg, *, session: SessionArg) -> Plain:
    """Stop a storage pool; its volumes stay.

    For example:

        aiovirt pool-destroy images
    """
    return await _act(session, pool, lambda found: found.destroy(), "destroyed")


async def pool_delete(pool: PoolArg, *, session: SessionArg) -> Plain:
    """Remove what an inactive storage pool is made of, for good.

    For example:

        aiovirt pool-delete images
    """
    return await _act(session, pool, lambda found: found.delete(), "deleted")


async def pool_undefine(pool: PoolArg, *, session: SessionArg) -> Plain:
    """Remove the definition of an inactive storage pool; its volumes stay.

    For example:

        aiovirt pool-undefine images
    """
    return await _act(
        session, pool, lambda found: found.undefine(), "undefined", "has been undefined"
    )


async def pool_refresh(pool: PoolArg, *, session: SessionArg) -> Plain:
    """Let a storage pool look anew at which volumes there are.

    For example:

        aiovirt pool-refresh images
    """
    return await _act(session, pool, lambda found: found.refresh(), "refreshed")


async def pool_autostart(
    pool: PoolArg,
    *,
    disable: Annotated[bool, about("Do not start it with the daemon any more.")] = False,
    session: SessionArg,
) -> Plain:
    """Let a storage pool start with the daemon.

    For example:

        aiovirt pool-autostart images
        aiovirt pool-autostart --disable images
    """
    result = "unmarked" if disable else "marked"
    return await _act(
        session,
        pool,
        lambda found: found.set_autostart(autostart=not disable),
        result,
        f"{result} as autostarted",
    )


async def pool_dumpxml(
    pool: PoolArg,
    *,
    inactive: Annotated[bool, about("The definition, even if it is active.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the configuration of a storage pool as XML.

    For example:

        aiovirt pool-dumpxml images > images.xml
    """
    found = await find_pool(session, pool)
    xml = await found.xml(inactive=inactive)
    data = {"name": found.name, "uuid": str(found.uuid), "xml": xml}
    return Plain(xml.rstrip("\n"), data, [found.name])


async def pool_name(pool: PoolArg, *, session: SessionArg) -> Plain:
    """Print the name of a storage pool.

    For example:

        aiovirt pool-name 3b6accc2-7d16-46ce-b996-397b0cabbe2c
    """
    return _identity(await find_pool(session, pool), "name")


async def pool_uuid(pool: PoolArg, *, session: SessionArg) -> Plain:
    """Print the UUID of a storage pool.

    For example:

        aiovirt pool-uuid images
    """
    return _identity(await find_pool(session, pool), "uuid")


def _identity(pool: StoragePool, key: str) -> Plain:
    data = {"name": pool.name, "uuid": str(pool.uuid)}
    return Plain(data[key], data, [data[key]])


async def pool_capabilities(*, session: SessionArg) -> Plain:
    """Print which types of storage pools and volumes the host knows, as XML.

    For example:

        aiovirt pool-capabilities
    """
    xml = await session.host.pools.capabilities()
    return Plain(xml.rstrip("\n"), {"xml": xml}, [])
