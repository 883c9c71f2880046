"""Changing the devices of a guest that runs, on a real QEMU that no guest has to help."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu import open_driver
from aiovirt.drivers.qemu.driver import QemuDriver
from aiovirt.drivers.qemu.engine import plugging
from aiovirt.errors import (
    AlreadyExists,
    Busy,
    ConfigError,
    NotFound,
    QMPCommandError,
    Unsupported,
    XMLError,
)
from aiovirt.host.ports import free_port
from aiovirt.interfaces import Consoles, Definition, Devices, Lifecycle, Monitor
from aiovirt.model.domain import DomainKey
from aiovirt.model.uri import URI

pytestmark = [pytest.mark.anyio, pytest.mark.real]

CARD = "<interface type='user'><mac address='52:54:00:00:00:09'/><model type='{model}'/>"
DRIVE = "<disk type='file' device='cdrom'>{source}<target dev='sda' bus='scsi'/><readonly/></disk>"
VNC = "<graphics type='vnc' port='{port}' listen='127.0.0.1' passwd='s3cret'{more}/>"
DISK = (
    "<disk type='file'><driver name='qemu' type='{kind}'/><source file='{path}'/>"
    "<target dev='vdb' bus='virtio'/></disk>"
)
GUEST = f"""
<domain type='qemu'><name>web1</name><memory unit='MiB'>16</memory>
  <os><type machine='pc'>hvm</type></os><features><acpi/></features>
  <devices><controller type='scsi' model='virtio-scsi'/>{DRIVE.format(source="")}
    {CARD.format(model="virtio")}</interface>
    <graphics type='vnc' autoport='yes' listen='127.0.0.1' passwd='first'/></devices></domain>"""


async def nodes(driver: QemuDriver, key: DomainKey) -> list[str]:
    told = await driver.ability(Monitor).monitor_command(key, "query-named-block-nodes")
    assert isinstance(told, list)
    return sorted(each["node-name"] for each in told)


async def live(driver: QemuDriver, key: DomainKey) -> DomainConfig:
    return await driver.ability(Definition).config(key)


async def test_devices_of_a_guest_change(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.iso", "b.iso", "c.raw", "d.raw"):
        (tmp_path / name).write_bytes(bytes(65536))
    async with open_driver(URI.parse(f"qemu:///embed?root={root}")) as driver:
        key = await driver.ability(Definition).define(DomainConfig.parse(GUEST))
        await driver.ability(Lifecycle).start(key)
        await _media(driver, key, tmp_path)
        await _displays_and_cards(driver, key)
        await _ports(driver, key)
        monkeypatch.setattr(plugging, "GONE_BOUND_S", 0.01)
        await _failures(driver, key, tmp_path)
    async with open_driver(URI.parse(f"qemu:///embed?root={root}&late_detach=yes")) as driver:
        await _late(driver, key)
        await driver.ability(Lifecycle).destroy(key)


async def _media(driver: QemuDriver, key: DomainKey, folder: Path) -> None:
    devices = driver.ability(Devices)
    for name in ("a.iso", "b.iso"):
        source = f"<source file='{folder / name}'/>"
        await devices.update_device(key, DRIVE.format(source=source))
        assert (await live(driver, key)).disks[0].path == str(folder / name)
    assert len(await nodes(driver, key)) == 2
    none = DRIVE.format(source=f"<source file='{folder}/none.iso'/>")
    with pytest.raises(XMLError, match=r"the image of disk sda .*none\.iso"):
        await devices.update_device(key, none)
    assert (await live(driver, key)).disks[0].path == str(folder / "b.iso")
    tuned = none.replace("</disk>", "<iotune><total_iops_sec>9</total_iops_sec></iotune></disk>")
    with pytest.raises(Unsupported, match="changing <iotune> of a <disk>"):
        await devices.update_device(key, tuned)
    await devices.update_device(key, DRIVE.format(source=""))
    assert await nodes(driver, key) == []


async def _displays_and_cards(driver: QemuDriver, key: DomainKey) -> None:
    devices = driver.ability(Devices)
    more = " passwdValidTo='2040-01-31T15:30:00'"
    await devices.update_device(key, VNC.format(port=-1, more=more))
    port = free_port("127.0.0.1", range(6200, 7200), set())
    await devices.update_device(key, VNC.format(port=port, more=""))
    told = await driver.ability(Monitor).monitor_command(key, "query-vnc")
    assert isinstance(told, dict)
    assert told["service"] == str(port)
    await devices.update_device(
        key, f"{CARD.format(model='virtio')}<link state='down'/></interface>"
    )
    assert (await live(driver, key)).interfaces[0].link == "down"
    with pytest.raises(Unsupported, match="changing model"):
        await devices.update_device(key, f"{CARD.format(model='e1000')}</interface>")
    with pytest.raises(AlreadyExists):
        await devices.attach_device(key, f"{CARD.format(model='virtio')}</interface>")


async def _ports(driver: QemuDriver, key: DomainKey) -> None:
    """Consoles and channels that were plugged in can be opened as others can."""
    devices, consoles = driver.ability(Devices), driver.ability(Consoles)
    port = "<{} type='{}'><target type='virtio'{}/></{}>"
    await devices.attach_device(key, port.format("console", "pty", "", "console"))
    for kind in ("pty", "unix"):
        name = f"org.example.{kind}"
        more = f" name='{name}'"
        await devices.attach_device(key, port.format("channel", kind, more, "channel"))
        async with consoles.open_channel(key, name=name):
            with pytest.raises(Busy):
                async with consoles.open_channel(key, name=name):
                    pass
    config = await live(driver, key)
    alias = config.consoles[0].alias
    async with consoles.open_console(key, device=alias):
        pass
    assert [each.target.state for each in config.channels] == ["disconnected"] * 2
    with pytest.raises(NotFound, match="no channel none"):
        consoles.open_channel(key, name="none")
    for device in (*config.consoles, *config.channels):
        await devices.detach_device(key, device)
    assert not (await live(driver, key)).channels


async def _failures(driver: QemuDriver, key: DomainKey, folder: Path) -> None:
    """A half that fails leaves the other alone, and nothing behind."""
    devices = driver.ability(Devices)
    broken = DISK.format(kind="qcow2", path=folder / "c.raw")
    with pytest.raises((QMPCommandError, ConfigError)):
        await devices.attach_device(key, broken, live=True, config=True)
    with pytest.raises(XMLError, match=r"the image of disk vdb .*none\.raw"):
        await devices.attach_device(key, DISK.format(kind="raw", path=folder / "none.raw"))
    assert await nodes(driver, key) == []
    for inactive in (False, True):
        config = await driver.ability(Definition).config(key, inactive=inactive)
        assert [disk.target.dev for disk in config.disks] == ["sda"]

    base, over = folder / "c.raw", folder / "over.qcow2"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(base), str(over)]
    await anyio.run_process(command)
    await devices.attach_device(key, DISK.format(kind="qcow2", path=over).replace("vdb", "vdc"))
    assert len(await nodes(driver, key)) == 4
    (chained,) = [each for each in (await live(driver, key)).disks if each.target.dev == "vdc"]
    assert chained.backing.source.file == str(base)

    disk = DISK.format(kind="raw", path=folder / "d.raw")
    before = await nodes(driver, key)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await devices.attach_device(key, disk)
    assert await nodes(driver, key) == before
    await devices.attach_device(key, disk, live=True, config=True)
    with pytest.raises(Busy, match="has not let go"):  # no guest is there that could
        await devices.detach_device(key, disk, live=True, config=True)
    inactive_config = await driver.ability(Definition).config(key, inactive=True)
    assert [each.target.dev for each in inactive_config.disks] == ["sda", "vdb"]


async def _late(driver: QemuDriver, key: DomainKey) -> None:
    """As with libvirtd: it may still go, and its definition is without it."""
    disk = DISK.format(kind="raw", path="/d.raw")
    await driver.ability(Devices).detach_device(key, disk, live=True, config=True)
    for inactive, names in ((True, ["sda"]), (False, ["sda", "vdc", "vdb"])):
        config = await driver.ability(Definition).config(key, inactive=inactive)
        assert [each.target.dev for each in config.disks] == names
