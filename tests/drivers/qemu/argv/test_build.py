"""The command line of each kind of configuration: what stands on it, and what never does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qemuvalues import ARM, MACHINES, X86, arguments, completed, full, options, small

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv import Resources, Tap, build, environment, startup_commands
from aiovirt.drivers.qemu.binaries import BinaryCapabilities, CPUOffer
from aiovirt.errors import ConfigError, XMLError

SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
DISK = "<disk type='file'><driver {driver}/><source file='/i'/><target dev='vda'/></disk>"


def device(config: DomainConfig, alias: str, binary: BinaryCapabilities = X86) -> dict[str, Any]:
    """The properties of one device."""
    found = [json.loads(word) for word in options(arguments(config, binary), "-device")]
    return next(each for each in found if each.get("id") == alias)


def nodes(config: DomainConfig) -> list[dict[str, Any]]:
    return [json.loads(word) for word in options(arguments(config), "-blockdev")]


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_the_same_input_gives_the_same_words(machine: str) -> None:
    config = completed(full(machine, Path("/images")), MACHINES[machine])
    resources = Resources.imagined(config, Path("/run/guest"))
    first = build(config, MACHINES[machine], resources)
    assert build(config, MACHINES[machine], resources) == first


def test_every_guest_is_shut_in(machine: str) -> None:
    argv = arguments(full(machine, Path("/images")), MACHINES[machine])
    assert options(argv, "-sandbox") == [SANDBOX]
    assert {"-nodefaults", "-no-user-config", "-S"} <= set(argv)


@given(st.text("abc,=\"'{}:0", min_size=6, max_size=12))
def test_a_password_is_never_among_the_words(secret: str) -> None:
    password = f"~{secret}~"
    config = small("<graphics type='vnc'/><graphics type='spice'/>")
    for display in config.graphics:
        display.passwd = password
    assert not any(password in word or secret in word for word in arguments(config))


def test_a_display_with_a_password_waits_for_it() -> None:
    argv = arguments(small("<graphics type='vnc' passwd='x'/><graphics type='spice' passwd='x'/>"))
    assert "password=on" in options(argv, "-vnc")[0]
    assert "disable-ticketing" not in options(argv, "-spice")[0]


def test_a_display_without_a_password_does_not() -> None:
    argv = arguments(small("<graphics type='vnc'/><graphics type='spice'/>"))
    assert options(argv, "-vnc") == ["vnc=127.0.0.1:0,audiodev=audio1"]
    assert "disable-ticketing=on" in options(argv, "-spice")[0]


@pytest.mark.parametrize("kind", ["vnc", "spice"])
def test_port_0_is_refused_as_such(kind: str) -> None:
    with pytest.raises(
        XMLError, match=f"port 0 is none that the {kind} display can have"
    ) as caught:
        arguments(small(f"<graphics type='{kind}' port='0'/>"))
    assert caught.value.expected == "a port, or -1 to let one be chosen"


def test_a_guest_without_a_display_opens_no_window() -> None:
    assert options(arguments(small()), "-display") == ["none"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20))
def test_a_comma_in_a_name_stays_in_it(name: str) -> None:
    config = completed(small())
    config.name = name
    resources = Resources.imagined(config, Path("/run/guest"))
    (value,) = options(build(config, X86, resources), "-name")
    assert value.removeprefix("guest=").removesuffix(",debug-threads=on") == name.replace(",", ",,")


def test_the_monitor_is_a_passed_descriptor() -> None:
    config = completed(small())
    argv = build(config, X86, Resources(monitor=17, folder=Path("/run/guest")))
    assert "socket,id=charmonitor,fd=17,server=on,wait=off" in options(argv, "-chardev")


def test_memory_is_told_in_kib() -> None:
    assert options(arguments(small()), "-m") == ["size=65536k"]


@pytest.mark.parametrize(
    ("backing", "kind"),
    [
        ("<source type='memfd'/><access mode='shared'/>", "memory-backend-memfd"),
        ("<allocation mode='immediate'/>", "memory-backend-ram"),
        ("<hugepages/>", "memory-backend-memfd"),
    ],
)
def test_memory_that_is_backed_becomes_the_machines_ram(backing: str, kind: str) -> None:
    argv = arguments(small(more=f"<memoryBacking>{backing}</memoryBacking>"))
    backend = json.loads(options(argv, "-object")[0])
    assert (backend["qom-type"], backend["id"]) == (kind, "pc.ram")
    assert "memory-backend=pc.ram" in options(argv, "-machine")[0]


CELL = "<cpu><numa><cell id='0' cpus='0' memory='65536'/></numa></cpu>"


@pytest.mark.parametrize(
    ("backing", "cell"),
    [
        ("", "node,nodeid=0,cpus=0,mem=64"),
        (
            "<memoryBacking><source type='memfd'/></memoryBacking>",
            "node,nodeid=0,cpus=0,memdev=ram-node0",
        ),
    ],
)
def test_an_old_machine_has_cells_by_their_sizes(backing: str, cell: str) -> None:
    machines = (msgspec.structs.replace(each, numa_mem=True) for each in X86.machines)
    old = msgspec.structs.replace(X86, machines=tuple(machines))
    argv = arguments(small(more=f"{CELL}{backing}"), binary=old)
    assert options(argv, "-numa") == [cell]


def test_a_feature_that_the_program_does_not_know_need_not_be_switched_off() -> None:
    offer = CPUOffer(words=("sse",), known=(0,))
    binary = msgspec.structs.replace(X86, offers={"qemu": offer})
    features = "".join(f"<feature policy='disable' name='{n}'/>" for n in ("sse", "pconfig"))
    cpu = f"<cpu mode='custom'><model>qemu64</model>{features}</cpu>"
    assert options(arguments(small(more=cpu), binary=binary), "-cpu") == ["qemu64,sse=off"]


def test_memory_in_files_is_in_the_domains_folder() -> None:
    argv = arguments(small(more="<memoryBacking><source type='file'/></memoryBacking>"))
    assert '"mem-path":"/run/guest/pc.ram"' in options(argv, "-object")[0]


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ("", "1,sockets=1,cores=1,threads=1"),
        ("<vcpu>4</vcpu>", "4,sockets=4,cores=1,threads=1"),
        ("<vcpu current='2'>4</vcpu>", "2,maxcpus=4,sockets=4,cores=1,threads=1"),
        (
            "<vcpu>4</vcpu><cpu><topology sockets='1' dies='1' cores='2' threads='2'/></cpu>",
            "4,sockets=1,cores=2,threads=2",
        ),
    ],
)
def test_virtual_cpus_are_arranged(more: str, value: str) -> None:
    assert options(arguments(small(more=more)), "-smp") == [value]


@pytest.mark.parametrize(
    ("cpu", "value"),
    [
        ("<cpu mode='host-model'/>", "max"),
        ("<cpu mode='custom'><model>EPYC</model></cpu>", "EPYC"),
        (
            (
                "<cpu mode='custom'><model>qemu64</model><feature policy='disable' name='lahf_lm'/>"
                "<feature policy='require' name='pclmuldq'/></cpu>"
            ),
            "qemu64,lahf-lm=off,pclmulqdq=on",
        ),
    ],
)
def test_the_cpu_follows_from_mode_model_and_features(cpu: str, value: str) -> None:
    assert options(arguments(small(more=cpu)), "-cpu") == [value]


@pytest.mark.parametrize(
    ("cpu", "message"),
    [
        ("<cpu mode='host-passthrough'/>", "only under KVM"),
        ("<cpu mode='custom'><model>Nope</model></cpu>", "no CPU model 'Nope'"),
    ],
)
def test_a_cpu_that_cannot_be_had_is_refused(cpu: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        arguments(small(more=cpu))


def test_a_kernel_is_booted_with_its_command_line() -> None:
    config = small()
    config.os.kernel, config.os.initrd, config.os.cmdline = "/k", "/i", "console=ttyS0 a,b"
    argv = arguments(config)
    assert options(argv, "-kernel") == ["/k"]
    assert options(argv, "-append") == ["console=ttyS0 a,b"]


def test_a_command_line_without_a_kernel_is_refused() -> None:
    config = small()
    config.os.cmdline = "quiet"
    with pytest.raises(XMLError, match="needs a kernel"):
        arguments(config)


def test_flash_firmware_becomes_two_block_nodes() -> None:
    config = small()
    config.os.loader.path, config.os.loader.type = "/code.fd", "pflash"
    config.os.nvram.path = "/vars.fd"
    files = [node["filename"] for node in nodes(config) if node["driver"] == "file"]
    assert files == ["/code.fd", "/vars.fd"]
    assert "pflash1=libvirt-pflash1-format" in options(arguments(config), "-machine")[0]


def test_a_reboot_that_destroys_becomes_a_shutdown() -> None:
    argv = arguments(small(more="<on_reboot>destroy</on_reboot>"))
    assert options(argv, "-action") == ["reboot=shutdown"]


@pytest.mark.parametrize(
    ("clock", "base"),
    [
        ("<clock offset='utc'/>", "base=utc"),
        ("<clock offset='localtime'/>", "base=localtime"),
        ("<clock offset='absolute' start='0'/>", "base=1970-01-01T00:00:00"),
        (
            "<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/></clock>",
            "base=utc,driftfix=slew",
        ),
    ],
)
def test_the_clock_starts_from_what_is_said(clock: str, base: str) -> None:
    assert options(arguments(small(more=clock)), "-rtc") == [base]


def test_a_clock_of_another_zone_is_local_there() -> None:
    config = small(more="<clock offset='timezone' timezone='Europe/Berlin'/>")
    assert options(arguments(config), "-rtc") == ["base=localtime"]
    assert environment(config) == {"TZ": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("mode", "expected", "write_cache"),
    [
        ("none", {"direct": True, "no-flush": False}, "on"),
        ("writeback", {"direct": False, "no-flush": False}, "on"),
        ("writethrough", {"direct": False, "no-flush": False}, "off"),
        ("directsync", {"direct": True, "no-flush": False}, "off"),
        ("unsafe", {"direct": False, "no-flush": True}, "on"),
    ],
)
def test_a_cache_mode_is_told_to_nodes_and_device(
    mode: str, expected: dict[str, bool], write_cache: str
) -> None:
    config = small(DISK.format(driver=f"type='qcow2' cache='{mode}'"))
    assert [node["cache"] for node in nodes(config)] == [expected, expected]
    again = small(DISK.format(driver=f"type='qcow2' cache='{mode}'"))
    assert device(again, "virtio-disk0")["write-cache"] == write_cache


def test_a_disk_with_limits_gets_a_throttle_above_its_image() -> None:
    tune = "<iotune><read_bytes_sec>1000</read_bytes_sec></iotune>"
    config = small(DISK.format(driver="type='raw'").replace("</disk>", f"{tune}</disk>"))
    argv = arguments(config)
    group = json.loads(options(argv, "-object")[0])
    assert group["limits"] == {"bps-read": 1000}
    assert '"drive":"libvirt-1-throttle"' in " ".join(options(argv, "-device"))


@pytest.mark.parametrize(
    ("disk", "message"),
    [
        (
            "<disk type='network'><source protocol='rbd'/><target dev='vda'/></disk>",
            "names no image",
        ),
        (DISK.format(driver="type='iso'"), "no format of QEMU's"),
    ],
)
def test_a_disk_that_cannot_be_opened_is_refused(disk: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        arguments(small(disk))


def test_a_group_of_any_name_has_an_object_that_qemu_takes() -> None:
    limits = "<iotune><total_iops_sec>9</total_iops_sec><group_name>a,b</group_name></iotune>"
    disk = DISK.format(driver="name='qemu'").replace("</disk>", f"{limits}</disk>")
    made = json.loads(options(arguments(small(disk)), "-object")[0])
    assert made["id"] == "throttle-a_2c_b"


def test_only_memory_in_files_is_discarded() -> None:
    backing = "<memoryBacking><hugepages/><discard/></memoryBacking>"
    made = json.loads(options(arguments(small(more=backing)), "-object")[0])
    assert "discard-data" not in made


def test_boot_order_goes_to_the_first_device_of_each_kind() -> None:
    config = small(
        DISK.format(driver="type='raw'")
        + "<interface type='user'><model type='virtio'/></interface>"
    )
    config.os.boot = ("network", "hd")
    found = [json.loads(word) for word in options(arguments(config), "-device")]
    order = {each["id"]: each["bootindex"] for each in found if "bootindex" in each}
    assert order == {"net0": 1, "virtio-disk0": 2}


def test_a_boot_order_of_a_device_counts_alone() -> None:
    disk = DISK.format(driver="type='raw'").replace("</disk>", "<boot order='3'/></disk>")
    assert device(small(disk), "virtio-disk0")["bootindex"] == 3


def test_a_bridge_interface_takes_the_passed_descriptors() -> None:
    config = completed(small("<interface type='bridge'><source bridge='br0'/></interface>"))
    tap = Tap(fds=(30, 31), vhost_fds=(40, 41))
    resources = Resources(monitor=3, folder=Path("/run"), taps={"net0": tap})
    (netdev,) = options(build(config, X86, resources), "-netdev")
    assert json.loads(netdev) == {
        "id": "hostnet0",
        "type": "tap",
        "fds": "30:31",
        "vhost": True,
        "vhostfds": "40:41",
    }


def test_a_bridge_interface_without_a_tap_is_refused() -> None:
    config = completed(small("<interface type='bridge'><source bridge='br0'/></interface>"))
    with pytest.raises(ConfigError, match="net0"):
        build(config, X86, Resources(monitor=3, folder=Path("/run")))


def test_ports_of_the_host_lead_into_a_user_network() -> None:
    forward = "<portForward proto='tcp'><range start='2222' end='2223' to='22'/></portForward>"
    (netdev,) = options(
        arguments(small(f"<interface type='user'>{forward}</interface>")), "-netdev"
    )
    rules = [rule["str"] for rule in json.loads(netdev)["hostfwd"]]
    assert rules == ["tcp::2222-:22", "tcp::2223-:23"]


@pytest.mark.parametrize(
    ("serial", "chardev"),
    [
        ("<serial type='pty'/>", "pty,id=charserial0"),
        ("<serial type='null'/>", "null,id=charserial0"),
        (
            "<serial type='unix'><source mode='bind' path='/a,b'/></serial>",
            "socket,id=charserial0,path=/a,,b,server=on,wait=off",
        ),
        (
            "<serial type='unix'><source mode='connect' path='/a'/></serial>",
            "socket,id=charserial0,path=/a",
        ),
        (
            "<serial type='file'><source path='/f' append='on'/></serial>",
            "file,id=charserial0,path=/f,append=on",
        ),
        (
            (
                "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='4444'/>"
                "<protocol type='telnet'/></serial>"
            ),
            "socket,id=charserial0,host=127.0.0.1,port=4444,telnet=on,server=on,wait=off",
        ),
        (
            (
                "<serial type='udp'><source mode='connect' host='h' service='1'/>"
                "<source mode='bind' host='l' service='2'/></serial>"
            ),
            "udp,id=charserial0,host=h,port=1,localaddr=l,localport=2",
        ),
        (
            "<serial type='pty'><log file='/log' append='on'/></serial>",
            "pty,id=charserial0,logfile=/log,logappend=on",
        ),
        (
            "<serial type='dev'><source path='/dev/ttyS1'/></serial>",
            "serial,id=charserial0,path=/dev/ttyS1",
        ),
    ],
)
def test_each_kind_of_host_end(serial: str, chardev: str) -> None:
    assert chardev in options(arguments(small(serial)), "-chardev")


@pytest.mark.parametrize("kind", ["nmdm"])
def test_a_host_end_that_cannot_be_had_is_refused(kind: str) -> None:
    with pytest.raises(XMLError, match=f"no serial of type '{kind}'"):
        arguments(small(f"<serial type='{kind}'/>"))


def test_what_a_pty_shows_is_logged() -> None:
    config = completed(small("<serial type='pty'/>"))
    resources = Resources(monitor=3, folder=Path("/run"), logs={"serial0": Path("/l")})
    expected = "pty,id=charserial0,logfile=/l,logappend=on"
    assert expected in options(build(config, X86, resources), "-chardev")


def test_the_machines_own_port_on_arm_is_the_first_serial() -> None:
    argv = arguments(small("<serial type='pty'/>", machine="virt"), ARM)
    assert options(argv, "-serial") == ["chardev:charserial0"]


def test_arguments_of_the_user_come_last() -> None:
    more = (
        "<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'>"
        "<arg value='-foo'/><arg value='a,b'/></commandline>"
    )
    assert arguments(small(more=more))[-2:] == ("-foo", "a,b")


def test_a_word_with_nul_is_refused() -> None:
    config = completed(small("<channel type='unix'><target type='virtio' name='x'/></channel>"))
    with pytest.raises(ConfigError, match="NUL"):
        build(config, X86, Resources(monitor=3, folder=Path("/a\0b")))


def test_what_no_command_line_can_say_is_said_over_the_monitor() -> None:
    devices = (
        "<interface type='user'><link state='down'/></interface>"
        "<memballoon model='virtio'><stats period='5'/></memballoon>"
    )
    config = completed(small(devices, more="<currentMemory unit='MiB'>32</currentMemory>"))
    assert [name for name, _ in startup_commands(config)] == ["set_link", "qom-set", "balloon"]


def test_a_hub_is_there_before_what_is_plugged_into_it() -> None:
    tablets = "<input type='tablet' bus='usb'/>" * 3
    devices = [
        json.loads(word) for word in options(arguments(small(tablets, machine="pc")), "-device")
    ]
    drivers = [device["driver"] for device in devices]
    assert drivers.index("usb-hub") < drivers.index("usb-tablet")
