"""Where and how QEMU's threads run: pins, limits and schedulers of ``<cputune>``."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from anyio import to_thread
from lxml import etree

from aiovirt.config import DomainConfig, Node, element
from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.process.groups import asks_of_threads, set_up_threads
from aiovirt.drivers.qemu.process.limits import place_threads
from aiovirt.errors import AiovirtError, ConfigError
from aiovirt.host.scheduling import POLICIES, host_cpus, set_affinity, set_policy, threads_of
from aiovirt.model.cpusets import format_cpus, parse_cpus
from aiovirt.protocols.qmp.commands import IOThreadInfo, QueryCpusFast, QueryIothreads

__all__ = [
    "Threads",
    "apply_to_threads",
    "iothread_ids",
    "look_up_threads",
    "part_threads",
    "pinned",
    "section",
    "set_pin",
]

log = logging.getLogger("aiovirt.qemu")

_AFTER = ("os",)
"""What the sections of tuning stand before, so that the document has libvirt's order."""


def section(config: DomainConfig, name: str, *, make: bool = False) -> Node | None:
    """A section of tuning, such as ``cputune``."""
    node = element(config)
    if node is None:
        return None
    found = node.find(name)
    if found is None and make:
        found = etree.Element(name)
        place = next((each for tag in _AFTER if (each := node.find(tag)) is not None), None)
        if place is None:
            node.append(found)
        else:
            place.addprevious(found)
    return found


def pinned(config: DomainConfig, tag: str, key: tuple[str, int] | None = None) -> frozenset[int]:
    """The processors that ``<vcpupin>``, ``<emulatorpin>`` or ``<iothreadpin>`` name.

    Where nothing is named, those of the domain, or else all of the host.
    """
    node = _pin(config, tag, key)
    text = node.get("cpuset") if node is not None else config.vcpu.cpuset
    return parse_cpus(text) if text else frozenset(range(host_cpus()))


def set_pin(
    config: DomainConfig, tag: str, key: tuple[str, int] | None, cpus: Collection[int]
) -> None:
    """Write a pin; all processors of the host take it out."""
    node = _pin(config, tag, key)
    if set(cpus) >= set(range(host_cpus())):
        if node is not None and (above := node.getparent()) is not None:
            above.remove(node)
            if not len(above) and (document := above.getparent()) is not None:
                document.remove(above)
        return
    if node is None:
        above = section(config, "cputune", make=True)
        if above is None:
            return
        node = etree.SubElement(above, tag)
        if key is not None:
            node.set(key[0], str(key[1]))
    node.set("cpuset", format_cpus(cpus))


def _pin(config: DomainConfig, tag: str, key: tuple[str, int] | None) -> Node | None:
    tuning = section(config, "cputune")
    for node in () if tuning is None else tuning.iterchildren(tag):
        if key is None or node.get(key[0]) == str(key[1]):
            return node
    return None


# --- the threads of a QEMU ------------------------------------------------------------------------


@dataclass(frozen=True)
class Threads:
    """The threads of a QEMU.

    Attributes:
        vcpus: Those of the virtual processors, by their numbers.
        iothreads: Those of the I/O threads, by their numbers.
        others: All others.
    """

    vcpus: Mapping[int, int]
    iothreads: Mapping[int, int]
    others: Sequence[int]

    def by_group(self) -> dict[str, Sequence[int]]:
        """By the names of their control groups: ``emulator``, ``vcpu0``, ``iothread1``, …."""
        return {
            "emulator": self.others,
            **{f"vcpu{number}": [thread] for number, thread in self.vcpus.items()},
            **{f"iothread{number}": [thread] for number, thread in self.iothreads.items()},
        }

    def of(self, kind: str, numbers: Collection[int]) -> list[int]:
        """Those of a kind, ``vcpu`` or ``iothread``, with these numbers."""
        known = self.vcpus if kind == "vcpu" else self.iothreads
        return [known[number] for number in sorted(numbers) if number in known]


async def look_up_threads(monitor: BoundedMonitor, pid: int) -> Threads:
    """The threads of a QEMU that runs."""
    all_threads = threads_of(pid)  # at first: one that comes meanwhile is not taken for another
    cpus, found = await monitor.call_all(QueryCpusFast(), QueryIothreads())
    vcpus = {cpu.cpu_index: cpu.thread_id for cpu in cpus}
    iothreads = _numbered(found)
    known = {*vcpus.values(), *iothreads.values()}
    return Threads(vcpus, iothreads, [each for each in all_threads if each not in known])


async def iothread_ids(monitor: BoundedMonitor) -> Mapping[int, int]:
    """The threads of the I/O threads, by their numbers."""
    return _numbered(await monitor.call(QueryIothreads()))


def _numbered(found: Iterable[IOThreadInfo]) -> Mapping[int, int]:
    return {
        int(thread.id.removeprefix("iothread")): thread.thread_id
        for thread in found
        if thread.id.removeprefix("iothread").isdecimal()
    }


async def apply_to_threads(monitor: BoundedMonitor, live: LiveDomain) -> None:
    """Hold the threads of a QEMU that was just started to what its configuration says.

    Raises:
        HostError: The host has no such processors, or does not let us.
        ConfigError: The kernel refuses a figure.
    """
    config = live.config
    tuning = section(config, "cputune")
    limited = live.group is not None and asks_of_threads(config)
    if config.vcpu.cpuset is None and not limited and not _of_threads(tuning):
        return
    async with live.placing:
        threads = await look_up_threads(monitor, live.process.pid)
        if live.group is not None and limited:
            set_up_threads(live.group, config, threads.by_group())
    if config.vcpu.cpuset is not None or _of_threads(tuning, _PINS):
        _apply_pins(config, threads)
    for row in () if tuning is None else tuning.iterchildren(*_POLICIES):
        _apply_policy(row, threads)


async def part_threads(live: LiveDomain) -> None:
    """Give the threads of a QEMU the groups that libvirt gives them, below the guest's own.

    A guest that cannot have them, as where the host lets us move no threads, runs without: what is
    asked of such groups is put and refused elsewhere.  Moving a thread takes the kernel some
    milliseconds, so it is done in a thread.

    Cancellation: some threads are where they were.
    """
    if live.group is None or live.monitor is None:
        return
    try:
        async with live.placing:
            threads = await look_up_threads(live.monitor, live.process.pid)
            await to_thread.run_sync(place_threads, live.group, threads.by_group())
    except AiovirtError as error:
        log.debug("threads of domain %s: %s", live.config.name, error)


_PINS: Final = ("vcpupin", "emulatorpin", "iothreadpin")
_POLICIES: Final = {"vcpusched": "vcpus", "iothreadsched": "iothreads", "emulatorsched": ""}
"""The elements with policies, and their attributes that say whose they are."""


def _of_threads(tuning: Node | None, tags: Iterable[str] = (*_PINS, *_POLICIES)) -> bool:
    return tuning is not None and any(tuning.find(tag) is not None for tag in tags)


def _apply_pins(config: DomainConfig, threads: Threads) -> None:
    _hold(threads.others, config, "emulatorpin")
    for number, thread in threads.vcpus.items():
        _hold([thread], config, "vcpupin", ("vcpu", number))
    for number, thread in threads.iothreads.items():
        _hold([thread], config, "iothreadpin", ("iothread", number))


def _hold(
    threads: Iterable[int], config: DomainConfig, tag: str, key: tuple[str, int] | None = None
) -> None:
    """Pin threads; those without a pin of their own stay where their QEMU was put by advice."""
    if config.vcpu.placement != "auto" or _pin(config, tag, key) is not None:
        set_affinity(threads, pinned(config, tag, key))


def _apply_policy(row: Node, threads: Threads) -> None:
    """Carry one element out, such as ``<vcpusched vcpus='0-1' scheduler='rr' priority='1'/>``."""
    tag = str(row.tag)
    policy = row.get("scheduler", "")
    if policy not in POLICIES:
        raise ConfigError(
            f"there is no scheduler {policy!r}", field=f"cputune/{tag}", hint=", ".join(POLICIES)
        )
    attribute = _POLICIES[tag]
    whose = threads.others
    if attribute:
        whose = threads.of(attribute.removesuffix("s"), parse_cpus(row.get(attribute, "")))
    set_policy(whose, policy, int(row.get("priority", "0")))
