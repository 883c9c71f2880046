"""Limits of the transfer of disks: of one, and of groups that several go through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from aiovirt.config import Disk, DomainConfig, ThrottleGroup
from aiovirt.config.devices.iotune import DiskIoTune
from aiovirt.drivers.qemu.abilities.blockjobs import BlockJobs
from aiovirt.drivers.qemu.argv.filters import LIMITS, group_object
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.figures import alias_in
from aiovirt.drivers.qemu.engine.graph import ask_graph
from aiovirt.drivers.qemu.engine.impact import change_live, looked_at, meant, redefine
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.errors import InvalidState, NotFound, QMPCommandError, Unsupported
from aiovirt.interfaces import immediate
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamType, ParamValue, Typed, TypedParams, plain
from aiovirt.protocols.qmp.commands import ObjectAdd, ObjectDel, QueryBlock

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact

__all__ = ["BlockLimits"]

_GROUP: Final = "group_name"
_OLD_WORDS: Final = {"total": "", "read": "_rd", "write": "_wr"}
"""Parts of libvirt's names -> of the members of QMP's ``block_set_io_throttle``."""


def _old_word(name: str) -> str:
    """A limit as ``block_set_io_throttle`` calls it, such as ``bps_rd_max_length``."""
    if name == "size_iops_sec":
        return "iops_size"
    way, unit, rest = name.split("_", 2)
    unit = "bps" if unit == "bytes" else unit
    return f"{unit}{_OLD_WORDS[way]}{rest.removeprefix('sec')}"


_CarryOut = Callable[[BoundedMonitor, DomainConfig], Awaitable[None]]
_NAMES: Final = {_old_word(name): name for name in LIMITS}


class BlockLimits(BlockJobs):
    """Limits by QEMU's throttle groups, or at the device of a disk that was started without."""

    @immediate
    async def io_tune(
        self,
        domain: DomainKey,
        disk: str | None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> Mapping[str, ParamValue]:
        """See `Blocks.io_tune`."""
        config = looked_at(self._registry.get(domain), flags)
        tune = find_disk(config, disk).iotune if disk is not None else None
        found: dict[str, ParamValue] = {}
        for name, number in _limits_of(tune).items():
            if name == "total_bytes_sec_max_length":  # as libvirt has it: between the two kinds
                found[_GROUP] = Typed(ParamType.STRING, (tune.group_name or "") if tune else "")
            found[name] = Typed(ParamType.ULLONG, number)
        return found

    async def set_io_tune(
        self,
        domain: DomainKey,
        disk: str,
        limits: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Blocks.set_io_tune`."""
        managed = self._registry.get(domain)
        change = partial(_limit_disk, disk, _numbers(limits), _group_in(limits))
        async with self._engine.works.work(), managed.changes:
            what = meant(managed, flags)
            if what.live is not None:
                config = what.live.config.copy()
                change(config)
                config.check()
                await _throttle(managed.monitor(), find_disk(config, disk))
                await change_live(self._engine, managed, what.live, change)
            if what.definition is not None:
                await redefine(self._engine, managed, change)

    # --- groups ---------------------------------------------------------------------------------

    async def set_throttle_group(
        self,
        domain: DomainKey,
        group: str,
        limits: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Blocks.set_throttle_group`."""
        managed = self._registry.get(domain)
        numbers = _numbers(limits)

        def change(config: DomainConfig) -> None:
            _write(_group_of(config, group, new=True), numbers)

        async with self._engine.works.work(), managed.changes:
            await self._change_group(managed, flags, change, partial(_set_object, group))

    async def delete_throttle_group(
        self,
        domain: DomainKey,
        group: str,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Blocks.delete_throttle_group`."""
        managed = self._registry.get(domain)

        def change(config: DomainConfig) -> None:
            found = _group_of(config, group)
            users = [each.target.dev for each in config.disks if group in each.throttle_filters]
            if users:
                raise InvalidState(f"disk {users[0]} goes through the throttle group {group!r}")
            config.throttle_groups.remove(found)

        async with self._engine.works.work(), managed.changes:
            await self._change_group(managed, flags, change, partial(_drop_object, group))

    async def _change_group(
        self,
        managed: ManagedDomain,
        flags: int,
        change: Callable[[DomainConfig], None],
        carry_out: _CarryOut,
    ) -> None:
        what = meant(managed, flags)
        if what.live is not None:
            config = what.live.config.copy()
            change(config)
            config.check()
            await carry_out(managed.monitor(), config)
            await change_live(self._engine, managed, what.live, change)
        if what.definition is not None:
            await redefine(self._engine, managed, change)


def _group_of(config: DomainConfig, name: str, *, new: bool = False) -> ThrottleGroup:
    """The group of that name; made if that is wanted.

    Raises:
        NotFound: There is none.
    """
    for group in config.throttle_groups:
        if group.group_name == name:
            return group
    if not new:
        raise NotFound(f"there is no throttle group {name!r}")
    config.throttle_groups.append(ThrottleGroup(group_name=name))
    return config.throttle_groups[-1]


def _limits_of(tune: DiskIoTune | None) -> dict[str, int]:
    """The limits by libvirt's names; 0 is none."""
    return {name: (getattr(tune, name) or 0) if tune else 0 for name in LIMITS}


def _for_qemu(tune: DiskIoTune) -> dict[str, object]:
    """The limits as ``ThrottleLimits``: a burst that has no limit has no length."""
    found: dict[str, object] = {}
    for name, number in _limits_of(tune).items():
        length = name.endswith("_length")
        found[LIMITS[name]] = number or 1 if length else number
    return found


async def _set_object(group: str, monitor: BoundedMonitor, config: DomainConfig) -> None:
    limits = _for_qemu(_group_of(config, group))
    path = f"/objects/{group_object(group)}"
    arguments = {"path": path, "property": "limits", "value": limits}
    try:
        await monitor.execute("qom-set", arguments)
    except QMPCommandError:  # it is new
        await monitor.call(ObjectAdd("throttle-group", group_object(group), {"limits": limits}))


async def _drop_object(group: str, monitor: BoundedMonitor, _config: DomainConfig) -> None:
    await monitor.call(ObjectDel(group_object(group)))


async def _throttle(monitor: BoundedMonitor, disk: Disk) -> None:
    """Have QEMU limit a disk: by the filter that it was started with, else at the device."""
    limits = _for_qemu(disk.iotune)
    for name in (await ask_graph(monitor)).throttles(disk.alias or ""):
        group = disk.iotune.group_name
        found = group_object(group) if group else f"throttle{name}"
        path = f"/objects/{found}"
        try:
            await monitor.execute("qom-set", {"path": path, "property": "limits", "value": limits})
        except QMPCommandError as error:
            raise Unsupported("QEMU", "another throttle group of a running disk") from error
        return
    await monitor.execute("block_set_io_throttle", await _old_arguments(monitor, disk))


async def _old_arguments(monitor: BoundedMonitor, disk: Disk) -> dict[str, object]:
    numbers = _limits_of(disk.iotune)
    arguments: dict[str, object] = {}
    for word, name in _NAMES.items():
        needed = word.count("_") <= 1 and word != "iops_size" and not word.endswith("_max")
        if numbers[name] or needed:
            arguments[word] = numbers[name]
    if disk.iotune.group_name:
        arguments["group"] = disk.iotune.group_name
    rows = await monitor.call(QueryBlock())
    place = next((row.qdev for row in rows if alias_in(row.qdev) == disk.alias), disk.alias)
    return {"id": place, **arguments}


# --- what is given --------------------------------------------------------------------------------


def _numbers(limits: TypedParams) -> dict[str, int]:
    """The limits as numbers.

    Raises:
        Unsupported: One of them is none of this driver's.
    """
    found: dict[str, int] = {}
    for name, given in limits.items():
        value = plain(given)
        if name == _GROUP:
            continue
        if name not in LIMITS or not isinstance(value, int):
            raise Unsupported("QEMU", f"the limit {name!r}")
        found[name] = value
    return found


def _group_in(limits: TypedParams) -> str | None:
    return str(plain(limits[_GROUP])) if _GROUP in limits else None


def _limit_disk(
    disk: str, numbers: Mapping[str, int], group: str | None, config: DomainConfig
) -> None:
    tune = find_disk(config, disk).iotune
    if group:
        tune.group_name = group
    _write(tune, numbers)


def _write(tune: DiskIoTune, numbers: Mapping[str, int]) -> None:
    """Write limits: those that are not named stay; a total takes the place of its parts."""
    for name, number in numbers.items():
        way, _, rest = name.partition("_")
        others = ("read", "write") if way == "total" else ("total",)
        if number and way in {"total", "read", "write"}:
            for other in others:
                setattr(tune, f"{other}_{rest}", None)
        setattr(tune, name, number or None)
