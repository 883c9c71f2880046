"""Domains of the host in memory live as those of libvirt's test driver do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from memoryguests import details, next_of, small_config

from aiovirt.errors import ConfigError, InvalidState, NotFound
from aiovirt.model.domain import StateReason
from aiovirt.model.events import LifecycleDetail as Told
from aiovirt.model.events import PowerEvent, RebootEvent
from aiovirt.objects import Domain
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("verbs", "told", "state"),
    [
        (["shutdown"], [Told.STOPPED_SHUTDOWN], StateReason.SHUTOFF_SHUTDOWN),
        (["destroy"], [Told.STOPPED_DESTROYED], StateReason.SHUTOFF_DESTROYED),
        (["suspend"], [Told.SUSPENDED_PAUSED], StateReason.PAUSED_USER),
        (["suspend", "resume"], [Told.SUSPENDED_PAUSED, Told.RESUMED_UNPAUSED],
         StateReason.RUNNING_UNPAUSED),
        (["managed_save"], [Told.STOPPED_SAVED], StateReason.SHUTOFF_SAVED),
        (["managed_save", "start"], [Told.STOPPED_SAVED, Told.STARTED_RESTORED],
         StateReason.RUNNING_RESTORED),
        (["suspend", "managed_save", "start"],
         [Told.SUSPENDED_PAUSED, Told.STOPPED_SAVED, Told.STARTED_RESTORED,
          Told.SUSPENDED_RESTORED], StateReason.PAUSED_USER),
        (["suspend_power"], [Told.PM_SUSPENDED_MEMORY], StateReason.PM_SUSPENDED_UNKNOWN),
        (["suspend_power", "wake_up"], [Told.PM_SUSPENDED_MEMORY, Told.STARTED_WAKEUP],
         StateReason.RUNNING_WAKEUP),
    ],
)  # fmt: skip
async def test_events_and_states_of_verbs(
    host: TestHost, vm: Domain, verbs: Sequence[str], told: Sequence[Told], state: StateReason
) -> None:
    async with host.events() as events:
        for verb in verbs:
            await getattr(vm, verb)()
        assert await details(events, len(told)) == told
    assert await vm.state() is state


async def test_a_reboot_is_told_as_such(host: TestHost, vm: Domain) -> None:
    async with host.events() as events:
        await vm.reboot()
        await next_of(events, RebootEvent)
    assert await vm.state() is StateReason.RUNNING_BOOTED


async def test_a_reboot_may_be_an_end(vm: Domain) -> None:
    await vm.set_lifecycle_action("reboot", "destroy")
    await vm.reboot()
    assert await vm.state() is StateReason.SHUTOFF_SHUTDOWN


async def test_a_coredump_is_for_crashes(vm: Domain) -> None:
    with pytest.raises(ConfigError):
        await vm.set_lifecycle_action("reboot", "coredump-destroy")


async def test_sleep_is_told_with_its_kind(host: TestHost, vm: Domain) -> None:
    async with host.events() as events:
        await vm.suspend_power("disk")
        event = await next_of(events, PowerEvent)
    assert isinstance(event, PowerEvent)
    assert event.target == "disk"
    assert await vm.state() is StateReason.SHUTOFF_SHUTDOWN


async def test_a_forced_boot_forgets_the_saved_state(vm: Domain) -> None:
    await vm.managed_save()
    await vm.start(force_boot=True)
    assert await vm.state() is StateReason.RUNNING_BOOTED
    assert not await vm.has_managed_save()


async def test_what_would_be_lost_keeps_the_definition(vm: Domain) -> None:
    await vm.managed_save()
    with pytest.raises(InvalidState, match="a saved state"):
        await vm.undefine()
    await vm.undefine(managed_save=True)
    with pytest.raises(NotFound):
        await vm.record()


async def test_a_guest_of_qemu_needs_its_networks(host: TestHost) -> None:
    config = small_config("web1")
    config.type = "qemu"
    xml = config.to_xml().replace(
        "</domain>",
        "<devices><interface type='network'><source network='lab'/></interface></devices></domain>",
    )
    vm = await host.domains.define(xml)
    with pytest.raises(NotFound, match="lab"):
        await vm.start()
    assert (await vm.record()).id is None
