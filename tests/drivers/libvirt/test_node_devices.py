"""The host's devices: looked at with QEMU's driver, made with libvirt's test driver.

Nothing here may take a device from the machine that the tests run on: what detaches is only tried
with devices that cannot be detached.
"""

from __future__ import annotations

import pytest
from libvirtlab import Lab, run_virsh
from storagelab import canonical

from aiovirt.config import NodeDeviceConfig
from aiovirt.errors import AiovirtError, CallerError, NotFound, Unsupported
from aiovirt.interfaces import LegacyHost
from aiovirt.objects import Connection, NodeDevice

pytestmark = [pytest.mark.anyio, pytest.mark.real]

VPORT = NodeDeviceConfig.vport("scsi_host1", wwnn="20000000c9831b4b", wwpn="10000000c9831b4b")
MDEV = NodeDeviceConfig.mdev("pci_0000_00_02_0", "i915-GVTg_V5_4")


@pytest.fixture
async def computer(host: Connection) -> NodeDevice:
    """Return the host itself."""
    return await host.node_devices.get("computer")


async def test_devices_are_virshs(host: Connection, lab: Lab) -> None:
    said = run_virsh(lab, "nodedev-list").split()
    assert [one.name for one in await host.node_devices.list(active=True)] == sorted(said)
    said = run_virsh(lab, "nodedev-list", "--cap", "net,pci").split()
    found = await host.node_devices.list("net", "pci", active=True)
    assert [one.name for one in found] == sorted(said)
    assert await host.node_devices.list(active=False) == []
    with pytest.raises(CallerError, match="flux"):
        await host.node_devices.list("flux")


async def test_a_device_says_what_it_is(host: Connection, computer: NodeDevice, lab: Lab) -> None:
    said = run_virsh(lab, "nodedev-dumpxml", "computer")
    assert canonical(await computer.xml()) == canonical(said)
    assert await computer.capabilities() == ["system"]
    assert await computer.parent() is None
    (loopback,) = [one for one in await host.node_devices.list("net") if "net_lo_" in one.name]
    assert await loopback.parent() == computer
    assert {await host.node_devices.get(loopback.name)} == {loopback}


async def test_a_device_says_its_state(computer: NodeDevice, lab: Lab) -> None:
    said = run_virsh(lab, "nodedev-info", "computer").split()
    state = (await computer.is_active(), await computer.is_persistent(), await computer.autostart())
    assert [word == "yes" for word in said if word in {"yes", "no"}] == list(state)


async def test_what_is_not_there_is_not_found(host: Connection) -> None:
    with pytest.raises(NotFound, match="none"):
        await host.node_devices.get("none")
    with pytest.raises(AiovirtError):  # libvirt gives no reason at all
        await host.node_devices.find("20000000c9831b4b", "10000000c9831b4b")


@pytest.mark.parametrize("verb", ["detach", "reattach", "reset", "destroy", "start", "undefine"])
async def test_the_host_itself_cannot_be_given_away(computer: NodeDevice, verb: str) -> None:
    with pytest.raises(AiovirtError):
        await getattr(computer, verb)()


async def test_the_host_itself_is_always_there(host: Connection, computer: NodeDevice) -> None:
    with pytest.raises(AiovirtError):
        await computer.detach(driver="vfio")
    with pytest.raises(AiovirtError):
        await computer.set_autostart()
    with pytest.raises(AiovirtError):
        await host.driver.ability(LegacyHost).detach_device(computer.key)


async def test_mediated_devices_need_a_parent(host: Connection, computer: NodeDevice) -> None:
    for make in (host.node_devices.define, host.node_devices.create):
        for validate in (False, True):
            with pytest.raises(AiovirtError):
                await make(NodeDeviceConfig.mdev("none", "kind"), validate=validate)
    with pytest.raises(Unsupported, match=r"9\.0\.0"):
        await computer.update(MDEV, persistent=True)


async def test_an_adapter_is_made_and_removed(test_host: Connection) -> None:
    made = await test_host.node_devices.create(VPORT)
    assert made in await test_host.node_devices.list("scsi_host")
    with pytest.raises(Unsupported):
        await test_host.node_devices.find("20000000c9831b4b", "10000000c9831b4b")
    await made.destroy()
    assert made not in await test_host.node_devices.list()


async def test_older_forms_give_the_same(host: Connection) -> None:
    legacy = host.driver.ability(LegacyHost)
    names = [one.name for one in await host.node_devices.list()]
    assert await legacy.count_devices() == len(names)
    assert sorted(await legacy.device_names(100)) == names
    assert await legacy.count_devices("system") == 1
    assert await legacy.device_names(9, "system") == ["computer"]
