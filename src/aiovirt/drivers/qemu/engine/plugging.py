"""Plugging devices into a running QEMU, and pulling them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import anyio

from aiovirt.clients.qmp import Event
from aiovirt.config import (
    Channel,
    Console,
    Controller,
    Device,
    Disk,
    DomainConfig,
    MemoryDevice,
    Serial,
    element,
    problems,
)
from aiovirt.drivers.common.devices import (
    add_device,
    alias_of,
    find_alias,
    remove_device,
)
from aiovirt.drivers.qemu.argv import Resources
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.offers import check_offered
from aiovirt.drivers.qemu.argv.storage.images import has_medium
from aiovirt.drivers.qemu.binaries import BinaryCapabilities
from aiovirt.drivers.qemu.devices import family_for, name_devices, settle_devices
from aiovirt.drivers.qemu.devices.modules import IN_SLOTS
from aiovirt.drivers.qemu.devices.refusals import refuse_unsupported
from aiovirt.drivers.qemu.engine.chains import write_chains
from aiovirt.drivers.qemu.engine.channels import close_all
from aiovirt.drivers.qemu.engine.confining import allow, withdraw_steps
from aiovirt.drivers.qemu.engine.connect import learn_terminals, open_consoles
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.emulators import binary_of
from aiovirt.drivers.qemu.engine.hostside import HostSide, alone_with, host_side, let_go
from aiovirt.drivers.qemu.engine.impact import change_live
from aiovirt.drivers.qemu.engine.nodes import chain_numbers, next_number
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.drivers.qemu.engine.opening import close_image, forget_keys, let_open
from aiovirt.drivers.qemu.engine.pluggable import check_pluggable
from aiovirt.drivers.qemu.engine.prepare import blaming_files, chains_behind
from aiovirt.drivers.qemu.engine.ramblocks import until_freed
from aiovirt.drivers.qemu.engine.steps import Step, carry_out, more_words, steps_of, take_back
from aiovirt.drivers.qemu.engine.volumes import look_up_volumes
from aiovirt.drivers.qemu.process.devices import admit
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import AiovirtError, Busy, InvalidState, NotFound, QMPCommandError
from aiovirt.host.undo import undo_on_failure
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.events import DeviceAddedEvent, DeviceRemovalFailedEvent, DeviceRemovedEvent
from aiovirt.model.units import Bytes

__all__ = [
    "device_deleted",
    "device_kept",
    "firmware_told",
    "memory_resized",
    "plug",
    "unplug",
    "with_device",
]

GONE_BOUND_S: Final = 5.0
"""How long a guest may take to let a device go before that is told as an error."""
NOTICE_BOUND_S: Final = 5.0
"""How long a guest may take to notice memory before it is asked to let that go."""


def with_device(
    config: DomainConfig, device: Device
) -> tuple[DomainConfig, Device, Sequence[Controller]]:
    """A copy of a live configuration with one device more, complete and named.

    Returns:
        The configuration, the device in it, and the controllers that it made necessary.

    Raises:
        ConfigError: The device cannot be had.
        InvalidState: The machine has no place for it.
    """
    for problem in problems(device):  # the guest runs: all else is right
        raise problem
    refuse_unsupported(alone_with(config, device))
    changed = config.copy()
    known = {element(each) for each in changed.devices.all()}
    come = add_device(changed, device)
    added = element(come)
    settle_devices(changed, family_for(changed), [come])
    fresh = [each for each in changed.devices.all() if element(each) not in known]
    name_devices(changed, fresh)
    mine = next(each for each in fresh if element(each) is added)
    extra = [each for each in fresh if isinstance(each, Controller) and each is not mine]
    bridges = [each.model for each in extra if each.type == "pci"]
    if bridges:
        raise InvalidState(
            "the running machine has no free PCI slot for the device",
            hint=f"give its definition <controller type='pci' model='{bridges[0]}'/> to spare",
        )
    return changed, mine, extra


@dataclass(frozen=True)
class _Plugging:
    """One device on its way into a running guest.

    Attributes:
        before: The live configuration without it.
        after: The same with it.
        device: The device, in the latter.
        extra: The controllers that come with it.
        binary: What QEMU can do.
    """

    before: DomainConfig
    after: DomainConfig
    device: Device
    extra: Sequence[Controller]
    binary: BinaryCapabilities

    def words(self, live: LiveDomain, host: HostSide) -> list[tuple[str, str]]:
        """The options that the start would have had for it."""
        kinds = {each.kind for each in (self.device, *self.extra)}
        made = Resources.imagined(self.after, live.folder / QEMU_FOLDER)
        made = replace(
            made,
            taps={**made.taps, **host.taps},
            vhost={**made.vhost, **host.vhost},
            scsi={**made.scsi, **host.scsi},
            files={**made.files, **host.files},
        )
        family = family_for(self.after)
        before = Guest(self.before, self.binary, made, family, runs=True)
        return more_words(kinds, before, replace(before, config=self.after))


async def plug(
    engine: Engine,
    domain: ManagedDomain,
    live: LiveDomain,
    device: Device,
    binary: BinaryCapabilities,
) -> None:
    """Plug a device into a running guest; returns when QEMU has it.

    Raises:
        ConfigError: It cannot be had.
        Unsupported: The driver cannot plug devices of its kind.
        RemoteError: QEMU refused; nothing stays behind.

    Cancellation: the device is in, or nothing of it is left.
    """
    config, added, extra = with_device(live.config, device)
    check_pluggable(added)
    if isinstance(added, Disk):
        await look_up_volumes(engine.pools, [added])
    if isinstance(added, Disk) and has_medium(added):
        added.source.index = next_number(live.config)
        write_chains(config, await chains_behind(config, added))
    plugging = _Plugging(live.config, config, added, extra, binary)
    async with undo_on_failure() as undo:
        with ExitStack() as descriptors:
            host = await host_side(engine, live, added, undo, descriptors)
            words = plugging.words(live, host)
            check_offered(config, binary, words)
            named = [word for pair in words for word in pair]
            steps = list(steps_of(words))
            undo.push_async_callback(withdraw_steps, live, steps)
            await allow(live, named, added)
            if isinstance(added, Disk):
                await let_open(engine, live, added, named, undo)
            else:
                await admit(engine.settings, live.folder, live.group, live.process.pid, named)
            await until_freed(domain.monitor(), words)
            behind = [step for step in steps if step.command != "device_add"]
            async with blaming_files(engine, partial(alone_with, config, added)):
                await carry_out(domain.monitor(), behind, undo)
            await anyio.lowlevel.checkpoint_if_cancelled()
            _expect(live, added, undo)
            # From here on it is in, or refused: who gives up now gets it all the same.
            with anyio.CancelScope(shield=True):
                await carry_out(domain.monitor(), steps[len(behind) :], undo)
                await _note(engine, domain, live, plugging)


def _expect(live: LiveDomain, device: Device, undo: AsyncExitStack) -> None:
    """Have it told when the guest has noticed memory that is about to come."""
    if isinstance(device, MemoryDevice) and device.model in IN_SLOTS:
        alias = alias_of(device) or ""
        live.arrivals[alias] = anyio.Event()
        undo.callback(live.arrivals.pop, alias, None)


async def _note(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, plugging: _Plugging
) -> None:
    def swap(current: DomainConfig) -> None:
        for each in (*plugging.extra, plugging.device):
            add_device(current, each)

    alias = alias_of(plugging.device) or ""
    await change_live(engine, domain, live, swap)
    if isinstance(plugging.device, Serial | Console | Channel):
        await learn_terminals(domain.monitor(), live.config)
        close_all(live.config, plugging.device.alias)
        open_consoles(domain, live, engine.tasks)
        await engine.save_status(domain, live)
    engine.publish(DeviceAddedEvent(time=engine.now(), domain=domain.key, alias=alias))


# --- and out ------------------------------------------------------------------------------------


async def unplug(
    engine: Engine,
    domain: ManagedDomain,
    live: LiveDomain,
    device: Device,
    *,
    wait: bool,
    late: bool = False,
) -> None:
    """Ask the guest to let a device go; returns when it has.

    Args:
        engine: The driver.
        domain: Which domain.
        live: Its running instance.
        device: The device, of the live configuration.
        wait: Whether to wait for the guest.
        late: Whether it is no error that the guest has not let go in time.

    Raises:
        Unsupported: Devices of its kind cannot go.
        Busy: The guest has not let go in time. It may still: an event tells.
        InvalidState: The guest has refused.
        RemoteError: QEMU refused.

    Cancellation: the guest was asked, and may let go later.
    """
    check_pluggable(device)
    alias = device.alias or ""
    await _until_noticed(live, alias)
    leaving = live.departures.setdefault(alias, anyio.Event())
    live.kept.discard(alias)
    try:
        await domain.monitor().execute("device_del", {"id": alias})
    except QMPCommandError as error:
        if "already in the process of unplug" not in error.description:
            live.departures.pop(alias, None)
            raise
    if not wait:
        return
    try:
        with suppress(AiovirtError):  # found out while the guest is at it; else at the end
            live.closings[alias] = await _closing(engine, live, device)
        await _until_gone(domain, live, device, leaving, late=late)
    finally:
        live.closings.pop(alias, None)  # what stands behind it may change from now on


async def _until_noticed(live: LiveDomain, alias: str) -> None:
    """Wait until the guest has noticed memory that has come, or is not going to soon.

    What QEMU's ACPI tells of a slot is that it was filled or that it is to be emptied: asked for
    both, a guest never hears of the second (build_memory_hotplug_aml in hw/acpi/memory_hotplug.c).
    """
    if alias in live.arrivals:
        with anyio.move_on_after(NOTICE_BOUND_S):
            await live.arrivals[alias].wait()
        live.arrivals.pop(alias, None)


async def _until_gone(
    domain: ManagedDomain, live: LiveDomain, device: Device, leaving: anyio.Event, *, late: bool
) -> None:
    alias = device.alias or ""
    with anyio.move_on_after(GONE_BOUND_S):
        await leaving.wait()
        if alias in live.kept:
            raise InvalidState(
                f"the guest of domain {domain.name!r} keeps its {device.kind} {alias}"
            )
        return
    if late:
        return
    error = Busy(
        f"the guest of domain {domain.name!r} has not let go of its {device.kind} {alias} within "
        f"{GONE_BOUND_S:g} s",
        hint="it may still: the event device-removed tells; is it running, and is it not busy "
        "booting?",
    )
    raise numbered(error, ErrorNumber.ERR_OPERATION_TIMEOUT)


async def device_deleted(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, event: Event
) -> None:
    """Forget a device that the guest let go, and have QEMU close what stood behind it."""
    alias = str(event.data.get("device") or "")
    if alias and await forget(engine, domain, live, alias):
        at = event.timestamp or engine.now()
        engine.publish(DeviceRemovedEvent(time=at, domain=domain.key, alias=alias))
    _wake(live, alias)


async def device_kept(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, event: Event
) -> None:
    """Tell that a guest has refused to let a device go."""
    alias = str(event.data.get("device") or "")
    live.kept.add(alias)
    engine.publish(DeviceRemovalFailedEvent(time=engine.now(), domain=domain.key, alias=alias))
    _wake(live, alias)


async def memory_resized(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, event: Event
) -> None:
    """Write down how much of a memory device the guest uses."""
    alias, size = str(event.data.get("id") or ""), event.data.get("size")

    def write(config: DomainConfig) -> None:
        with suppress(NotFound):
            device = find_alias(config, alias)
            if isinstance(device, MemoryDevice) and isinstance(size, int):
                device.target.current = Bytes(size)

    with suppress(AiovirtError):
        await change_live(engine, domain, live, write)


_INSERTION: Final = 1
_EJECTION: Final = 3
_DONE: Final = 0
_UNDER_WAY: Final = range(0x80, 0x85)
"""Source and statuses of ``_OST``: ACPI 6.4, section 6.3.5."""


async def firmware_told(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, event: Event
) -> None:
    """Follow what a guest tells by ACPI of a processor or of memory that was asked to go.

    QEMU's own event does not come for each processor that has gone: under TCG it keeps them.
    """
    told = event.data.get("info")
    info: Mapping[str, object] = told if isinstance(told, Mapping) else {}
    on_slot = f"vcpu{info.get('slot')}" if info.get("slot-type") == "CPU" else ""
    alias = str(info.get("device") or on_slot)
    if info.get("source") == _INSERTION and alias in live.arrivals:
        live.arrivals[alias].set()
    if info.get("source") != _EJECTION or alias not in live.departures:
        return
    if info.get("status") == _DONE:
        if alias.startswith("vcpu"):
            _wake(live, alias)
    elif info.get("status") not in _UNDER_WAY:
        await device_kept(engine, domain, live, Event(event.name, {"device": alias}))


def _wake(live: LiveDomain, alias: str) -> None:
    leaving = live.departures.pop(alias, None)
    if leaving is not None:
        leaving.set()


async def forget(engine: Engine, domain: ManagedDomain, live: LiveDomain, alias: str) -> bool:
    """Take a device out of the live configuration, and close what stood behind it.

    Returns:
        Whether it was there: a processor, say, is no device.
    """
    try:
        device = find_alias(live.config, alias)
    except NotFound:
        return False
    with suppress(AiovirtError):  # what is still in use stays until QEMU's end
        await _close(engine, live, device)
    await let_go(live, device)
    live.consoles.pop(alias, None)  # its end has come with QEMU's side of it

    def drop(config: DomainConfig) -> None:
        with suppress(NotFound):
            remove_device(config, find_alias(config, alias))

    with suppress(AiovirtError):
        await change_live(engine, domain, live, drop)
    return True


async def _close(engine: Engine, live: LiveDomain, device: Device) -> None:
    if live.monitor is None:
        return
    known = live.closings.get(alias_of(device) or "")
    steps = await _closing(engine, live, device) if known is None else known
    await take_back(live.monitor, steps)
    await withdraw_steps(live, steps)
    if isinstance(device, Disk):
        await forget_keys(live, device.source.index or 0)
        for number in chain_numbers(device):
            await close_image(live, live.monitor, number)


async def _closing(engine: Engine, live: LiveDomain, device: Device) -> Sequence[Step]:
    """What made what stands behind a device: to be undone when it has gone."""
    binary = await binary_of(engine, live.config)
    without = live.config.copy()
    remove_device(without, find_alias(without, alias_of(device) or ""))
    leaving = _Plugging(without, live.config, device, (), binary)
    steps = steps_of(leaving.words(live, HostSide()))
    return [step for step in steps if step.command != "getfd"]
