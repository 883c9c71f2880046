"""Rules in a daemon that serves: nobody gets round them by calling things by other names."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from ports import reserved_port

import aiovirt
from aiovirt import Connection, StoragePoolConfig, StorageVolumeConfig
from aiovirt.daemon.access.audit import AUDIT_LOGGER
from aiovirt.daemon.settings import AccessSettings, HostSettings, Settings, TcpSettings
from aiovirt.drivers.libvirt.driver import LibvirtDriver
from aiovirt.errors import NotFound, PermissionDenied
from aiovirt.interfaces import (
    Definition,
    LegacyWork,
    Lifecycle,
    NodeDevices,
    SavedState,
    StorageVolumes,
)
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import NodeDeviceKey, StorageVolumeKey
from aiovirt.model.params import ParamType, Typed
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain_events as e
from aiovirt.protocols.libvirt.tables import node as n
from aiovirt.protocols.xdr import Struct
from aiovirt.testing.daemon import open_test_daemon

pytestmark = pytest.mark.anyio

POLICY = """
[[rule]]
who = ["remote"]
allow = ["connect:getattr", "connect:search_*"]

[[rule]]
who = ["remote"]
allow = ["domain:*", "storage_pool:*", "storage_vol:*"]
on = { domain = ["web-*"], storage_pool = ["lab"], storage_vol = ["lab/*"] }

[[rule]]
who = ["remote"]
allow = ["node_device:*"]
on = { node_device = ["computer"] }

[[rule]]
who = ["remote"]
deny = ["domain:write"]
on = { domain = ["web-locked"] }
"""

NAMES = ("web-1", "db-1")
A = TypeVar("A", bound=Struct)
R = TypeVar("R", bound=Struct)


@pytest.fixture
def anyio_backend() -> str:
    """What differs between loops is not rules."""
    return "asyncio"


def document(name: str, uuid: object = None) -> str:
    told = f"<uuid>{uuid}</uuid>" if uuid is not None else ""
    return (
        f"<domain type='test'><name>{name}</name>{told}<memory>1024</memory>"
        "<vcpu>1</vcpu><os><type>hvm</type></os></domain>"
    )


@dataclass
class Both:
    """Two connections to one host: root's, and one that has rules."""

    root: Connection
    bound: Connection
    keys: dict[str, DomainKey]

    async def call(self, procedure: Procedure[A, R], args: A) -> R:
        """Call what only old clients do, as the one that has rules."""
        assert isinstance(self.bound.driver, LibvirtDriver)
        return await self.bound.driver.link.call(procedure, args)


@asynccontextmanager
async def served(folder: Path) -> AsyncGenerator[Both, None]:
    """A daemon with two domains and two pools, of which rules give one each."""
    (folder / "policy.toml").write_text(POLICY)
    with reserved_port() as port:
        settings = Settings(
            hosts=HostSettings(qemu=False, autostart=()),
            tcp=TcpSettings(listen=True, address="127.0.0.1", port=port),
            access=AccessSettings(auth_tcp="none", policy=folder / "policy.toml"),
        )
        async with (
            open_test_daemon(folder, settings=settings) as running,
            aiovirt.open(running.uri()) as root,
            aiovirt.open(f"test+tcp://127.0.0.1:{port}/default") as bound,
        ):
            made = [await root.domains.define(document(name)) for name in NAMES]
            yield Both(root, bound, {one.name: one.key for one in made})


async def test_a_list_has_what_rules_give(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        assert [one.name for one in await both.bound.domains.list()] == ["web-1"]
        assert len(await both.root.domains.list()) == 3


async def test_a_rule_gives_what_it_names(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        vm = await both.bound.domains.get("web-1")
        await vm.start()
        with pytest.raises(PermissionDenied, match="may not do domain:getattr on db-1"):
            await both.bound.domains.get("db-1")


async def test_a_given_name_does_not_open_anothers_uuid(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        false = DomainKey(both.keys["db-1"].uuid, "web-1")
        lifecycle = both.bound.driver.ability(Lifecycle)
        with pytest.raises(PermissionDenied, match="on db-1"):
            await lifecycle.start(false)


async def test_a_definition_is_judged_by_its_name(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        await both.bound.domains.define(document("web-2"))
        with pytest.raises(PermissionDenied, match="on db-2"):
            await both.bound.domains.define(document("db-2"))


async def test_a_definition_is_judged_by_whose_uuid_it_takes(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        definition = both.bound.driver.ability(Definition)
        config = aiovirt.DomainConfig.parse(document("web-3", both.keys["db-1"].uuid))
        with pytest.raises(PermissionDenied, match="on db-1"):
            await definition.define(config)


async def make_volumes(root: Connection) -> None:
    """Make a pool that rules give, and one that they do not, with a volume each."""
    for name in ("lab", "prod"):
        pool = await root.pools.define(
            StoragePoolConfig.parse(
                f"<pool type='dir'><name>{name}</name><target><path>/{name}</path></target></pool>"
            )
        )
        await pool.start()
        await pool.create_volume(
            StorageVolumeConfig.parse(
                "<volume><name>a</name><capacity>1024</capacity><target/></volume>"
            )
        )


async def test_a_volumes_key_does_not_open_another(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        await make_volumes(both.root)
        volumes = both.bound.driver.ability(StorageVolumes)
        assert (await volumes.info(StorageVolumeKey("lab", "a", "/lab/a"))).capacity == 1024
        with pytest.raises(PermissionDenied):
            await volumes.delete(StorageVolumeKey("prod", "a", "/prod/a"))
        with pytest.raises(NotFound, match="is not that of"):
            await volumes.delete(StorageVolumeKey("prod", "a", "/lab/a"))


@pytest.mark.parametrize(("pool", "source"), [("prod", "lab"), ("lab", "prod")])
async def test_a_copy_is_judged_by_what_is_made_and_what_is_read(
    tmp_path: Path, pool: str, source: str
) -> None:
    async with served(tmp_path) as both:
        await make_volumes(both.root)
        key = (await both.root.pools.get(pool)).key
        config = StorageVolumeConfig.parse(
            "<volume><name>b</name><capacity>1024</capacity><target/></volume>"
        )
        volumes = both.bound.driver.ability(StorageVolumes)
        with pytest.raises(PermissionDenied, match="on prod/"):
            await volumes.create_from(key, config, StorageVolumeKey(source, "a", f"/{source}/a"))


async def test_the_record_names_what_was_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, AUDIT_LOGGER)
    async with served(tmp_path) as both:
        await (await both.bound.domains.get("web-1")).start()
        with pytest.raises(PermissionDenied):
            await both.bound.domains.define(document("db-2"))
    records = [one.message for one in caplog.records if one.name == AUDIT_LOGGER]
    assert any("DOMAIN_DEFINE_XML_FLAGS object=domain name=web-1" in one for one in records)
    assert any("transport=tcp" in one and "CREATE" in one for one in records)
    assert "outcome=denied" in records[-1]


async def test_a_count_alone_tells_only_of_what_rules_give(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        told = await both.call(c.CONNECT_LIST_ALL_DOMAINS, c.ConnectListAllDomainsArgs(0, 0))
        assert (told.domains, told.ret) == ([], 1)


async def test_an_old_call_needs_what_it_does(tmp_path: Path) -> None:
    """libvirt's own note of this one asks for no more than to read."""
    async with served(tmp_path) as both:
        vm = await both.root.domains.define(document("web-locked"))
        weight = {"weight": Typed(ParamType.UINT, 17)}
        with pytest.raises(PermissionDenied, match="domain:write on web-locked"):
            await both.bound.driver.ability(LegacyWork).set_scheduler_parameters(vm.key, weight)


async def test_a_device_is_judged_by_its_name_and_not_by_the_document(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        devices = both.bound.driver.ability(NodeDevices)
        assert (await devices.config(NodeDeviceKey("computer"))).name == "computer"
        other = "<device><name>computer</name></device>"
        with pytest.raises(PermissionDenied, match="node_device:write on scsi_host1"):
            await both.call(n.NODE_DEVICE_UPDATE, n.NodeDeviceUpdateArgs("scsi_host1", other, 0))


async def test_a_saved_domain_is_not_judged_by_the_document_beside_its_file(tmp_path: Path) -> None:
    async with served(tmp_path) as both:
        config = aiovirt.DomainConfig.parse(document("web-1", both.keys["web-1"].uuid))
        with pytest.raises(PermissionDenied, match="domain:start"):
            await both.bound.driver.ability(SavedState).restore("/of/db-1", config=config)


async def test_events_may_be_asked_for_where_rules_look_at_each(tmp_path: Path) -> None:
    """What they are about is looked at when they are told."""
    asked = e.ConnectDomainEventCallbackRegisterAnyArgs(0, None)
    async with served(tmp_path) as both:
        told = await both.call(e.CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY, asked)
        assert told.callback_id == 1
        plain = e.ConnectDomainEventRegisterAnyArgs(0)
        assert await both.call(e.CONNECT_DOMAIN_EVENT_REGISTER_ANY, plain) == Empty()
