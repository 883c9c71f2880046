"""The guests of the host in memory answer: agent, console, screen, monitor."""

from __future__ import annotations

import anyio
import pytest
from memoryguests import real_config, small_config

from aiovirt.errors import AgentError, Busy, CallerError, NotFound, QMPCommandError
from aiovirt.model.statistics import StatsGroup
from aiovirt.objects import Domain
from aiovirt.testing import TestHost, open_test_host

pytestmark = pytest.mark.anyio


async def test_its_agent_needs_a_channel(host: TestHost) -> None:
    config = real_config()
    config.channels = []
    vm = await host.domains.create(config)
    with pytest.raises(AgentError):
        await vm.filesystems()


async def test_file_systems_stand_still_once(vm: Domain) -> None:
    assert [each.mountpoint for each in await vm.filesystems()] == ["/", "/boot"]
    assert await vm.freeze_filesystems() == 2
    assert await vm.thaw_filesystems("/") == 1
    assert await vm.thaw_filesystems() == 1


async def test_addresses_are_leased_by_the_network(host: TestHost, vm: Domain) -> None:
    (interface,) = await vm.interface_addresses()
    network = await host.networks.get("default")
    assert [lease.address for lease in await network.leases()] == [interface.addresses[0].address]
    await vm.destroy()
    assert await network.leases() == []


async def test_keys_are_kept(vm: Domain) -> None:
    await vm.set_ssh_keys("root", ["a", "b"])
    await vm.set_ssh_keys("root", ["b"], remove=True)
    assert await vm.ssh_keys("root") == ("a",)


async def test_processors_inside_go_off(vm: Domain) -> None:
    await vm.set_guest_vcpus([1], enable=False)
    assert (await vm.guest_vcpus())["online"] == "0"
    with pytest.raises(CallerError):
        await vm.set_guest_vcpus([0], enable=False)


async def test_a_shell_is_on_the_console(vm: Domain) -> None:
    async with vm.console() as console:
        assert b"Welcome to testhost" in await console.receive()
        await console.send(b"echo hi\r")
        assert await console.receive() == b"echo hi\r\nhi\r\n# "
        with pytest.raises(Busy):
            async with vm.console():
                pass
        await vm.destroy()
        with pytest.raises(anyio.EndOfStream):
            await console.receive()


async def test_a_channel_echoes(host: TestHost) -> None:
    vm = await host.domains.create(real_config())
    async with vm.channel() as channel:
        await channel.send(b"\0ping")
        assert await channel.receive() == b"\0ping"


async def test_a_picture_and_keys(vm: Domain) -> None:
    assert (await vm.screenshot()).startswith(b"\x89PNG")
    await vm.send_key("KEY_LEFTCTRL", "KEY_C")
    with pytest.raises(NotFound):
        await vm.screenshot(screen=3)


async def test_a_monitor_knows_little(vm: Domain) -> None:
    assert await vm.monitor_command("query-status") == {
        "running": True,
        "singlestep": False,
        "status": "running",
    }
    with pytest.raises(QMPCommandError):
        await vm.monitor_command("quit")


async def test_figures_grow_with_the_clock() -> None:
    clock = iter(range(0, 1_000_000, 10))
    async with open_test_host(now=lambda: next(clock)) as host:
        vm = await host.domains.get("test")
        first = await vm.stats(groups=StatsGroup.CPU | StatsGroup.BLOCK)
        second = await vm.stats(groups=StatsGroup.CPU | StatsGroup.BLOCK)
    assert int(str(second.figures["cpu.time"])) > int(str(first.figures["cpu.time"]))
    assert "net.count" not in second.figures


async def test_a_domain_moves_to_another_host(vm: Domain) -> None:
    async with open_test_host("<node/>") as other:
        moved = await vm.migrate(other)
        assert (await moved.record()).reason.label == "migrated"
        assert (await vm.state()).label == "migrated"
        with pytest.raises(NotFound):
            await other.domains.get(small_config("nobody").name or "")
