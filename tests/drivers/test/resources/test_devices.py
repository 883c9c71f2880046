"""Devices, interfaces, filters and secrets of the in-memory host behave as libvirt's."""

from __future__ import annotations

import pytest

from aiovirt.config import (
    HostInterfaceConfig,
    NetworkFilterConfig,
    NodeDeviceConfig,
    SecretConfig,
)
from aiovirt.errors import (
    AlreadyExists,
    Busy,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    PermissionDenied,
    Unsupported,
)
from aiovirt.model.events import NodeDeviceLifecycleEvent, SecretValueChangedEvent
from aiovirt.model.mac import MacAddress
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio

GPU = "pci_0000_00_02_0"


async def test_devices_are_a_tree(host: TestHost) -> None:
    device = await host.node_devices.get("net_eth1_aa_bb_cc_dd_ee_ff")
    names = []
    while True:
        names.append(device.name)
        parent = await device.parent()
        if parent is None:
            break
        device = parent
    assert names[-1] == "computer"


async def test_devices_are_listed_by_what_they_are(host: TestHost) -> None:
    found = await host.node_devices.list("vports")
    assert [device.name for device in found] == ["scsi_host1", "scsi_host2"]


async def test_a_virtual_port_comes_and_goes(host: TestHost) -> None:
    config = NodeDeviceConfig.vport("scsi_host1", wwnn="2" * 16, wwpn="1" * 16)
    async with host.events() as events:
        device = await host.node_devices.create(config)
        assert isinstance(await events.__anext__(), NodeDeviceLifecycleEvent)
    assert device.name == "scsi_host12"
    with pytest.raises(AlreadyExists):
        await host.node_devices.create(config)
    await device.destroy()
    with pytest.raises(NotFound):
        await device.config()


async def test_a_mediated_device_takes_an_instance_of_its_type(host: TestHost) -> None:
    config = NodeDeviceConfig.mdev(GPU, "i915-GVTg_V5_4")
    device = await host.node_devices.define(config)
    assert not await device.is_active()
    await device.start()
    await host.node_devices.create(config)
    with pytest.raises(InvalidState, match="no instance"):
        await host.node_devices.create(config)
    await device.destroy()
    assert await device.is_persistent()
    await device.undefine()
    with pytest.raises(ConfigError, match="no type"):
        await host.node_devices.define(NodeDeviceConfig.mdev(GPU, "other"))


async def test_real_devices_stay(host: TestHost) -> None:
    computer = await host.node_devices.get("computer")
    with pytest.raises(Unsupported):
        await computer.destroy()
    with pytest.raises(CallerError, match="PCI"):
        await computer.detach()


async def test_a_detached_device_has_the_driver_for_guests(host: TestHost) -> None:
    device = await host.node_devices.get(GPU)
    await device.detach(driver="vfio")
    assert (await device.config()).driver == "vfio-pci"
    await device.reattach()
    assert (await device.config()).driver == "i915"


async def test_changes_of_interfaces_are_rolled_back(host: TestHost) -> None:
    await host.interfaces.begin_changes()
    made = await host.interfaces.define(HostInterfaceConfig.ethernet("eth7"))
    await made.start()
    with pytest.raises(InvalidState):
        await host.interfaces.begin_changes()
    await host.interfaces.rollback_changes()
    assert [each.name for each in await host.interfaces.list()] == ["eth1"]
    with pytest.raises(InvalidState):
        await host.interfaces.commit_changes()


async def test_an_interface_is_found_by_its_address(host: TestHost) -> None:
    assert (await host.interfaces.get(MacAddress.parse("AA:BB:CC:DD:EE:FF"))).name == "eth1"


async def test_a_filter_that_is_used_stays(host: TestHost) -> None:
    spoofing = await host.filters.get("no-mac-spoofing")
    with pytest.raises(Busy, match="clean-traffic"):
        await spoofing.undefine()
    made = await host.filters.define(NetworkFilterConfig(name="mine"))
    await made.undefine()


async def test_a_private_value_is_shown_to_nobody(host: TestHost) -> None:
    secret = await host.secrets.define(SecretConfig.volume("/a.img", private=True))
    async with host.events() as events:
        await secret.set_value(b"x")
        assert isinstance(await events.__anext__(), SecretValueChangedEvent)
    with pytest.raises(PermissionDenied):
        await secret.value()


async def test_a_secret_is_found_by_its_use(host: TestHost) -> None:
    secret = await host.secrets.define(SecretConfig.ceph("client.admin"))
    assert await host.secrets.find("ceph", "client.admin") == secret
    with pytest.raises(NotFound):
        await secret.value()
    await secret.set_value(b"key")
    assert (await secret.value()).reveal() == b"key"
    with pytest.raises(AlreadyExists):
        await host.secrets.define(SecretConfig.ceph("client.admin"))
