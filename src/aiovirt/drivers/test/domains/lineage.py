"""Taking snapshots and checkpoints out of their trees."""

from __future__ import annotations

from typing import Protocol, TypeVar

from aiovirt.drivers.common.points import doomed, right_below

__all__ = ["delete"]


class Member(Protocol):
    """A snapshot or a checkpoint."""

    parent: str | None


M = TypeVar("M", bound=Member)


def delete(tree: dict[str, M], name: str, current: str | None, flags: int) -> str | None:
    """Take out one, all that are below it, or both; those below what goes are then from its parent.

    Args:
        tree: All of them.
        name: Which one.
        current: The one that is the current one.
        flags: libvirt's of deleting.

    Returns:
        The one that is the current one then.
    """
    for each in doomed(tree, name, flags):
        children = right_below(tree, each)
        parent = tree.pop(each).parent
        for child in children:
            tree[child].parent = parent
        if current == each:
            current = parent if parent in tree else None
    return current
