"""Memory and virtual CPUs: how many, how much, and what backs them."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import CPUSET
from aiovirt.config._scalars import Flag, Number, Size, Text, flag, number, size, text
from aiovirt.config._view import View
from aiovirt.errors import XMLError

__all__ = ["VCPU", "MemoryBacking"]


class VCPU(View, tag="vcpu"):
    """The virtual CPUs (``<vcpu>``).

    Attributes:
        max: The most that the guest can have: what it has, unless `current` is given.
        current: How many it starts with.
        placement: Whether the host's CPUs for them are the `cpuset`, or chosen by numad.
        cpuset: The host's CPUs that they may run on, such as ``0-3,^2``.
    """

    max: Number = number(".", low=1, high=MAX_UINT16, required=True)
    current: Number = number("@current", low=1, high=MAX_UINT16)
    placement: Text = text("@placement", known=("static", "auto"))
    cpuset: Text = text("@cpuset", form=CPUSET)

    def _rules_(self) -> Iterator[XMLError]:
        """No more CPUs at the start than there can be."""
        if self.max is not None and (self.current or 0) > self.max:
            yield VCPU.current.error(
                self, f"{self.current} virtual CPUs of {self.max}", expected=f"at most {self.max}"
            )


class MemoryBacking(View, tag="memoryBacking"):
    """What backs the guest's memory on the host."""

    hugepages: Flag = flag("hugepages")
    hugepage_size: Size = size("hugepages/page/@size", repeats=True)
    nosharepages: Flag = flag("nosharepages")
    locked: Flag = flag("locked")
    source: Text = text("source/@type", known=("file", "anonymous", "memfd"))
    access: Text = text("access/@mode", known=("shared", "private"))
    allocation: Text = text("allocation/@mode", known=("immediate", "ondemand"))
    discard: Flag = flag("discard")
