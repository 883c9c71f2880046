"""What every driver must keep: one suite, run on each driver that there is.

Every driver is a row of `DRIVERS`. The one in memory, which stands for drivers in other tests, is
held to the same, so that those tests are worth something. Where hypervisors differ, `Traits` says
how, and each kind is held to what it says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import anyio
import fakehost
import pytest
from anyio.from_thread import start_blocking_portal
from esxshell.lab import run_esx
from guests import bare_config, none_left_running, wait_for
from vcsimlab import Shape, run_simulator

from aiovirt import _open
from aiovirt.config import DomainConfig, Graphics
from aiovirt.errors import AlreadyExists, InvalidState, NotFound, Unsupported, XMLError
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import LifecycleDetail, LifecycleEvent
from aiovirt.model.units import MiB
from aiovirt.objects import Connection
from aiovirt.testing.vsphere import Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio

T = TypeVar("T")

DRIVERS = [
    pytest.param("qemu", marks=pytest.mark.real),
    "test",
    "fake",
    pytest.param("esxssh", marks=pytest.mark.real),
    pytest.param("esx", marks=pytest.mark.real),
    "fakevsphere",
]


@dataclass(frozen=True)
class Traits:
    """How a hypervisor differs from others.

    Attributes:
        domain_type: The type of its domains.
        starts_paused: Whether a domain can stand still before its first step.
        ends_paused: Whether the plug of a domain that stands still can be pulled.
        undefines_running: Whether a domain that runs can lose its definition.
    """

    domain_type: str = "qemu"
    starts_paused: bool = True
    ends_paused: bool = True
    undefines_running: bool = True

    def config(self, name: str = "web1") -> DomainConfig:
        """Configure a guest without any software."""
        if self.domain_type == "qemu":
            return bare_config(name)
        return DomainConfig(type=self.domain_type, name=name, memory=MiB(16), vcpus=1)


ESX = Traits("vmware", starts_paused=False, ends_paused=False, undefines_running=False)
TRAITS = {
    "esxssh": ESX,
    "esx": replace(ESX, ends_paused=True),
    "fakevsphere": replace(ESX, ends_paused=True),
}


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Return the name of each driver."""
    if request.param == "qemu":
        request.getfixturevalue("qemu")
    return str(request.param)


@pytest.fixture
def traits(driver: str) -> Traits:
    """Return how it differs."""
    return TRAITS.get(driver, Traits())


@contextmanager
def beside(server: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Run a server in a thread and on a loop of its own, so that its tasks are not the test's."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(server) as entered:
        yield entered


@contextmanager
def esx_by_ssh(folder: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fake ESX host by SSH."""
    with run_esx(folder / "esx") as lab:
        yield lab.uri


@contextmanager
def esx_simulator(folder: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
    """VMware's simulator of an ESX host."""
    with run_simulator("esx", folder / "vcsim", Shape(machines=0)) as vcsim:
        yield vcsim.uri(cacert=str(vcsim.ca), authfile=str(vcsim.auth_file))


@contextmanager
def fake_vsphere(_folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Our simulator of an ESX host."""
    patch.setenv("AIOVIRT_PASSWORD", "secret")
    with beside(run_fake_vsphere(Settings(kind="esx", machines=0))) as fake:
        assert fake.certificate is not None
        yield f"esx://root@127.0.0.1:{fake.port}/?thumbprint={fake.certificate.sha1}"


@contextmanager
def embedded_qemu(folder: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
    """QEMU in this process."""
    yield f"qemu:///embed?root={folder / 'root'}"


@contextmanager
def host_in_memory(folder: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty test host."""
    (folder / "host.xml").write_text("<node/>")
    yield f"test://{folder / 'host.xml'}"


@contextmanager
def fake_host(_folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The host of other tests."""
    patch.setitem(_open.DRIVERS, "fake", "fakehost")
    patch.setitem(fakehost.HOSTS, "/lab", fakehost.FakeHost())
    yield "fake:///lab"


HOSTS = {
    "qemu": embedded_qemu,
    "test": host_in_memory,
    "fake": fake_host,
    "esx": esx_simulator,
    "esxssh": esx_by_ssh,
    "fakevsphere": fake_vsphere,
}
"""An empty host of each driver, for the length of a scope."""


@pytest.fixture
def uri(driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the URI of an empty host of each driver."""
    with HOSTS[driver](tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
async def host(uri: str, tmp_path: Path) -> AsyncIterator[Connection]:
    """Return the open host; a QEMU that it still runs at the end fails the test."""
    with none_left_running(tmp_path / "root"):
        async with _open.open(uri) as connection:
            yield connection


async def test_a_new_host_is_empty(host: Connection) -> None:
    assert await host.domains.list() == []
    assert await host.stats() == []


async def test_defined_domain_is_found_every_way(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    assert await host.domains.get("web1") == vm
    assert await host.domains.get(vm.uuid) == vm
    assert [record.key for record in await host.domains.records()] == [vm.key]


async def test_what_is_not_there_is_not_found(host: Connection) -> None:
    for name in ("web1", uuid4(), 1):
        with pytest.raises(NotFound):
            await host.domains.get(name)


async def test_handle_of_a_domain_that_is_gone(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    await vm.undefine()
    for verb in (vm.start, vm.destroy, vm.record, vm.info, vm.config, vm.undefine):
        with pytest.raises(NotFound):
            await verb()


async def test_name_or_uuid_of_another_is_refused(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    same_name, same_uuid = traits.config(), traits.config("web2")
    same_name.uuid, same_uuid.uuid = uuid4(), vm.uuid
    for config in (same_name, same_uuid):
        with pytest.raises(AlreadyExists):
            await host.domains.define(config)
    assert await host.domains.list() == [vm]


async def test_wrong_xml_is_refused_whole(host: Connection) -> None:
    with pytest.raises(XMLError):
        await host.domains.define("<domain type='qemu'><name>web1</name></domain")
    assert await host.domains.list() == []


async def test_states_of_a_life(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    assert (await vm.state()).state is DomainState.SHUTOFF
    await vm.start()
    assert await vm.state() is StateReason.RUNNING_BOOTED
    await vm.suspend()
    assert await vm.state() is StateReason.PAUSED_USER
    await vm.resume()
    assert await vm.state() is StateReason.RUNNING_UNPAUSED
    await vm.destroy()
    assert await vm.state() is StateReason.SHUTOFF_DESTROYED


async def test_a_start_that_stands_still(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    if not traits.starts_paused:
        with pytest.raises(Unsupported):
            await vm.start(paused=True)
        assert (await vm.state()).state is DomainState.SHUTOFF
        return
    await vm.start(paused=True)
    assert await vm.state() is StateReason.PAUSED_USER
    await vm.resume()
    assert await vm.state() is StateReason.RUNNING_UNPAUSED
    await vm.destroy()


async def test_the_end_of_what_stands_still(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    await vm.start()
    await vm.suspend()
    if not traits.ends_paused:
        with pytest.raises(InvalidState):
            await vm.destroy()
        await vm.resume()
    await vm.destroy()
    assert await vm.state() is StateReason.SHUTOFF_DESTROYED


async def test_only_a_running_domain_has_an_id(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    assert (await vm.record()).id is None
    await vm.start()
    number = (await vm.record()).id
    assert number is not None
    assert await host.domains.get(number) == vm
    await vm.destroy()
    assert (await vm.record()).id is None


async def test_verbs_need_their_state(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    for verb in (vm.suspend, vm.resume, vm.reset, vm.destroy, vm.shutdown, vm.reboot):
        with pytest.raises(InvalidState):
            await verb()
    await vm.start()
    with pytest.raises(InvalidState):
        await vm.start()
    await vm.destroy()


async def test_events_come_in_order_and_none_is_lost(host: Connection, traits: Traits) -> None:
    async with host.events() as events:
        vm = await host.domains.define(traits.config())
        await vm.start()
        await vm.suspend()
        await vm.resume()
        await vm.destroy()
        await vm.undefine()
        seen = await wait_for(events, LifecycleDetail.UNDEFINED_REMOVED)
    assert [event.detail for event in seen if isinstance(event, LifecycleEvent)] == [
        LifecycleDetail.DEFINED_ADDED,
        LifecycleDetail.STARTED_BOOTED,
        LifecycleDetail.SUSPENDED_PAUSED,
        LifecycleDetail.RESUMED_UNPAUSED,
        LifecycleDetail.STOPPED_DESTROYED,
        LifecycleDetail.UNDEFINED_REMOVED,
    ]


async def test_undefined_while_it_runs(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    await vm.start()
    if not traits.undefines_running:
        with pytest.raises(InvalidState):
            await vm.undefine()
        assert (await vm.record()).persistent
        return
    await vm.undefine()
    assert not (await vm.record()).persistent
    await vm.destroy()
    with pytest.raises(NotFound):
        await vm.record()


async def test_passwords_are_left_out_of_xml(host: Connection, traits: Traits) -> None:
    config = traits.config()
    config.graphics.append(Graphics(type="vnc", autoport=True, port=-1, passwd="s3cret"))
    vm = await host.domains.define(config)
    assert "s3cret" not in await vm.xml()
    assert "s3cret" in await vm.xml(secure=True)


async def test_statistics_come_in_the_order_asked_for(host: Connection, traits: Traits) -> None:
    vms = [await host.domains.define(traits.config(name)) for name in ("b", "a", "c")]
    asked = await host.stats(vms)
    assert [row.key.name for row in asked] == ["b", "a", "c"]
    assert [row.key.name for row in await host.stats()] == ["a", "b", "c"]


async def test_changes_of_one_domain_queue(host: Connection, traits: Traits) -> None:
    vm = await host.domains.define(traits.config())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(vm.start)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(vm.destroy)
    assert (await vm.state()).state is DomainState.SHUTOFF
