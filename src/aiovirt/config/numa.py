"""The guest's NUMA nodes: processors, memory, caches, and how far they are from each other."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._codecs import MAX_UINT32
from aiovirt.config._forms import CPUSET
from aiovirt.config._laws import Always
from aiovirt.config._scalars import Number, Size, Switch, Text, number, size, text, yes_no
from aiovirt.config._view import View
from aiovirt.model.units import Bytes, KiB

__all__ = ["NumaBandwidth", "NumaCache", "NumaCell", "NumaDistance", "NumaLatency"]

NEAREST, FARTHEST = 10, 255
ACCESSES = ("access", "read", "write")
_MAX_KIB = KiB(MAX_UINT32)


class NumaDistance(View, tag="sibling"):
    """How far another node is: 10 is no distance (ACPI, SLIT)."""

    id: Number = number("@id", required=True)
    value: Number = number("@value", low=NEAREST, high=FARTHEST, required=True)


class NumaCache(View, tag="cache"):
    """A cache of a node's memory (ACPI, HMAT)."""

    level: Number = number("@level", required=True)
    associativity: Text = text("@associativity", known=("none", "direct", "full"), required=True)
    policy: Text = text("@policy", known=("none", "writeback", "writethrough"), required=True)
    line: Size = size("line/@value", unit="B", most=Bytes(MAX_UINT32), required=True)
    size: Size = size("size/@value", most=_MAX_KIB, required=True)

    _laws_ = (Always(("size", "line")),)


class NumaCell(View, tag="cell"):
    """A NUMA node of the guest.

    Attributes:
        discard: Whether the memory's content is thrown away when the guest ends.
        distances: How far other nodes are.
        caches: What lies between the node's memory and its users.
    """

    id: Number = number("@id")
    cpus: Text = text("@cpus", form=CPUSET)
    memory: Size = size("@memory", required=True)
    mem_access: Text = text("@memAccess", known=("shared", "private"))
    discard: Switch = yes_no("@discard")
    distances: Many[NumaDistance] = children("distances/sibling", NumaDistance)
    caches: Many[NumaCache] = children("cache", NumaCache)


class NumaPath(View):
    """The way from one node's processors to another's memory, or to one of its caches."""

    initiator: Number = number("@initiator", required=True)
    target: Number = number("@target", required=True)
    cache: Number = number("@cache")
    type: Text = text("@type", known=ACCESSES, required=True)


class NumaLatency(NumaPath, tag="latency"):
    """How long an access takes, in nanoseconds."""

    value: Number = number("@value", required=True)


class NumaBandwidth(NumaPath, tag="bandwidth"):
    """How much can be moved in a second."""

    value: Size = size("@value", most=_MAX_KIB, required=True)
