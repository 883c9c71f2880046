"""The inside of a real guest of a real libvirtd, by the real agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import tunedguest
from libvirtlab import Lab

import aiovirt
from aiovirt.errors import AiovirtError, CallerError, InvalidState, RemoteError, Unsupported
from aiovirt.model.events import AgentLifecycleEvent, PowerEvent
from aiovirt.objects import Connection, Domain
from aiovirt.testing import agentguest
from aiovirt.testing.tinyguest import TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(180)]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample someone@example"


@pytest.fixture(scope="module")
def guest_xml(tiny_guest: TinyGuest, qemu_ga: Path, libvirtd: Lab) -> str:
    """Return a guest with the agent."""
    initrd = agentguest.initrd_with_agent(tiny_guest, libvirtd.folder / "agent.img", qemu_ga)
    return agentguest.agent_guest_xml(tiny_guest, initrd)


@pytest.fixture
async def guest(host: Connection, guest_xml: str) -> AsyncIterator[Domain]:
    """Return it once its agent answers."""
    vm = await host.domains.define(guest_xml)
    async with host.events() as events:
        await vm.start()
        try:
            async for event in events:
                if isinstance(event, AgentLifecycleEvent) and event.state == 1:
                    break
            yield vm
        finally:
            await vm.destroy()
            await vm.undefine()


async def test_everything_that_an_agent_tells(guest: Domain) -> None:
    assert await guest.guest_hostname(source="agent") == "tiny"
    assert (await guest.guest_vcpus())["online"] == "0-1"
    info = await guest.guest_info()
    assert (info["os.id"], info["hostname"]) == ("tiny", "tiny")
    assert (await guest.guest_info("os"))["os.name"] == "Tiny"
    names = {interface.name for interface in await guest.interface_addresses("agent")}
    assert names == {"lo"}
    (loopback,) = await guest.interface_addresses("agent")
    assert ("ipv4", "127.0.0.1", 8) in [
        (one.kind, one.address, one.prefix) for one in loopback.addresses
    ]
    assert await guest.filesystems() == []
    assert await guest.agent_command("guest-ping") == {}
    with pytest.raises(RemoteError, match="guest-nothing has not been found"):
        await guest.agent_command("guest-nothing")


async def test_everything_that_an_agent_does(guest: Domain) -> None:
    await guest.set_guest_time(1_600_000_000 * 10**9)
    assert 1_600_000_000 <= await guest.guest_time() // 10**9 < 1_600_000_100
    await guest.set_ssh_keys("root", [KEY])
    assert list(await guest.ssh_keys("root")) == [KEY]
    await guest.set_ssh_keys("root", [KEY], remove=True)
    assert list(await guest.ssh_keys("root")) == []
    await guest.set_user_password("root", "secret")
    await guest.set_agent_timeout(5)
    await guest.set_guest_vcpus({1}, enable=False)
    assert (await guest.guest_vcpus())["online"] == "0"
    assert await guest.vcpu_count(guest=True) == 1
    assert await guest.freeze_filesystems() == 0
    assert await guest.thaw_filesystems() == 0
    await guest.trim_filesystems()


async def test_a_guest_sleeps_and_is_woken(host: Connection, guest: Domain) -> None:
    async with host.events() as events:
        await guest.suspend_power("mem")
        async for event in events:
            if isinstance(event, PowerEvent) and event.target == "memory":
                break
        await guest.wake_up()
        async for event in events:
            if isinstance(event, PowerEvent) and event.target is None:
                break
    assert (await guest.state()).state.active


async def test_without_an_agent_it_is_told(host: Connection) -> None:
    vm = await host.domains.define(
        "<domain type='qemu'><name>silent1</name><memory unit='MiB'>64</memory>"
        "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
    )
    try:
        with pytest.raises(InvalidState):
            await vm.guest_time()
        await vm.start()
        with pytest.raises(AiovirtError, match="agent"):
            await vm.guest_info()
        with pytest.raises(Unsupported):
            await vm.send_process_signal(1, "term")
        with pytest.raises(CallerError, match="none of nop, hup"):
            await vm.send_process_signal(1, "nothing")
        (taint,) = await vm.messages(taints=True)
        assert "elevated privileges" in taint
        assert await vm.messages(deprecations=True) == []
    finally:
        await vm.destroy()
        await vm.undefine()


async def test_the_processes_of_a_container_get_signals(lab: Lab) -> None:
    async with aiovirt.open(lab.uri("unix", "lxc:///system")) as host:
        vm = await host.domains.define(
            "<domain type='lxc'><name>signals1</name><memory unit='MiB'>64</memory>"
            "<os><type>exe</type><init>/bin/sleep</init><initarg>1000</initarg></os>"
            "<devices><console type='pty'/></devices></domain>"
        )
        try:
            await tunedguest.once_known(vm, lambda: vm.send_process_signal(1, "kill"))
        finally:
            with suppress(InvalidState):  # the signal has ended it
                await vm.destroy()
            await vm.undefine()
