"""The bitmaps of checkpoints, which go along with the disks that are copied.

The source offers those that are whole, the destination says which of them it takes, and QEMU sends
them with the last of the memory. Their records do not move: who wants them defines them anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeAlias

import anyio

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.engine.bitmaps import (
    Bitmaps,
    add_action,
    ask_bitmaps,
    merge_action,
)
from aiovirt.drivers.qemu.engine.blockjobs import live_links
from aiovirt.drivers.qemu.engine.chains import Link
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import find_disk, number_of
from aiovirt.drivers.qemu.migration.cookie import Noted
from aiovirt.drivers.qemu.migration.parameters import COPY_NEWEST, Wishes
from aiovirt.drivers.qemu.migration.storage import target_of
from aiovirt.errors import AiovirtError, NotFound, ProtocolError, QMPCommandError

__all__ = ["MAPPING", "Rows", "clear_merged", "merged", "offered", "taken"]

Rows: TypeAlias = Sequence[Mapping[str, object]]
"""The value of `MAPPING`."""

MAPPING: Final = "block-bitmap-mapping"
"""QEMU's parameter that says which bitmaps go along, and as what."""
_Actions: TypeAlias = list[dict[str, object]]

_MERGED: Final = "aiovirt-move-"
"""How the bitmaps begin that are made for a move alone."""


async def offered(monitor: BoundedMonitor, config: DomainConfig, disks: Sequence[Disk]) -> Noted:
    """What a source has that is whole; the names by which they go are libvirt's."""
    found = await ask_bitmaps(monitor)
    offer = {target_of(disk): _whole(found, live_links(config, disk)) for disk in disks}
    return {
        target: {name: f"libvirt-{target}-{name}" for name in names}
        for target, names in offer.items()
        if names
    }


def _whole(found: Bitmaps, links: Sequence[Link]) -> list[str]:
    return [
        name
        for name in found.whole(format_node(links[0].number))
        if found.sources(links, name) and not name.startswith(_MERGED)
    ]


async def taken(
    monitor: BoundedMonitor, config: DomainConfig, disks: Sequence[Disk], offer: Noted
) -> tuple[Noted, Rows]:
    """What a destination takes: what its images can keep, and do not have already."""
    found = await ask_bitmaps(monitor) if offer else Bitmaps(())
    takes: dict[str, Mapping[str, str]] = {}
    rows: list[Mapping[str, object]] = []
    for disk in disks:
        target, node = target_of(disk), format_node(number_of(config, disk))
        names = _missing(found, node, offer.get(target, {}))
        if names:
            takes[target] = names
            rows.append(_row(node, target, [_bitmap(*each) for each in names.items()]))
    return takes, rows


def _missing(found: Bitmaps, node: str, names: Mapping[str, str]) -> dict[str, str]:
    """Those of an image that it can keep, and does not have."""
    if not found.can_keep(node):
        return {}
    there = found.names(node)
    return {name: alias for name, alias in names.items() if name not in there}


def _row(node: str, target: str, bitmaps: list[dict[str, object]]) -> dict[str, object]:
    return {"node-name": node, "alias": target, "bitmaps": bitmaps}


def _bitmap(name: str, alias: str) -> dict[str, object]:
    return {"name": name, "alias": alias}


@asynccontextmanager
async def merged(
    monitor: BoundedMonitor, config: DomainConfig, wishes: Wishes, noted: Noted
) -> AsyncIterator[Rows]:
    """A block in which a source's bitmaps are as the copies need them; what is sent of them.

    A copy of the whole disk is one image: what several of a chain note is put together for it.

    Raises:
        ProtocolError: The destination takes bitmaps of a disk that there is not.
    """
    if not noted:
        yield []
        return
    found = await ask_bitmaps(monitor)
    actions: _Actions = []
    alone = bool(wishes.flags & COPY_NEWEST)
    rows = [
        _sent(found, live_links(config, _disk(config, target)), target, names, actions, alone=alone)
        for target, names in noted.items()
    ]
    try:
        if actions:
            await monitor.execute("transaction", {"actions": actions})
        yield rows
    finally:
        if actions:
            with anyio.CancelScope(shield=True):
                await clear_merged(monitor)


def _sent(
    found: Bitmaps,
    links: Sequence[Link],
    target: str,
    names: Mapping[str, str],
    actions: _Actions,
    *,
    alone: bool,
) -> dict[str, object]:
    """What is sent of a disk; what must be done for that first is added to `actions`."""
    node = format_node(links[0].number)
    bitmaps = []
    for name, alias in names.items():
        sources = found.sources(links, name)
        if alone or sources in ([], [node]):
            bitmaps.append(_bitmap(name, alias))
            continue
        whole = f"{_MERGED}{name}"
        actions += [
            add_action(node, whole, persistent=False),
            merge_action(node, whole, sources, name),
        ]
        bitmaps.append({**_bitmap(whole, alias), "transform": {"persistent": True}})
    return _row(node, target, bitmaps)


def _disk(config: DomainConfig, target: str) -> Disk:
    try:
        return find_disk(config, target)
    except NotFound as error:
        raise ProtocolError(f"the destination takes bitmaps of a disk {target!r}") from error


async def clear_merged(monitor: BoundedMonitor) -> None:
    """Remove what was put together for a move; one that cannot be asked has nothing of it."""
    with suppress(AiovirtError):
        told: Any = await monitor.execute("query-named-block-nodes", {"flat": True})
        for node, name in _merged_of(told):
            with suppress(QMPCommandError):  # it is just being sent, and goes with QEMU
                arguments = {"node": node, "name": name}
                await monitor.execute("block-dirty-bitmap-remove", arguments)


def _merged_of(told: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The nodes and names of all bitmaps that were made for a move alone."""
    return [
        (node["node-name"], each["name"])
        for node in told
        for each in node.get("dirty-bitmaps", ())
        if each.get("name", "").startswith(_MERGED)
    ]
