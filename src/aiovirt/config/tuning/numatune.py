"""``<numatune>``: from which nodes of the host the domain's memory comes."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._forms import CPUSET
from aiovirt.config._laws import Only
from aiovirt.config._scalars import Number, Text, number, text
from aiovirt.config._view import View

__all__ = ["MemoryNode", "NumaTune"]

MODES = ("strict", "preferred", "interleave", "restrictive")


class MemoryNode(View, tag="memnode"):
    """From where the memory of one of the guest's NUMA nodes comes."""

    cellid: Number = number("@cellid", required=True)
    mode: Text = text("@mode", known=MODES, required=True)
    nodeset: Text = text("@nodeset", form=CPUSET, required=True)


class NumaTune(View, tag="numatune"):
    """From where the domain's memory comes.

    Attributes:
        mode: Whether only the nodes are taken, or others as well.
        placement: Whether the nodes are `nodeset`, or chosen by numad.
        nodeset: The host's nodes, such as ``0-1``.
        memnodes: What differs by the guest's nodes.
    """

    mode: Text = text("memory/@mode", known=MODES)
    placement: Text = text("memory/@placement", known=("static", "auto"))
    nodeset: Text = text("memory/@nodeset", form=CPUSET)
    memnodes: Many[MemoryNode] = children("memnode", MemoryNode)

    _laws_ = (Only(("static",), ("nodeset",), by="placement", default="static"),)
