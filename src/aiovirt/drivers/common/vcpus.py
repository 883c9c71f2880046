"""Which virtual processors a domain's document says there are: by number, and how many."""

from __future__ import annotations

from collections.abc import Collection

from aiovirt.config import DomainConfig
from aiovirt.config.tuning.threads import VcpuState
from aiovirt.errors import CallerError
from aiovirt.model.cpusets import format_cpus

__all__ = ["enabled_vcpus", "set_enabled_vcpus", "set_most_vcpus", "vcpus_by_count"]


def enabled_vcpus(config: DomainConfig) -> frozenset[int]:
    """The numbers of those that the guest has."""
    if config.vcpu_states:
        return frozenset(each.id or 0 for each in config.vcpu_states.vcpus if each.enabled)
    return frozenset(range(config.vcpu.current or config.vcpus or 1))


def vcpus_by_count(config: DomainConfig, count: int) -> frozenset[int]:
    """Those that there are when so many are wanted: the lowest come, and the highest go.

    Raises:
        CallerError: There are none then, or more than it may have.
    """
    most = config.vcpus or 1
    if not 1 <= count <= most:
        raise CallerError(f"{count} virtual processors of a domain that may have 1 to {most}")
    now = sorted(enabled_vcpus(config))
    free = (number for number in range(most) if number not in now)
    return frozenset([*now, *free][:count] if count >= len(now) else now[:count])


def set_enabled_vcpus(
    config: DomainConfig, numbers: Collection[int], *, hotpluggable: Collection[int] = ()
) -> None:
    """Let these be those that the guest has.

    Args:
        config: The document.
        numbers: The processors.
        hotpluggable: Those of them that can be taken out while the guest runs.

    Raises:
        CallerError: Number 0 is not among them, or one is that it cannot have.
    """
    most = config.vcpus or 1
    wrong = sorted(number for number in numbers if not 0 <= number < most)
    if wrong:
        raise CallerError(f"there is no virtual processor {format_cpus(wrong)}: there are {most}")
    if 0 not in numbers:
        raise CallerError("a guest cannot do without its virtual processor 0")
    config.vcpu.current = None if len(numbers) == most else len(numbers)
    one_by_one = sorted(numbers) != list(range(len(numbers)))
    if not config.vcpu_states and not one_by_one and not hotpluggable:
        return  # the count says all
    before = {each.id for each in config.vcpu_states.vcpus if each.hotpluggable}
    # QEMU starts with the lowest, and is given the others one by one: so none of these comes
    # before one that it starts with.
    first = min(
        number
        for number in range(1, most + 1)
        if number in before or number in hotpluggable or number not in numbers
    )
    config.vcpu_states.vcpus = [
        VcpuState(id=number, enabled=number in numbers, hotpluggable=number >= first)
        for number in range(most)
    ]


def set_most_vcpus(config: DomainConfig, count: int) -> None:
    """Let a guest have so many at most, from its next start on.

    Raises:
        CallerError: That is none.
    """
    if count < 1:
        raise CallerError("a domain has one virtual processor at least")
    if config.vcpu.current is not None and config.vcpu.current >= count:
        config.vcpu.current = None
    config.vcpus = count
    if config.vcpu_states:
        kept = {number for number in enabled_vcpus(config) if number < count}
        config.vcpu_states.vcpus = [v for v in config.vcpu_states.vcpus if (v.id or 0) < count]
        set_enabled_vcpus(config, kept)
