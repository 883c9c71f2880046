"""Every XML that a builder emits is what libvirt's own grammar allows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from counterparts import grammars
from documentkinds import KINDS
from fieldwalk import kinds
from lxml import etree

from aiovirt.config import (
    CPU,
    VCPU,
    Channel,
    Clock,
    Console,
    Controller,
    CPUFeature,
    CPUTopology,
    Disk,
    DiskIoTune,
    DomainConfig,
    Features,
    Graphics,
    HypervFeatures,
    Input,
    Interface,
    KvmFeatures,
    Loader,
    Memballoon,
    MemoryBacking,
    NumaCell,
    Nvram,
    OperatingSystem,
    Panic,
    QemuCommandline,
    QemuEnv,
    Rng,
    Serial,
    Sound,
    Timer,
    Video,
    VideoModel,
    Vsock,
    Watchdog,
)
from aiovirt.config._scalars import Scalar
from aiovirt.config._view import View
from aiovirt.model.addresses import DriveAddress, PciAddress, UsbAddress, VirtioSerialAddress
from aiovirt.model.units import GiB, MiB

Valid = Callable[[str], None]

DEVICES: dict[str, dict[str, object]] = {
    "disks": {
        "disks": [
            Disk.file("web1.qcow2", readonly=True),
            Disk.file("x.unknown", target="vdb"),
            Disk.block("/dev/vg/a", target="vdc"),
            Disk.cdrom("/a.iso"),
            Disk.cdrom(target="sdb"),
        ]
    },
    "user": {"interfaces": [Interface.user(mac="52:54:00:12:34:56")]},
    "bridge": {"interfaces": [Interface.bridge("br0", model="e1000")]},
    "ethernet": {"interfaces": [Interface.ethernet("tap0")]},
    "network": {"interfaces": [Interface.network("default")]},
    "pty": {"serials": [Serial.pty()], "consoles": [Console.pty()]},
    "unix": {"serials": [Serial.unix("/s"), Serial.unix("s", listen=False)]},
    "file": {"serials": [Serial.file("/f"), Serial.file("/g", append=True)]},
    "tcp": {"serials": [Serial.tcp("localhost", 1), Serial.tcp("h", 2, protocol="telnet")]},
    "null": {"serials": [Serial.null()], "consoles": [Console.null()]},
    "agent": {"channels": [Channel.agent(), Channel.agent("/s")]},
    "vnc": {
        "graphics": [
            Graphics.vnc(),
            Graphics.vnc(5901, listen="::1", password="x"),
            Graphics.vnc(socket="/v"),
        ]
    },
    "spice": {
        "graphics": [Graphics.spice(), Graphics.spice(5930, listen="192.0.2.1", password="x")]
    },
    "video": {"videos": [Video("virtio"), Video(model=VideoModel(type="qxl", vram=MiB(64)))]},
    "input": {"inputs": [Input.tablet(), Input.keyboard("virtio"), Input.mouse("ps2")]},
    "rng": {"rngs": [Rng.urandom()]},
    "balloon": {"memballoon": Memballoon(model="virtio", stats_period=5)},
    "no balloon": {"memballoon": Memballoon(model="none")},
    "controllers": {
        "controllers": [
            Controller(type="usb", model="qemu-xhci", index=0, ports=8),
            Controller(type="pci", model="pcie-root", index=0),
            Controller(type="pci", model="pcie-root-port", index=1, address=PciAddress(slot=1)),
            Controller(type="virtio-serial", index=0),
            Controller(type="scsi", model="virtio-scsi", index=0),
            Controller(type="sata", index=0),
        ]
    },
    "emulator": {"emulator": "/usr/bin/qemu-system-x86_64"},
}


@pytest.mark.parametrize("arguments", DEVICES.values(), ids=DEVICES)
def test_devices(arguments: dict[str, object], valid: Valid) -> None:
    config = DomainConfig(name="a", memory=GiB(1))
    for name, value in arguments.items():
        setattr(config, name, value)
    config.check()
    valid(config.to_xml(secure=True))


def test_the_designs_example(valid: Valid) -> None:
    disks = [Disk.file("web1.qcow2")]
    valid(DomainConfig(name="web1", memory=GiB(1), vcpus=2, disks=disks).to_xml())


def test_the_least_there_can_be(valid: Valid) -> None:
    valid(DomainConfig(name="a").to_xml())


def test_addresses(valid: Valid) -> None:
    serial = Channel.agent()
    serial.address = VirtioSerialAddress(0, 0, 1)
    disk, cdrom, tablet = Disk.file("/a.raw"), Disk.cdrom(), Input.tablet()
    disk.address = PciAddress(bus=4, multifunction=True)
    disk.alias, disk.boot_order = "ua-root", 1
    cdrom.address, tablet.address = DriveAddress(unit=1), UsbAddress(0, "1.2")
    valid(
        DomainConfig(
            name="a", memory=GiB(1), disks=[disk, cdrom], inputs=[tablet], channels=[serial]
        ).to_xml()
    )


def test_disk_settings(valid: Valid) -> None:
    disk = Disk.file("/a.qcow2")
    disk.driver.cache, disk.driver.io, disk.driver.discard = "none", "native", "unmap"
    disk.driver.detect_zeroes, disk.driver.iothread, disk.driver.queues = "unmap", 1, 4
    disk.iotune = DiskIoTune(total_iops_sec=5, write_bytes_sec=6)
    disk.serial, disk.shareable, disk.logical_block_size = "abc", True, 4096
    valid(DomainConfig(name="a", memory=GiB(1), iothreads=1, disks=[disk]).to_xml())


def test_machine_settings(valid: Valid) -> None:
    system = OperatingSystem(
        type="hvm",
        arch="x86_64",
        machine="q35",
        loader=Loader(path="/code.fd", readonly=True, secure=False, type="pflash"),
        nvram=Nvram(path="/vars.fd", template="/template.fd"),
        kernel="/vmlinuz",
        initrd="/initrd",
        cmdline="console=ttyS0 quiet",
        dtb="/dtb",
        boot=["cdrom", "network"],
        boot_menu=True,
        boot_menu_timeout=3000,
        smbios="emulate",
    )
    valid(DomainConfig(name="a", memory=GiB(1), os=system).to_xml())


def test_processor_settings(valid: Valid) -> None:
    cpu = CPU(
        mode="custom",
        match="exact",
        model="qemu64",
        fallback="allow",
        topology=CPUTopology(sockets=1, dies=1, cores=2, threads=1),
        features=[CPUFeature(policy="require", name="vmx")],
        numa=[NumaCell(id=0, cpus="0-1", memory=GiB(1))],
        cache_mode="passthrough",
    )
    vcpu = VCPU(max=2, current=1, placement="static", cpuset="0-1")
    valid(DomainConfig(name="a", memory=GiB(1), vcpu=vcpu, cpu=cpu).to_xml())


def test_feature_settings(valid: Valid) -> None:
    features = Features(
        acpi=True,
        apic=True,
        pae=True,
        smm=True,
        vmport=False,
        hyperv=HypervFeatures(mode="custom", relaxed=True, spinlocks=True, spinlocks_retries=8191),
        kvm=KvmFeatures(hidden=True),
        ioapic_driver="qemu",
    )
    valid(DomainConfig(name="a", memory=GiB(1), features=features).to_xml())


def test_clock_and_actions(valid: Valid) -> None:
    timers = [Timer(name="rtc", tickpolicy="catchup"), Timer(name="hpet", present=False)]
    config = DomainConfig(
        name="a",
        memory=GiB(1),
        clock=Clock(offset="utc", timers=timers),
        on_poweroff="destroy",
        on_reboot="restart",
        on_crash="coredump-destroy",
    )
    valid(config.to_xml())


def test_memory_settings(valid: Valid) -> None:
    backing = MemoryBacking(hugepages=True, hugepage_size=MiB(2), source="memfd", access="shared")
    config = DomainConfig(
        name="a",
        memory=GiB(1),
        current_memory="512 MiB",
        max_memory=GiB(4),
        max_memory_slots=4,
        memory_backing=backing,
    )
    valid(config.to_xml())


def test_names_and_metadata(valid: Valid) -> None:
    config = DomainConfig(
        name="a",
        uuid="4dea22b3-1d52-d8f3-2516-782e98ab3fa0",
        title="A",
        description="one\ntwo",
        memory=GiB(1),
    )
    config.metadata.set("http://example.org/", "<x/>", prefix="e")
    valid(config.to_xml())


def test_devices_of_the_margin(valid: Valid) -> None:
    config = DomainConfig(name="a", memory=GiB(1))
    config.devices.watchdogs.append(Watchdog(model="i6300esb", action="reset"))
    config.devices.sounds.append(Sound(model="ich9"))
    config.devices.panics.append(Panic(model="isa"))
    config.devices.vsock = Vsock(model="virtio", auto=True)
    valid(config.to_xml())


def test_what_is_handed_to_qemu(valid: Valid) -> None:
    commandline = QemuCommandline(args=["-S"], env=[QemuEnv(name="A", value="1")])
    valid(DomainConfig(name="a", memory=GiB(1), qemu_commandline=commandline).to_xml())


def _scalars() -> list[Scalar[Any, Any]]:
    assert KINDS  # so that all documents' views are there
    mine = (kind for kind in kinds(View) if kind.__module__.startswith("aiovirt."))
    fields = (field for kind in mine for field in kind._fields_.values())
    return [field for field in fields if isinstance(field, Scalar)]


NEWER_WORDS = {"itco", "lkcf", "loongarch64", "parallels", "pvpanic", "ssh", "vhostvdpa"}
"""What libvirt knows and the grammar that tests run with does not."""


def test_the_words_are_the_grammars() -> None:
    namespace = "{http://relaxng.org/ns/structure/1.0}"
    words = {
        word
        for path in grammars().glob("*.rng")
        for value in etree.parse(str(path)).iter(f"{namespace}value", f"{namespace}param")
        for word in re.split("[()|]", str(value.text))
    }
    ours = {word for scalar in _scalars() for word in scalar.known}
    assert ours - words <= NEWER_WORDS


def test_the_tables_of_words_have_no_twins() -> None:
    assert len(_scalars()) > 500
    assert all(len(set(field.known)) == len(field.known) for field in _scalars())
