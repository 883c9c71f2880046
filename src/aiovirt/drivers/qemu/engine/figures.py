"""The statistics of one domain: QEMU's answers in one pipelined pass, the rest from /proc."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aiovirt.config import Disk
from aiovirt.drivers.qemu.engine import figurerows as rows
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.figurerows import Answers, alias_in
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S, STATS_BOUND_S
from aiovirt.errors import AiovirtError, NotFound, QMPCommandError
from aiovirt.model.domain import Control, DomainRecord
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup, figures_of, work_figures
from aiovirt.model.statsgroups import BlockStats
from aiovirt.protocols.qmp.commands import (
    Command,
    CpuInfo,
    QomGet,
    QueryBlock,
    QueryBlockstats,
    QueryCpusFast,
    QueryDirtyRate,
    QueryIothreads,
    QueryStats,
    QueryStatsSchemas,
    QueryStatus,
    StatsProvider,
)

__all__ = ["alias_in", "block_figures", "take"]

_KIB = 1024

_Put = Callable[[LiveDomain, Answers, Any, Any], None]
"""Keeps the answer to a command."""


async def take(
    domain: ManagedDomain, groups: StatsGroup, *, patient: bool = False, backing: bool = False
) -> DomainStats:
    """The statistics of a domain; it takes no longer than `STATS_BOUND_S`.

    Args:
        domain: Which domain.
        groups: Which figures.
        patient: Wait for QEMU as long as for any other command, and raise what goes wrong.
        backing: Tell of each image of a disk's chain.
    """
    live = domain.live
    if live is None or not live.booted:
        record = domain.record()
        figures = figures_of(record.reason)
        if domain.definition is not None:
            _add_sizes(figures, domain, groups)
        return _stats(record, figures)
    answers = await _ask(live, groups, patient=patient)
    record = domain.record()
    figures = figures_of(
        record.reason,
        cpu=rows.cpu(live, answers) if StatsGroup.CPU in groups else None,
        balloon=rows.balloon(domain, live, answers) if StatsGroup.BALLOON in groups else None,
        vcpus=rows.vcpus(live, answers) if StatsGroup.VCPU in groups else None,
        interfaces=rows.interfaces(live) if StatsGroup.INTERFACE in groups else None,
        blocks=rows.blocks(live.config, answers, backing=backing),
        most_vcpus=domain.sizes().vcpus if domain.live is live else None,
    )
    _add_rest(figures, live, groups, answers)
    return _stats(record, figures)


def _add_sizes(figures: dict[str, ParamValue], domain: ManagedDomain, groups: StatsGroup) -> None:
    """What the configuration tells of a domain that is off."""
    sizes = domain.sizes()
    if StatsGroup.BALLOON in groups:
        figures["balloon.current"] = sizes.current_memory // _KIB
        figures["balloon.maximum"] = sizes.memory // _KIB
    if StatsGroup.VCPU in groups:
        figures["vcpu.current"] = sizes.current_vcpus
        figures["vcpu.maximum"] = sizes.vcpus


def _add_rest(
    figures: dict[str, ParamValue], live: LiveDomain, groups: StatsGroup, answers: Answers
) -> None:
    """What no typed group has."""
    if StatsGroup.CPU in groups:
        figures["cpu.cache.monitor.count"] = 0
    if StatsGroup.INTERFACE in groups:
        figures["net.count"] = len(live.config.interfaces)  # with those that nobody counts for
    if StatsGroup.VCPU in groups:
        figures.update(rows.kvm_figures(answers, "vcpu"))
    figures.update(work_figures(rows.iothreads(answers.iothreads), rows.dirty_rate(answers.dirty)))
    if StatsGroup.PERF in groups:
        figures.update((f"perf.{name}", count) for name, count in live.perf.read().items())
    if StatsGroup.VM in groups:
        figures.update(rows.kvm_figures(answers, "vm"))


def _stats(record: DomainRecord, figures: dict[str, ParamValue]) -> DomainStats:
    return DomainStats(record.key, record.id, figures, record.control)


# --- what QEMU is asked -------------------------------------------------------------------------


async def _ask(live: LiveDomain, groups: StatsGroup, *, patient: bool) -> Answers:
    """Ask everything at once; a QEMU known not to answer is not waited for again."""
    answers = Answers(live.vcpu_threads)
    monitor = live.monitor
    silent = live.control.control is Control.UNRESPONSIVE
    if monitor is None or (silent and not patient):
        return answers
    commands = _questions(live, groups)
    if not commands:
        return answers
    try:
        bound_s = ANSWER_BOUND_S if patient else STATS_BOUND_S
        found = await monitor.call_each(*commands, bound_s=bound_s)
    except AiovirtError:  # not in time, or no sense in it
        if patient:
            raise
        return answers
    for command, answer in zip(commands, found, strict=True):
        if not isinstance(answer, QMPCommandError):
            put: _Put = _PLACES.get(type(command), _no_place)
            put(live, answers, command, answer)
    if StatsGroup.BLOCK in groups and answers.blocks is None:
        answers.blocks = []
    if StatsGroup.IOTHREAD in groups and answers.iothreads is None:
        answers.iothreads = []
    return answers


def _questions(live: LiveDomain, groups: StatsGroup) -> list[Command[Any]]:
    """What QEMU must be asked for these figures."""
    commands = [
        command for group, ask in _ASKED.items() if group in groups for command in ask(live)
    ]
    counted = [word for group, word in _COUNTED.items() if group & groups]
    if counted and live.config.type == "kvm":
        commands += [QueryCpusFast(), QueryStatsSchemas()]
        commands += [QueryStats(word, [StatsProvider(provider="kvm")]) for word in counted]
    if not commands and groups & _OF_QEMU:
        commands.append(QueryStatus())  # whether it answers is told, too
    return commands


def _memory(live: LiveDomain) -> list[Command[Any]]:
    """The guest tells of its memory only where it was asked to, now and then."""
    device = live.config.memballoon
    if not device or not device.stats_period or not device.alias:
        return []
    return [QomGet(f"/machine/peripheral/{device.alias}", "guest-stats")]


_ASKED: Final[dict[StatsGroup, Callable[[LiveDomain], list[Command[Any]]]]] = {
    StatsGroup.BALLOON: _memory,
    StatsGroup.VCPU: lambda live: [QueryCpusFast()] if live.vcpu_threads is None else [],
    StatsGroup.BLOCK: lambda live: [QueryBlockstats(), QueryBlock()] if live.has_disks() else [],
    StatsGroup.IOTHREAD: lambda live: [QueryIothreads()] if live.config.iothreads else [],
    StatsGroup.DIRTY_RATE: lambda _: [QueryDirtyRate()],
}
_COUNTED: Final = {StatsGroup.CPU | StatsGroup.VCPU: "vcpu", StatsGroup.VM: "vm"}
"""What KVM counts for: of the processors also how long they polled, which is of the group CPU."""

_OF_QEMU = StatsGroup.BALLOON | StatsGroup.VCPU | StatsGroup.BLOCK


# --- where its answers go -----------------------------------------------------------------------


def _put(name: str) -> _Put:
    """What keeps an answer in that field."""

    def put(_live: LiveDomain, answers: Answers, _command: Command[Any], answer: object) -> None:
        setattr(answers, name, answer)

    return put


def _put_cpus(
    live: LiveDomain, answers: Answers, _command: Command[Any], answer: list[CpuInfo]
) -> None:
    answers.threads = live.vcpu_threads = {cpu.cpu_index: cpu.thread_id for cpu in answer}
    answers.paths = {cpu.qom_path: cpu.cpu_index for cpu in answer}


def _put_counted(_live: LiveDomain, answers: Answers, command: QueryStats, answer: Any) -> None:  # noqa: ANN401 -- its type is the command's
    answers.counted[command.target] = answer


def _no_place(
    _live: LiveDomain, _answers: Answers, _command: Command[Any], _answer: object
) -> None:
    """Nothing to keep: that it answered is all."""


_PLACES: Final[dict[type[Any], _Put]] = {
    QueryBlockstats: _put("blocks"),
    QueryBlock: _put("devices"),
    QueryCpusFast: _put_cpus,
    QueryIothreads: _put("iothreads"),
    QueryDirtyRate: _put("dirty"),
    QomGet: _put("memory"),
    QueryStatsSchemas: _put("schemas"),
    QueryStats: _put_counted,
}


# --- one disk -----------------------------------------------------------------------------------


async def block_figures(domain: ManagedDomain, disk: Disk) -> BlockStats:
    """The figures of one disk.

    Raises:
        InvalidState: The domain does not run.
        NotFound: QEMU has no such disk.
        Unresponsive: It does not answer.
    """
    monitor = domain.monitor()
    answers = Answers()
    answers.blocks = await monitor.call(QueryBlockstats())
    answers.devices = await monitor.call(QueryBlock())
    for found in rows.blocks(domain.running().config, answers) or ():
        if found.name == disk.target.dev:
            return found
    raise NotFound(f"QEMU of domain {domain.name!r} has no disk {disk.target.dev}")
