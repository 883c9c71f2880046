"""The machine itself, both ways."""

from __future__ import annotations

from uuid import UUID

import pytest
from vmxsamples import FILES, told, written, xml

from aiovirt.drivers.common.vmx import vmx_of
from aiovirt.errors import ConfigError, XMLError
from aiovirt.model.units import KiB, MiB


def test_what_is_not_said_is_as_vmware_has_it() -> None:
    config = told()
    assert (config.type, config.name, config.uuid) == ("vmware", "web1", UUID(int=0))
    assert (config.memory, config.current_memory, config.vcpus) == (MiB(32), MiB(32), 1)
    assert (config.os.type, config.os.arch, config.clock.offset) == ("hvm", "i686", "utc")
    actions = (config.on_poweroff, config.on_reboot, config.on_crash)
    assert actions == ("destroy", "restart", "destroy")


def test_names_and_notes_are_unescaped() -> None:
    config = told("annotation = one|0atwo |22|7c|22")
    assert config.description == 'one\ntwo "|"'


def test_memory_has_a_limit_and_a_guarantee() -> None:
    config = told("memSize = 1024", "sched.mem.max = 512", "sched.mem.minSize = 4096")
    assert (config.memory, config.current_memory) == (MiB(1024), MiB(512))
    assert config.memtune.min_guarantee == MiB(1024)
    assert told("memsize = 64", "sched.mem.max = unlimited").current_memory == MiB(64)


def test_processors() -> None:
    config = told("numvcpus = 4", "cpuid.coresPerSocket = 2", "sched.cpu.affinity = 7, 1,2,0,9")
    assert (config.cpu.topology.sockets, config.cpu.topology.cores) == (2, 2)
    assert config.vcpu.cpuset == "0-2,7,9"
    assert not told("sched.cpu.affinity = all").vcpu.cpuset


@pytest.mark.parametrize(("said", "shares"), [("Low", 1500), ("high", 6000), ("1234", 1234)])
def test_shares_are_those_of_all_processors(said: str, shares: int) -> None:
    assert told("numvcpus = 3", f"sched.cpu.shares = {said}").cputune.shares == shares


def test_ids_and_firmware() -> None:
    config = told(
        "guestOS = rhel9-64",
        "vm.genid = -1",
        "vm.genidX = 2",
        "smbios.reflecthost = TRUE",
        "firmware = efi",
        "uefi.secureBoot.enabled = TRUE",
    )
    assert config.genid == "ffffffff-ffff-ffff-0000-000000000002"
    assert (config.os.arch, config.os.smbios, config.os.firmware) == ("x86_64", "host", "efi")
    assert [each.name for each in config.os.firmware_features] == ["secure-boot"]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("memsize = 6", "memsize"),
        ("memsize = 0", "memsize"),
        ("memsize = unlimited", "memsize"),
        ("numvcpus = 0", "numvcpus"),
        ("numvcpus = 70000", "numvcpus"),
        ("cpuid.coresPerSocket = 2", "cpuid.coresPerSocket"),
        ("sched.cpu.affinity = 1;2", "sched.cpu.affinity"),
        ("sched.cpu.affinity = 99999", "sched.cpu.affinity"),
        ("sched.cpu.shares = many", "sched.cpu.shares"),
        ("uuid.bios = 56 4d", "uuid.bios"),
        ("firmware = coreboot", "firmware"),
        ("smbios.reflecthost = perhaps", "smbios.reflecthost"),
        ("annotation = |q", "annotation"),
    ],
)
def test_wrong_values_name_their_keys(line: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"line 4, {key}: ") as caught:
        told(line)
    assert caught.value.field == key


def test_guests_of_arm() -> None:
    assert told("guestOS = arm-debian12-64").os.arch == "aarch64"
    assert told("guestOS = arm-debian12-64", extended=False).os.arch == "x86_64"
    assert written(os="<type arch='aarch64'>hvm</type>").get("guestOS") == "arm-other-64"


def test_fewer_processors_than_the_guest_has_are_refused() -> None:
    with pytest.raises(ConfigError, match="as many numbers as numvcpus at least, 2"):
        told("numvcpus = 2", "sched.cpu.affinity = 1")


def test_a_machine_has_memory() -> None:
    config = xml()
    config.memory = None
    with pytest.raises(XMLError, match="no memory"):
        vmx_of(config, FILES, hardware=8)


def test_a_new_machine_is_written() -> None:
    vmx = written("<uuid>564d9bef-acd9-b4e0-c8f0-aea8b9103515</uuid>")
    assert vmx.get("uuid.bios") == "56 4d 9b ef ac d9 b4 e0-c8 f0 ae a8 b9 10 35 15"
    assert (vmx.get("displayName"), vmx.get("guestOS")) == ("web1", "other")
    assert (vmx.get("memsize"), vmx.get("numvcpus")) == ("64", "1")
    assert written().get("uuid.action") == "create"


def test_memory_is_written_in_steps_of_4_mib() -> None:
    vmx = written("<memory unit='KiB'>4097</memory><currentMemory>2049</currentMemory>")
    assert (vmx.get("memsize"), vmx.get("sched.mem.max")) == ("64", "3")
    vmx = written("<memtune><min_guarantee>1025</min_guarantee></memtune>")
    assert (vmx.get("sched.mem.minsize"), KiB(1025) > MiB(1)) == ("2", True)


def test_processors_are_written() -> None:
    vmx = written(
        "<vcpu cpuset='0-4,^1'>4</vcpu><cputune><shares>4000</shares></cputune>"
        "<cpu><topology sockets='2' cores='2' threads='1'/></cpu>"
    )
    assert vmx.get("sched.cpu.affinity") == "0,2,3,4"
    assert vmx.get("sched.cpu.shares") == "normal"
    assert (vmx.get("numvcpus"), vmx.get("cpuid.coresPerSocket")) == ("4", "2")


def test_the_rest_is_written() -> None:
    vmx = written(
        "<genid>ffffffff-ffff-ffff-0000-000000000002</genid><description>a\nb</description>",
        os="<type arch='x86_64'>hvm</type><smbios mode='host'/>",
    )
    assert (vmx.get("vm.genid"), vmx.get("vm.genidX")) == ("-1", "2")
    assert (vmx.get("guestOS"), vmx.get("smbios.reflecthost")) == ("other-64", "true")
    assert (vmx.get("annotation"), "a|0ab" in vmx.to_text()) == ("a\nb", True)


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("<vcpu current='1'>2</vcpu>", "all its processors"),
        ("<vcpu cpuset='1'>2</vcpu>", "fewer processors"),
        ("<cpu mode='host-model'><topology sockets='1' cores='1' threads='1'/></cpu>", "mode"),
        ("<cpu><topology sockets='1' cores='1' threads='2'/></cpu>", "one thread"),
        ("<cpu><topology sockets='2' cores='2' threads='1'/></cpu>", "topology"),
    ],
)
def test_what_vmware_has_not_is_refused(inner: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        written(inner)


def test_another_processor_or_table_is_refused() -> None:
    with pytest.raises(XMLError, match="the processor cannot be 'ppc64'"):
        written(os="<type arch='ppc64'>hvm</type>")
    with pytest.raises(XMLError, match="smbios cannot be 'sysinfo'"):
        written(os="<type>hvm</type><smbios mode='sysinfo'/>")
