"""The monitor of a guest of a real libvirtd, and the namespaces of a container."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import tunedguest
from labsamples import container_xml, guest_xml
from libvirtlab import Lab

import aiovirt
from aiovirt.errors import AiovirtError, InvalidState, QMPCommandError, Unsupported
from aiovirt.model.events import ConnectionEvent, MonitorEvent
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
async def vm(host: Connection) -> AsyncIterator[Domain]:
    """Return a guest that stands still."""
    async with tunedguest.running(host, guest_xml("monitored1")) as vm:
        yield vm


async def test_commands(vm: Domain) -> None:
    status = await vm.monitor_command("query-status")
    assert isinstance(status, dict)
    assert status["running"] is False
    with pytest.raises(QMPCommandError, match="has not been found") as caught:
        await vm.monitor_command("nothing", {"really": 1})
    assert caught.value.error_class == "CommandNotFound"
    assert '"running":false' in await vm.monitor_text('{"execute": "query-status"}')
    assert "paused" in await vm.monitor_text("info status", human=True)


async def test_files_are_passed(vm: Domain) -> None:
    reading, writing = os.pipe()
    try:
        answer, received = await vm.monitor_text_with_files(
            '{"execute": "getfd", "arguments": {"fdname": "mine"}}', [reading]
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert '"return":{}' in answer
    assert received == ()


async def test_files_travel_along_unix_sockets_only(lab: Lab) -> None:
    async with (
        aiovirt.open(lab.uri("tcp")) as host,
        tunedguest.running(host, guest_xml("far1")) as vm,
    ):
        with pytest.raises(Unsupported):
            await vm.monitor_text_with_files("{}", [0])


async def test_events(vm: Domain, host: Connection) -> None:
    async with (
        vm.monitor_events("RESUME") as resumed,
        host.monitor_events("^(STOP|RESUME)$", regex=True) as both,
    ):
        await vm.resume()
        await vm.suspend()
        event = await resumed.__anext__()
        assert isinstance(event, MonitorEvent)
        assert (event.domain, event.name, event.data) == (vm.key, "RESUME", {})
        told = [await both.__anext__() for _ in range(2)]
    assert [getattr(one, "name", None) for one in told] == ["RESUME", "STOP"]


async def test_events_go_on_after_the_daemon_was_lost(lab: Lab) -> None:
    async with (
        aiovirt.open(lab.uri("unix")) as host,
        tunedguest.running(host, guest_xml("stays1")) as vm,
        vm.monitor_events() as events,
    ):
        lab.restart()
        told = [await events.__anext__() for _ in range(2)]
        assert [one.connected for one in told if isinstance(one, ConnectionEvent)] == [False, True]
        await vm.resume()
        assert isinstance(await events.__anext__(), MonitorEvent)


async def test_what_libvirt_does_no_more(host: Connection) -> None:
    with pytest.raises(AiovirtError):
        await host.domains.attach_process(1)


async def test_namespaces(lab: Lab) -> None:
    async with aiovirt.open(lab.uri("unix", "lxc:///system")) as host:
        vm = await host.domains.define(container_xml("spaces1"))
        try:
            with pytest.raises(InvalidState):
                await vm.open_namespaces()
            found = await tunedguest.once_known(vm, vm.open_namespaces)
            names = [Path(f"/proc/self/fd/{one}").readlink().name for one in found]
            for one in found:
                os.close(one)
            assert {"mnt", "pid"} <= {name.partition(":")[0] for name in names}
        finally:
            if (await vm.record()).state.active:
                await vm.destroy()
            await vm.undefine()
