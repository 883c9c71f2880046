"""The life of a domain on a real QEMU."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from guests import bare_config, linux_config, qemus_of, read_until, wait_for

from aiovirt.config import Disk, DomainConfig
from aiovirt.errors import AgentError, InvalidState
from aiovirt.interfaces import Lifecycle
from aiovirt.model.constants import DomainShutdownFlags
from aiovirt.model.domain import StateReason
from aiovirt.model.events import LifecycleDetail, LifecycleEvent, RebootEvent
from aiovirt.model.units import GiB
from aiovirt.objects import Connection
from aiovirt.testing.tinyguest import TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_guest_boots_talks_and_shuts_down(host: Connection, tiny_guest: TinyGuest) -> None:
    vm = await host.domains.define(linux_config(tiny_guest))
    await vm.start()
    async with vm.console() as console:
        await read_until(console, b"tiny# ")
        await console.send(b"echo $((6*7))\n")
        assert b"42" in await read_until(console, b"tiny# ")
    await vm.shutdown(wait=True)
    assert await vm.state() is StateReason.SHUTOFF_SHUTDOWN


async def test_the_designs_example(host: Connection, qemu_img: Path, tmp_path: Path) -> None:
    image = str(tmp_path / "web1.qcow2")
    await anyio.run_process([str(qemu_img), "create", "-f", "qcow2", image, "1G"])
    async with host.events() as events:
        vm = await host.domains.define(
            DomainConfig(name="web1", memory=GiB(1), vcpus=2, disks=[Disk.file(image)])
        )
        await vm.start()
        await wait_for(events, LifecycleDetail.STARTED_BOOTED)
        async with vm.console() as console:
            await console.send(b"\r")
        await vm.shutdown()
        await vm.destroy()


async def test_paused_start_stands_still(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start(paused=True)
    assert await vm.state() is StateReason.PAUSED_USER
    assert await vm.monitor_command("query-status") == {
        "status": "prelaunch",
        "singlestep": False,
        "running": False,
    }
    await vm.destroy()


async def test_suspend_and_resume_tell_the_state_at_once(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    assert await vm.state() is StateReason.RUNNING_BOOTED
    await vm.suspend()
    await vm.suspend()
    assert await vm.state() is StateReason.PAUSED_USER
    await vm.resume()
    await vm.resume()
    assert await vm.state() is StateReason.RUNNING_UNPAUSED
    await vm.destroy()


async def test_destroy_leaves_nothing(host: Connection, root: Path) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    assert len(qemus_of(root)) == 1
    await vm.destroy()
    assert await vm.state() is StateReason.SHUTOFF_DESTROYED
    assert qemus_of(root) == []
    assert [path.name for path in (root / "run").iterdir() if path.is_dir()] == []


async def test_monitor_is_in_a_folder_of_ours_alone(host: Connection, root: Path) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    folder = anyio.Path(root / "run" / str(vm.uuid))
    assert (await folder.stat()).st_mode & 0o777 == 0o700
    assert await (folder / "monitor.sock").exists()
    await vm.destroy()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_agent_is_asked_to_end_the_guest_when_that_is_wanted(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.set_agent_timeout(1)  # for when it runs
    await vm.start()
    assert await vm.launch_security() == {}  # its memory is plain
    agent, button = DomainShutdownFlags.GUEST_AGENT, DomainShutdownFlags.ACPI_POWER_BTN
    with pytest.raises(AgentError, match="no channel"):
        await host.driver.ability(Lifecycle).shutdown(vm.key, flags=agent)
    both = agent | button
    await host.driver.ability(Lifecycle).shutdown(
        vm.key, flags=both
    )  # the button is there in any case
    await vm.destroy()


async def test_reset_tells_a_reboot(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    async with host.events() as events:
        await vm.reset()
        with anyio.fail_after(20):
            async for event in events:
                if isinstance(event, RebootEvent):
                    break
    assert (await vm.record()).state.active
    await vm.destroy()


async def test_reboot_starts_the_guest_anew(host: Connection, tiny_guest: TinyGuest) -> None:
    vm = await host.domains.define(linux_config(tiny_guest))
    await vm.start()
    async with vm.console() as console:
        await read_until(console, b"tiny# ")
        await vm.reboot()
        await read_until(console, b"tiny# ")
    assert (await vm.record()).id == 1
    await vm.destroy()


async def test_guest_that_powers_itself_off(host: Connection, tiny_guest: TinyGuest) -> None:
    vm = await host.domains.define(linux_config(tiny_guest))
    async with host.events() as events:
        await vm.start()
        async with vm.console() as console:
            await read_until(console, b"tiny# ")
            await console.send(b"poweroff -f\n")
        seen = await wait_for(events, LifecycleDetail.STOPPED_SHUTDOWN)
    details = [event.detail for event in seen if isinstance(event, LifecycleEvent)]
    assert LifecycleDetail.SHUTDOWN_GUEST in details


async def test_killed_qemu_is_a_crash(host: Connection, root: Path) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    async with host.events() as events:
        (pid,) = qemus_of(root)
        await anyio.run_process(["kill", "-9", str(pid)])
        await wait_for(events, LifecycleDetail.STOPPED_FAILED)
    assert await vm.state() is StateReason.SHUTOFF_CRASHED
    await vm.start()
    await vm.destroy()


async def test_second_start_is_refused(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start()
    with pytest.raises(InvalidState, match="domain 'web1' is running already"):
        await vm.start()
    await vm.destroy()


async def test_verbs_on_a_domain_that_is_off(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    for verb in (vm.suspend, vm.resume, vm.reset, vm.reboot, vm.destroy, vm.shutdown):
        with pytest.raises(InvalidState, match="domain 'web1' is not running"):
            await verb()


async def test_paused_guest_cannot_hear_its_power_button(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start(paused=True)
    with pytest.raises(InvalidState, match="is paused and cannot react"):
        await vm.shutdown()
    await vm.destroy()


async def test_ids_count_up(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    for expected in (1, 2):
        await vm.start()
        assert (await vm.record()).id == expected
        assert await host.domains.get(expected) == vm
        await vm.destroy()
