"""Fully equipped guests of each machine type in the real QEMU: each device is in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import counterparts
import msgspec
import pytest
from pausedqemu import make_images, paused
from qemuvalues import MACHINES, completed, full

from aiovirt.clients.qmp import QMPClient
from aiovirt.config import Controller, DomainConfig
from aiovirt.drivers.qemu.binaries import probe
from aiovirt.drivers.qemu.devices import family_for
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.model.addresses import PciAddress

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is claimed here is QEMU's matter."""
    return "asyncio"


@pytest.fixture
async def guest(machine: str, tmp_path: Path, qemu_img: Path) -> DomainConfig:
    make_images(tmp_path, qemu_img)
    binary = await probe(counterparts.program(f"qemu-system-{MACHINES[machine].arch}"))
    return completed(full(machine, tmp_path), binary)


@pytest.fixture
async def monitor(guest: DomainConfig, machine: str, tmp_path: Path) -> AsyncIterator[QMPClient]:
    async with paused(guest, MACHINES[machine], tmp_path) as client:
        yield client


def placed(guest: DomainConfig) -> Iterator[tuple[str, PciAddress]]:
    """Devices with their addresses; a USB companion has no id of its own."""
    for device in guest.devices.all():
        companion = isinstance(device, Controller) and device.startport is not None
        if isinstance(device.address, PciAddress) and not companion:
            yield device.alias or "", device.address


class Bridge(msgspec.Struct):
    devices: list[PCIDevice] = []


class PCIDevice(msgspec.Struct):
    qdev_id: str
    slot: int
    function: int
    pci_bridge: Bridge | None = None


def devices_on(bus: Bridge) -> Iterator[tuple[str, PciAddress]]:
    """QEMU's devices with their ids; a bus has its number from the firmware, not from us."""
    for device in bus.devices:
        yield device.qdev_id, PciAddress(slot=device.slot, function=device.function)
        yield from devices_on(device.pci_bridge or Bridge())


async def peripherals(client: QMPClient) -> set[str]:
    found: Any = await client.execute("qom-list", path="/machine/peripheral")
    return {row["name"] for row in found if row["type"].startswith("child<")}


async def test_every_device_has_its_alias(guest: DomainConfig, monitor: QMPClient) -> None:
    family = family_for(guest)
    expected = {device.alias for device in guest.devices.all() if model_of(device, family).driver}
    expected -= {None}
    assert await peripherals(monitor) >= expected


async def test_every_pci_device_is_at_its_address(guest: DomainConfig, monitor: QMPClient) -> None:
    buses = msgspec.convert(await monitor.execute("query-pci"), list[Bridge])
    found = dict(place for bus in buses for place in devices_on(bus))
    for alias, address in placed(guest):
        if alias in found:
            assert found[alias] == PciAddress(slot=address.slot, function=address.function)


async def bus_of(client: QMPClient, alias: str) -> str:
    path = await client.execute(
        "qom-get", path=f"/machine/peripheral/{alias}", property="parent_bus"
    )
    return str(path).rpartition("/")[2]


async def test_every_pci_device_is_on_its_bus(guest: DomainConfig, monitor: QMPClient) -> None:
    root = family_for(guest).root_bus
    known = await peripherals(monitor)
    for alias, address in placed(guest):
        if alias in known:
            expected = f"pci.{address.bus}" if address.bus else root
            assert await bus_of(monitor, alias) == expected


async def test_every_disk_has_its_medium(guest: DomainConfig, monitor: QMPClient) -> None:
    rows: Any = await monitor.execute("query-block")
    names = {row["qdev"].removeprefix("/machine/peripheral/"): row for row in rows if "qdev" in row}
    media = {name.split("/")[0]: row.get("inserted") for name, row in names.items()}
    for disk in guest.disks:
        inserted = media[disk.alias or ""] or {"file": ""}
        assert (disk.path or "") in inserted["file"]


async def test_every_character_device_is_open(guest: DomainConfig, monitor: QMPClient) -> None:
    rows: Any = await monitor.execute("query-chardev")
    labels = {row["label"] for row in rows}
    ports = (*guest.serials, *guest.channels, *list(guest.consoles)[1:])
    assert labels >= {f"char{port.alias}" for port in ports}


async def test_it_is_paused_with_its_name(guest: DomainConfig, monitor: QMPClient) -> None:
    name: Any = await monitor.execute("query-name")
    status: Any = await monitor.execute("query-status")
    assert (name["name"], status["status"]) == (guest.name, "prelaunch")


async def test_virtio_devices_of_microvm_keep_the_order_of_the_document(
    guest: DomainConfig, machine: str, monitor: QMPClient
) -> None:
    if machine != "microvm":
        return
    virtio = [d for d in guest.devices.all() if model_of(d, family_for(guest)).virtio]
    buses = [await bus_of(monitor, device.alias or "") for device in virtio]
    assert buses == [f"virtio-mmio-bus.{number}" for number in range(1, len(virtio) + 1)]
