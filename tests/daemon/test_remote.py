"""A daemon that serves hosts of VMware to libvirt's clients, which know no other way to it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import anyio
import pytest
from vcsimlab import Simulator

from aiovirt import _open
from aiovirt.daemon.hosts import configured
from aiovirt.daemon.settings import HostSettings, Settings
from aiovirt.errors import AiovirtError, ConfigError, InvalidState, NotFound
from aiovirt.model.domain import DomainState
from aiovirt.testing.daemon import RunningDaemon, open_test_daemon

pytestmark = pytest.mark.anyio


def remote(*uris: str) -> Settings:
    """Return settings of a daemon that serves these."""
    return Settings(hosts=HostSettings(qemu=False, autostart=(), remote=uris))


def own(simulator: Simulator) -> str:
    """Return the URI by which the daemon itself reaches a simulator."""
    return simulator.uri(cacert=str(simulator.ca), authfile=str(simulator.auth_file))


@asynccontextmanager
async def serving(folder: Path, *simulators: Simulator) -> AsyncGenerator[RunningDaemon, None]:
    """Run a daemon that serves simulators."""
    settings = remote(*map(own, simulators))
    async with open_test_daemon(folder, settings=settings) as running:
        yield running


@pytest.mark.real
async def test_a_client_of_libvirts_protocol_drives_an_esx_host(
    esx: Simulator, tmp_path: Path
) -> None:
    async with serving(tmp_path, esx) as running, _open.open(running.uri("esx:///")) as host:
        vm = await host.domains.get("ha-host_VM0")
        await vm.suspend()
        assert (await vm.state()).state is DomainState.PAUSED
        await vm.resume()
        assert (await vm.record()).id == 9
        assert "<vmware:moref" in await vm.xml()
        with pytest.raises(InvalidState):
            await vm.start()
        with pytest.raises(NotFound):
            await host.domains.get("none")


@pytest.mark.real
async def test_each_of_several_has_its_name(
    esx: Simulator, vcenter: Simulator, tmp_path: Path
) -> None:
    async with serving(tmp_path, esx, vcenter) as running:
        name = quote("vpx://127.0.0.1/", safe="")
        for uri in (running.uri("vpx:///"), f"{running.uri('esx:///')}&name={name}"):
            async with _open.open(uri) as host:
                assert len(await host.domains.list()) == 4


@pytest.mark.real
@pytest.mark.skipif(shutil.which("virsh") is None, reason="there is no virsh")
async def test_virsh_lists_and_starts(esx: Simulator, tmp_path: Path) -> None:
    async with serving(tmp_path, esx) as running:
        for words, said in (
            (["list", "--all"], "ha-host_VM1"),
            (["destroy", "ha-host_VM1"], "destroyed"),
            (["start", "ha-host_VM1"], "started"),
        ):
            command = ["virsh", "-c", running.uri("esx:///"), *words]
            done = await anyio.run_process(command)
            assert said in done.stdout.decode()


@pytest.mark.real
async def test_a_host_that_cannot_be_opened_is_told(esx: Simulator, tmp_path: Path) -> None:
    esx.kill()
    async with serving(tmp_path, esx) as running:
        with pytest.raises(AiovirtError):
            async with _open.open(running.uri("esx:///")):
                pass


@pytest.mark.parametrize("uri", ["qemu:///system", "esx:///", "esxi://host/"])
def test_only_hosts_of_others_are_remote(uri: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(remote(uri), tmp_path)
    assert caught.value.field == "hosts.remote"
