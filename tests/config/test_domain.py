"""A domain is read, built and checked."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.config import (
    CPU,
    VCPU,
    Clock,
    Console,
    CPUTopology,
    Disk,
    DomainConfig,
    MemoryBacking,
    Timer,
    problems,
)
from aiovirt.config._document import MAX_PROBLEMS
from aiovirt.config.passthrough import QemuCommandline, QemuEnv
from aiovirt.errors import XMLError
from aiovirt.model.addresses import PciAddress
from aiovirt.model.units import GiB, KiB, MiB


def test_devices_are_found_by_kind_and_by_name() -> None:
    devices = DomainConfig.parse(
        "<domain><devices><emulator>/q</emulator><disk><alias name='ua-a'/></disk><serial/>"
        "<hologram><alias name='ua-b'/></hologram><disk/></devices></domain>"
    ).devices
    assert [device.kind for device in devices.all("disk")] == ["disk", "disk"]
    assert [list(devices.all(kind)) for kind in ("emulator", "interface")] == [[], []]
    found = {name: devices.with_alias(name) for name in ("ua-a", "ua-b", "ua'c")}
    assert {name: device and device.kind for name, device in found.items()} == {
        "ua-a": "disk",
        "ua-b": "hologram",
        "ua'c": None,
    }
    assert DomainConfig.parse("<domain/>").devices.with_alias("ua-a") is None


def test_the_designs_example_is_what_it_says() -> None:
    config = DomainConfig(
        name="web1", memory=GiB(1), vcpus=2, disks=[Disk.file("web1.qcow2")], type="kvm"
    )
    assert (config.name, config.memory, config.vcpus, config.type) == ("web1", GiB(1), 2, "kvm")
    assert config.disks[0].driver.type == "qcow2"
    assert [device.kind for device in config.devices.all()] == ["disk", "serial"]


def test_a_serial_port_comes_only_where_none_is_named() -> None:
    config = DomainConfig(name="web1", memory=GiB(1), consoles=[Console.pty()])
    assert [device.kind for device in config.devices.all()] == ["console"]
    parsed = DomainConfig.parse("<domain type='qemu'><name>web1</name></domain>")
    assert list(parsed.devices.all()) == []


def test_reads_names_and_sizes(rich: str) -> None:
    config = DomainConfig.parse(rich)
    assert config.uuid == UUID("4dea22b3-1d52-d8f3-2516-782e98ab3fa0")
    assert (config.id, config.memory, config.on_reboot) == (7, MiB(512), "restart")


def test_reads_virtual_cpus(rich: str) -> None:
    vcpu = DomainConfig.parse(rich).vcpu
    assert (vcpu.max, vcpu.current, vcpu.placement, vcpu.cpuset) == (4, 2, "static", "0-3")


def test_reads_how_it_boots(rich: str) -> None:
    system = DomainConfig.parse(rich).os
    assert (system.type, system.arch, system.machine) == ("hvm", "x86_64", "q35")
    assert (system.loader.path, system.loader.readonly) == ("/usr/share/OVMF/OVMF_CODE.fd", True)
    assert (system.nvram.path, system.boot) == ("/var/lib/web1.fd", ("cdrom", "hd"))


def test_reads_features(rich: str) -> None:
    features = DomainConfig.parse(rich).features
    assert (features.acpi, features.apic_eoi, features.pae) == (True, True, False)
    assert (features.smm, features.vmport, features.hyperv.spinlocks_retries) == (False, None, 8191)


def test_reads_the_cpu(rich: str) -> None:
    cpu = DomainConfig.parse(rich).cpu
    assert (cpu.model, cpu.fallback, cpu.topology.cores) == ("Skylake-Client", "forbid", 2)
    assert [(each.name, each.policy) for each in cpu.features] == [("hle", "disable")]
    assert cpu.numa[0].memory == MiB(512)


def test_reads_the_clock(rich: str) -> None:
    clock = DomainConfig.parse(rich).clock
    assert clock.offset == "utc"
    assert [(timer.name, timer.present) for timer in clock.timers] == [
        ("rtc", None),
        ("hpet", False),
    ]


def test_reads_what_is_handed_to_qemu(rich: str) -> None:
    commandline = DomainConfig.parse(rich).qemu_commandline
    assert commandline.args == ("-device", "foo")
    assert [(each.name, each.value) for each in commandline.env] == [("TOKEN", "hidden")]


def test_builds_what_is_handed_to_qemu() -> None:
    commandline = QemuCommandline(args=["-S"], env=[QemuEnv(name="A", value="1")])
    xml = DomainConfig(name="a", qemu_commandline=commandline).to_xml()
    assert "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>" in xml
    assert "<qemu:arg value='-S'/>" in xml


def test_parts_can_be_given_whole() -> None:
    config = DomainConfig(
        name="a",
        cpu=CPU(mode="host-passthrough", topology=CPUTopology(sockets=1, cores=2, threads=1)),
        clock=Clock(offset="utc", timers=[Timer(name="hpet", present=False)]),
        vcpu=VCPU(max=4, current=2),
    )
    assert (config.vcpus, config.cpu.topology.cores, len(config.clock.timers)) == (4, 2, 1)


def test_memory_is_written_in_kib_rounded_up() -> None:
    config = DomainConfig(name="a", memory=KiB(1.5), current_memory="1 KiB")
    assert "<memory unit='KiB'>2</memory>" in config.to_xml()


def test_a_container_runs_a_program_not_a_machine() -> None:
    assert DomainConfig(name="a", type="lxc").os.type == "exe"


def test_nothing_is_added_to_what_is_parsed() -> None:
    assert DomainConfig.parse("<domain/>").to_xml() == "<domain/>\n"


def test_an_error_in_a_document_says_where(rich: str) -> None:
    config = DomainConfig.parse(rich.replace("bus='virtio'", "bus='vritio'"))
    with pytest.raises(XMLError) as caught:
        config.check()
    error = caught.value
    line = rich[: rich.index("dev='vda'")].count("\n") + 1
    assert (error.element, error.line) == ("domain/devices/disk[1]/target", line)
    assert (error.hint, error.field) == ("Did you mean 'virtio'?", "domain/devices/disk[1]/target")


def test_a_right_document_has_no_problem(rich: str) -> None:
    DomainConfig.parse(rich).check()


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\nb", ".", ".."])
def test_names_that_cannot_be_file_names_are_wrong(name: str) -> None:
    with pytest.raises(XMLError) as caught:
        DomainConfig(name=name, memory=GiB(1)).check()
    assert caught.value.element == "domain/name"


def test_machines_of_vmware_may_have_a_slash_in_their_names() -> None:
    config = DomainConfig(type="vmware", name="web/1", memory=GiB(1))
    assert not config.problems()
    config.name = "web\n1"
    assert [str(problem) for problem in config.problems()]


def test_a_name_is_needed() -> None:
    with pytest.raises(XMLError, match="name is missing"):
        DomainConfig(memory=GiB(1)).check()


def test_no_memory_is_wrong() -> None:
    with pytest.raises(XMLError, match="the memory is 0"):
        DomainConfig(name="a", memory=GiB(0)).check()


def test_more_current_than_possible_memory_is_wrong() -> None:
    with pytest.raises(XMLError, match="2 GiB, is more"):
        DomainConfig(name="a", memory=GiB(1), current_memory=GiB(2)).check()


def test_more_current_than_possible_cpus_are_wrong() -> None:
    with pytest.raises(XMLError, match="3 virtual CPUs of 2"):
        DomainConfig(name="a", memory=GiB(1), vcpu=VCPU(max=2, current=3)).check()


def test_no_cpu_is_wrong() -> None:
    with pytest.raises(XMLError, match=r"vcpus .* cannot be 0"):
        DomainConfig(vcpus=0)


def _with(*disks: Disk) -> DomainConfig:
    return DomainConfig(name="a", memory=GiB(1), disks=disks)


def test_two_disks_of_one_name_are_wrong() -> None:
    with pytest.raises(XMLError, match="the target vda is taken") as caught:
        _with(Disk.file("/a.raw"), Disk.file("/b.raw")).check()
    assert caught.value.element == "domain/devices/disk[2]"


def test_two_devices_of_one_alias_are_wrong() -> None:
    config = _with(Disk.file("/a.raw"), Disk.file("/b.raw", target="vdb"))
    for disk in config.disks:
        disk.alias = "ua-same"
    with pytest.raises(XMLError, match="the alias ua-same is taken"):
        config.check()


def test_two_devices_at_one_address_are_wrong() -> None:
    config = _with(Disk.file("/a.raw"), Disk.file("/b.raw", target="vdb"))
    for disk in config.disks:
        disk.address = PciAddress(slot=3)
    with pytest.raises(XMLError, match=r"the PCI address 0000:00:03\.0 is taken"):
        config.check()


def test_two_devices_of_one_boot_order_are_wrong() -> None:
    config = _with(Disk.file("/a.raw"), Disk.file("/b.raw", target="vdb"))
    for disk in config.disks:
        disk.boot_order = 1
    with pytest.raises(XMLError, match="in the boot order, place 1 is taken"):
        config.check()


def test_a_boot_order_is_said_in_one_place() -> None:
    config = _with(Disk.file("/a.raw"))
    config.disks[0].boot_order = 1
    config.os.boot = ["hd"]
    with pytest.raises(XMLError, match="here and at devices"):
        config.check()


def test_a_topology_that_does_not_fit_is_wrong() -> None:
    config = _with()
    config.vcpus = 3
    config.cpu.topology = CPUTopology(sockets=2, cores=2)
    with pytest.raises(XMLError, match="the topology has 4 CPUs, the domain 3"):
        config.check()


def test_a_disk_without_source_is_wrong() -> None:
    disk = Disk.file("/a.raw")
    disk.source = None
    with pytest.raises(XMLError, match="the disk has no source"):
        _with(disk).check()


def test_an_empty_cdrom_drive_is_right() -> None:
    _with(Disk.cdrom()).check()


def test_a_disk_without_target_is_wrong() -> None:
    disk = Disk.file("/a.raw")
    disk.target = None
    with pytest.raises(XMLError, match="the disk has no target"):
        _with(disk).check()


@pytest.mark.parametrize("tag", ["name", "vcpu", "memory", "os"])
def test_an_element_that_may_be_there_once_is_wrong_twice(tag: str) -> None:
    config = DomainConfig.parse(f"<domain>\n<{tag}/>\n<{tag}/></domain>")
    twins = [each for each in config.problems() if "there already" in str(each)]
    assert [(each.element, each.line) for each in twins] == [(f"domain/{tag}[2]", 3)]


def test_what_is_cleared_is_gone_with_its_twins() -> None:
    config = DomainConfig.parse("<domain><name>a</name><memory>1</memory><name>b</name></domain>")
    config.name = None
    assert (config.name, config.memory) == (None, KiB(1))


def test_several_huge_pages_are_right() -> None:
    pages = "<hugepages><page size='2' unit='MiB'/><page size='1' unit='GiB'/></hugepages>"
    backing = MemoryBacking.parse(f"<memoryBacking>{pages}</memoryBacking>")
    assert (list(problems(backing)), backing.hugepage_size) == ([], MiB(2))


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<os/>", "one of 'hvm', 'xen'"),
        ("<os><type>hvm</type><boot/></os>", "one of 'hd', 'fd'"),
        ("<devices><serial/></devices>", "one of 'dev', 'file'"),
    ],
)
def test_what_is_missing_comes_with_the_words_there_are(inner: str, expected: str) -> None:
    config = DomainConfig.parse(f"<domain type='kvm'><name>a</name>{inner}</domain>")
    (problem,) = config.problems()
    assert (problem.expected or "").startswith(expected)


def test_the_largest_size_is_the_same_for_writing_and_reading() -> None:
    assert DomainConfig(memory="7 EiB").memory == 7 * 1024**6
    for much in ("8 EiB", "999999999 EiB", "18446744073709551616 KiB"):
        with pytest.raises(XMLError, match=r"is too much .* below 8 EiB"):
            DomainConfig(memory=much)
    parsed = DomainConfig.parse("<domain><memory unit='EiB'>8</memory></domain>")
    assert any("below 8 EiB" in (each.expected or "") for each in parsed.problems())


def test_all_problems_are_told_at_once() -> None:
    config = DomainConfig.parse(
        "<domain>\n<name>a/b</name>\n<memory>x</memory>\n<vcpu>0</vcpu></domain>"
    )
    places = [problem.element for problem in config.problems()]
    assert places == ["domain", "domain/name", "domain/memory", "domain/vcpu"]


def test_the_search_for_problems_ends() -> None:
    config = DomainConfig.parse(f"<domain><devices>{'<disk/>' * 5000}</devices></domain>")
    assert len(config.problems()) == MAX_PROBLEMS


def test_a_repr_says_which_domain_it_is(rich: str) -> None:
    assert repr(DomainConfig(name="a")) == "DomainConfig(name='a', type='qemu')"
    assert "4dea22b3" in repr(DomainConfig.parse(rich))
