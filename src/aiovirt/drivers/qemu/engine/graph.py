"""The graph of QEMU's block nodes: which images a disk is on now, and which nodes there are.

It is what counts when a job has ended, perhaps while nobody looked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiovirt.drivers.qemu.engine.figures import alias_in
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor

__all__ = ["BlockGraph", "ask_graph"]

_FORMAT: Final = re.compile(r"libvirt-(\d+)-format")
_THROTTLE: Final = re.compile(r"libvirt-(\d+)-throttle")
_OURS: Final = re.compile(r"libvirt-(?:CoR-)?(\d+)(?:-\w+(?:-\w+)*)?")
_DOWN: Final = ("backing", "file", "root")
"""The edges that lead to what a node shows, the first that is there: behind it, or below."""


class BlockGraph:
    """What QEMU said of it.

    Args:
        told: The answer to ``x-debug-query-block-graph``.
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._names: dict[int, str] = {node["id"]: node["name"] for node in told["nodes"]}
        self._backends: dict[str, int] = {
            alias_in(node["name"]): node["id"]
            for node in told["nodes"]
            if node["type"] == "block-backend" and node["name"]
        }
        self._edges: dict[int, dict[str, int]] = {}
        for edge in told["edges"]:
            self._edges.setdefault(edge["parent"], {})[edge["name"]] = edge["child"]

    def chain(self, alias: str) -> list[int]:
        """The numbers of the images that a device is on, the topmost first; none if it has none."""
        found: list[int] = []
        for name, _ in self._below(self._backends.get(alias)):
            image = _FORMAT.fullmatch(name)
            if image:
                found.append(int(image[1]))
        return found

    def root(self, alias: str) -> str:
        """The node that a device is on itself: its image's, or a filter above; empty if none."""
        names = [name for name, _ in self._below(self._backends.get(alias))]
        return names[1] if len(names) > 1 else ""

    def throttles(self, alias: str) -> list[str]:
        """The numbers of the limits' filters above a device's image."""
        names = (_THROTTLE.fullmatch(name) for name, _ in self._below(self._backends.get(alias)))
        return [found[1] for found in names if found]

    def _below(self, place: int | None) -> Iterator[tuple[str, int]]:
        while place is not None:
            name = self._names[place]
            yield name, place
            edges = self._edges.get(place, {})
            ways = ("backing",) if _FORMAT.fullmatch(name) else _DOWN
            place = next((edges[way] for way in ways if way in edges), None)

    def numbers(self) -> set[int]:
        """The numbers of all images that there are nodes of."""
        found = (_OURS.fullmatch(name) for name in self._names.values())
        return {int(match[1]) for match in found if match}


async def ask_graph(monitor: BoundedMonitor) -> BlockGraph:
    """Ask QEMU for it."""
    told: Any = await monitor.execute("x-debug-query-block-graph")
    return BlockGraph(told)
