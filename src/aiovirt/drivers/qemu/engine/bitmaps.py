"""Bitmaps of checkpoints: which there are, and that none is lost when images are merged or left.

A bitmap of one name may be in several images of a chain: each notes what was written while its
image was the topmost.  A bitmap that QEMU calls inconsistent was not saved: it tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.engine.chains import Link
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.errors import QMPCommandError
from aiovirt.protocols.qmp.commands import DirtyBitmap

__all__ = ["Bitmaps", "add_action", "ask_bitmaps", "carry_bitmaps", "merge_action"]

_FIRST_QCOW2: Final = "0.10"


class Bitmaps:
    """The bitmaps that QEMU knows.

    Args:
        told: The answer to ``query-named-block-nodes``.
    """

    def __init__(self, told: Iterable[Mapping[str, Any]]) -> None:
        rows = list(told)
        self._found = {
            node["node-name"]: {each.name: each for each in _dirty(node) if each.name}
            for node in rows
        }
        self._kept = {
            node["node-name"]: _specific(node) for node in rows if node.get("drv") == "qcow2"
        }

    def whole(self, node: str) -> list[str]:
        """The names of those of a node that are kept and note what is written."""
        return [name for name, each in self._found.get(node, {}).items() if each.whole]

    def names(self, node: str) -> frozenset[str]:
        """The names of all of a node, whole or not, also of those that only its image has yet."""
        kept = self._kept.get(node, {}).get("bitmaps", ())
        return frozenset(self._found.get(node, ())) | {each["name"] for each in kept}

    def can_keep(self, node: str) -> bool:
        """Whether a node's image has room for bitmaps: qcow2 has, but for its first format."""
        compat: object = self._kept.get(node, {}).get("compat", _FIRST_QCOW2)
        return compat != _FIRST_QCOW2

    def dirty(self, links: Sequence[Link], name: str) -> int | None:
        """How many bytes a checkpoint's bitmaps of a chain note; None if they are not whole."""
        nodes = self.sources(links, name)
        return sum(self._found[node][name].count for node in nodes) if nodes else None

    def sources(self, links: Sequence[Link], name: str) -> list[str]:
        """The nodes of a chain that have a bitmap, the topmost first; none if one is missing.

        From the topmost image on each has it, down to the one it was made on.
        """
        found: list[str] = []
        for link in links:
            node = format_node(link.number)
            if name not in self.whole(node):
                if name in self._found.get(node, {}):
                    return []  # it is there, and was not saved
                break
            found.append(node)
        return found


def _dirty(node: Mapping[str, Any]) -> list[DirtyBitmap]:
    return msgspec.convert(node.get("dirty-bitmaps", []), list[DirtyBitmap])


def _specific(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What QEMU tells of a node's image that only its format has."""
    found: Mapping[str, Any] = node.get("image", {}).get("format-specific", {}).get("data", {})
    return found


async def ask_bitmaps(monitor: BoundedMonitor) -> Bitmaps:
    """Ask QEMU for them."""
    told: Any = await monitor.execute("query-named-block-nodes", {"flat": True})
    return Bitmaps(told)


def add_action(
    node: str, name: str, *, persistent: bool = True, disabled: bool = False
) -> dict[str, object]:
    """The part of a transaction that makes a bitmap."""
    data = {"node": node, "name": name, "persistent": persistent, "disabled": disabled}
    return {"type": "block-dirty-bitmap-add", "data": data}


def merge_action(node: str, name: str, nodes: Sequence[str], source: str) -> dict[str, object]:
    """The part of a transaction that adds to a bitmap what others note."""
    bitmaps = [{"node": each, "name": source} for each in nodes]
    data = {"node": node, "target": name, "bitmaps": bitmaps}
    return {"type": "block-dirty-bitmap-merge", "data": data}


async def carry_bitmaps(
    monitor: BoundedMonitor, links: Sequence[Link], into: str, *, below: bool = False
) -> None:
    """Let an image note what others of its chain do, which are about to be left.

    What cannot be carried is lost, and a backup from such a checkpoint then copies all.

    Args:
        monitor: QEMU's.
        links: The images that are left.
        into: The node that stays, and may be written to.
        below: Whether the images are below it: then only what it notes itself is completed.
    """
    bitmaps = await ask_bitmaps(monitor)
    there = bitmaps.whole(into)
    names = {name for link in links for name in bitmaps.whole(format_node(link.number))}
    for name in sorted(names):
        if (name in there) is not below:
            continue
        nodes = [
            format_node(link.number)
            for link in links
            if name in bitmaps.whole(format_node(link.number))
        ]
        actions = [] if below else [add_action(into, name)]
        actions.append(merge_action(into, name, nodes, name))
        with suppress(QMPCommandError):
            await monitor.execute("transaction", {"actions": actions})
