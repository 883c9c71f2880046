"""Memory and virtual CPUs: how many, how much, and what backs them."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import Many, children
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import CPUSET
from aiovirt.config._scalars import Flag, Number, Size, Text, flag, number, size, text
from aiovirt.config._view import View
from aiovirt.errors import XMLError

__all__ = ["VCPU", "HugePages", "MemoryBacking"]


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


class HugePages(View, tag="page"):
    """Huge pages of one size, for the guest's nodes `nodeset`, such as ``0-1``."""

    size: Size = size("@size", required=True)
    nodeset: Text = text("@nodeset", form=CPUSET)


class MemoryBacking(View, tag="memoryBacking"):
    """What backs the guest's memory on the host.

    Attributes:
        hugepage_size: The first size of huge pages; `pages` has all.
        allocation_threads: How many threads take the memory at the start.
    """

    hugepages: Flag = flag("hugepages")
    hugepage_size: Size = size("hugepages/page/@size", repeats=True)
    pages: Many[HugePages] = children("hugepages/page", HugePages)
    nosharepages: Flag = flag("nosharepages")
    locked: Flag = flag("locked")
    source: Text = text("source/@type", known=("file", "anonymous", "memfd"))
    access: Text = text("access/@mode", known=("shared", "private"))
    allocation: Text = text("allocation/@mode", known=("immediate", "ondemand"))
    allocation_threads: Number = number("allocation/@threads")
    discard: Flag = flag("discard")
