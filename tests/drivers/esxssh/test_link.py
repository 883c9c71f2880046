"""The connection to an ESX host: bounds, cancellation, loss, and how it heals."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from esxshell.lab import EsxLab
from guests import poll

from aiovirt import _open
from aiovirt.config import StorageVolumeConfig
from aiovirt.drivers.esxssh import link as links
from aiovirt.drivers.esxssh.driver import EsxSshDriver
from aiovirt.drivers.esxssh.link import EsxLink
from aiovirt.errors import Closed, ConnectionLost, Unresponsive
from aiovirt.interfaces import StorageVolumes
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]


def link_of(host: Connection) -> EsxLink:
    """Return the connection below a host."""
    assert isinstance(host.driver, EsxSshDriver)
    return host.driver.context.host.link


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cut(esx: EsxLab) -> None:
    """Kill what serves the connections of a host, and let the server live."""
    for pid in esx.server.processes:
        for child in children(pid):
            os.kill(child, signal.SIGKILL)


def running(esx: EsxLab, command: str) -> list[str]:
    """Return the numbers of a host's processes that have a text in their command lines."""
    host, found = os.fsencode(f"ESX_STATE={esx.folder}"), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            ours = host in (process / "environ").read_bytes().split(b"\0")
            if ours and command.encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
    return found


async def test_a_command_that_takes_too_long_is_ended(host: Connection, esx: EsxLab) -> None:
    with esx.hold("getallvms"):
        with pytest.raises(Unresponsive, match="did not list its machines within") as caught:
            await link_of(host).run("vim-cmd vmsvc/getallvms", "list its machines", bound_s=0.5)
        # On a busy machine half a second may be too short for it to stand still by now.
        await poll(lambda: not running(esx, "getallvms"))
    assert "hostd" in (caught.value.hint or "")


async def test_a_cancelled_command_is_ended_on_the_host(host: Connection, esx: EsxLab) -> None:
    with esx.hold("getallvms"):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(host.domains.list)
            await poll((esx.folder / "holding").exists)
            assert running(esx, "getallvms")
            tasks.cancel_scope.cancel()
        pid = int((esx.folder / "holding").read_text())
        await poll(lambda: not Path(f"/proc/{pid}").exists())
    assert await host.domains.list() == []


async def test_more_at_once_than_the_host_allows(host: Connection) -> None:
    link = link_of(host)
    done: list[str] = []

    async def run(number: int) -> None:
        done.append((await link.run(f"sleep 0.05; echo {number}", "count")).text)

    async with anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(run, number)
    assert sorted(map(int, done)) == list(range(30))


async def test_a_lost_connection_heals(esx: EsxLab) -> None:
    esx.add("web1")
    async with _open.open(esx.uri) as host:
        vm = await host.domains.get("web1")
        with esx.hold("power.on"):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lost, vm.start)
                await poll((esx.folder / "holding").exists)
                cut(esx)
        assert (await link_of(host).run("echo back", "answer")).text == "back\n"
        assert await host.domains.list() == [vm]


async def lost(verb: Callable[[], Awaitable[None]]) -> None:
    """Call something during which the connection is lost."""
    with pytest.raises(ConnectionLost) as caught:
        await verb()
    assert caught.value.maybe_done


async def send_for_ever(volumes: StorageVolumes, key: StorageVolumeKey, esx: EsxLab) -> None:
    """Upload, and lose the connection meanwhile."""
    async with volumes.upload(key) as sink:
        await sink.send(bytes(65536))
        cut(esx)
        while True:
            await sink.send(bytes(65536))


async def receive_for_ever(volumes: StorageVolumes, key: StorageVolumeKey, esx: EsxLab) -> None:
    """Download, and lose the connection meanwhile."""
    async with volumes.download(key) as source:
        await source.receive()
        cut(esx)
        async for _ in source:
            pass


@pytest.mark.parametrize("transfer", [send_for_ever, receive_for_ever])
async def test_a_transfer_during_which_the_connection_is_lost(
    esx: EsxLab, transfer: Callable[[StorageVolumes, StorageVolumeKey, EsxLab], Awaitable[None]]
) -> None:
    config = "<volume><name>a.vmdk</name><capacity unit='MiB'>64</capacity></volume>"
    async with _open.open(esx.uri) as host:
        volumes = host.driver.ability(StorageVolumes)
        pool = (await host.pools.get("datastore1")).key
        key = await volumes.create(pool, StorageVolumeConfig.parse(config))
        with pytest.raises(ConnectionLost):
            await transfer(volumes, key, esx)
        assert await volumes.keys(pool) == [key]


async def test_a_host_that_does_not_come_back(esx: EsxLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "PATIENCE_S", 0.3)
    async with _open.open(esx.uri) as host:
        connection = await link_of(host).connection()
        esx.server.kill()
        await connection.until_lost()
        with pytest.raises(ConnectionLost, match="did not come back") as caught:
            await link_of(host).run("true", "answer")
        assert not caught.value.maybe_done


async def test_a_closed_host_is_closed(esx: EsxLab) -> None:
    async with _open.open(esx.uri) as host:
        link = link_of(host)
    for call in (host.domains.list, lambda: link.run("true", "answer")):
        with pytest.raises(Closed):
            await call()
