"""Starting and stopping machines of an ESX host by SSH."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from esxshell.lab import EsxLab, run_esx
from guests import poll

from aiovirt import _open
from aiovirt.drivers.esxssh.abilities import lifecycle
from aiovirt.errors import Busy, InvalidState, NotFound, RemoteError, Unsupported
from aiovirt.model.domain import StateReason
from aiovirt.objects import Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_a_life(vm: Domain, esx: EsxLab) -> None:
    await vm.start()
    assert await vm.state() is StateReason.RUNNING_BOOTED
    await vm.suspend()
    await vm.suspend()
    assert await vm.state() is StateReason.PAUSED_USER
    assert esx.machine("web1")["power"] == "suspended"
    await vm.resume()
    await vm.resume()
    assert await vm.state() is StateReason.RUNNING_UNPAUSED
    await vm.destroy()
    assert await vm.state() is StateReason.SHUTOFF_DESTROYED
    assert esx.machine("web1")["power"] == "poweredOff"


async def test_a_state_that_others_brought_about_has_no_reason(vm: Domain, esx: EsxLab) -> None:
    await vm.start()
    esx.power("1", "poweredOff")
    assert await vm.state() is StateReason.SHUTOFF_UNKNOWN


async def test_verbs_that_the_state_does_not_allow(vm: Domain) -> None:
    for verb in (vm.shutdown, vm.reboot, vm.reset, vm.destroy, vm.suspend, vm.resume):
        with pytest.raises(InvalidState, match="is shut off, and not"):
            await verb()
    await vm.start()
    with pytest.raises(InvalidState, match="is running, and not shut off"):
        await vm.start()


async def test_a_suspended_machine_is_resumed_first(vm: Domain) -> None:
    await vm.start()
    await vm.suspend()
    for verb in (vm.start, vm.destroy, vm.shutdown):
        with pytest.raises(InvalidState) as caught:
            await verb()
        assert caught.value.hint == "aiovirt resume web1"


async def test_nothing_starts_paused(vm: Domain) -> None:
    with pytest.raises(Unsupported, match="paused"):
        await vm.start(paused=True)


async def test_reset_and_reboot_start_it_anew(vm: Domain, esx: EsxLab) -> None:
    await vm.start()
    times = [esx.machine("web1")["booted"]]
    for verb in (vm.reset, vm.reboot):
        await verb()
        times.append(esx.machine("web1")["booted"])
    assert times == sorted(set(times))


async def test_a_guest_without_tools_cannot_be_asked(vm: Domain, esx: EsxLab) -> None:
    await vm.start()
    with esx.state() as host:
        host.machine("1")["guest"]["tools"] = False
    with pytest.raises(InvalidState, match="VMware Tools is not running") as caught:
        await vm.shutdown()
    assert caught.value.hint is not None
    assert "open-vm-tools" in caught.value.hint


async def test_the_end_of_a_guest_is_waited_for(vm: Domain, esx: EsxLab) -> None:
    await vm.start()
    with esx.state() as host:
        host.machine("1")["guest"]["stubborn"] = True

    async def give_in() -> None:
        await poll(lambda: esx.machine("web1")["guest"].get("asked"))
        esx.power("1", "poweredOff")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(give_in)
        await vm.shutdown(wait=True)
    assert await vm.state() is StateReason.SHUTOFF_SHUTDOWN


async def test_a_start_that_fails_says_where_to_look(vm: Domain, esx: EsxLab) -> None:
    with esx.state() as host:
        host.data["maintenance"] = True
    with pytest.raises(
        RemoteError, match=r"did not start domain 'web1'.*Power on failed"
    ) as caught:
        await vm.start()
    assert caught.value.hint is not None
    assert "vmware.log" in caught.value.hint


async def test_changes_of_one_machine_queue_and_queries_do_not(vm: Domain, esx: EsxLab) -> None:
    async with anyio.create_task_group() as tasks:
        with esx.hold("power.on"):
            tasks.start_soon(vm.start)
            await poll((esx.folder / "holding").exists)
            tasks.start_soon(vm.destroy)
            assert await vm.state() is StateReason.SHUTOFF_UNKNOWN
    assert await vm.state() is StateReason.SHUTOFF_DESTROYED


async def test_a_host_that_asks_before_it_starts(
    vm: Domain, esx: EsxLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "START_S", 0.5)
    with esx.state() as host:
        host.machine("1")["question"] = "Did you move it, or did you copy it?"
    with esx.hold("power.on"), pytest.raises(Busy, match="did you copy it") as caught:
        await vm.start()
    assert "vmsvc/message 1" in (caught.value.hint or "")


async def test_an_old_host_refuses_in_other_words(tmp_path: Path) -> None:
    with run_esx(tmp_path / "old", "5.5.0") as lab:
        number = lab.add("old1")
        async with _open.open(lab.uri) as host:
            vm = await host.domains.get("old1")
            await vm.start()
            assert (await vm.record()).id == int(number)
            await vm.destroy()


async def test_a_gone_machine(vm: Domain, esx: EsxLab) -> None:
    with esx.state() as state:
        state.machines.clear()
    for verb in (vm.start, vm.destroy, vm.state, vm.undefine):
        with pytest.raises(NotFound):
            await verb()
