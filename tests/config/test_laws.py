"""What belongs together in a view, what does not, and what the errors say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.config import (
    DiskSource,
    DomainConfig,
    Graphics,
    Interface,
    OperatingSystem,
    Serial,
    View,
    problems,
)
from aiovirt.errors import XMLError

WRONG = [
    (
        "<vcpu>2</vcpu><cpu><topology cores='2'/></cpu>",
        "sockets is missing",
        "a number, 1 to 65535",
    ),
    ("<os><bootmenu timeout='9'/></os>", "enable) is missing", "'yes' or 'no'"),
    ("<os><kernel>vmlinuz</kernel></os>", "kernel cannot be 'vmlinuz'", "an absolute path"),
    ("<maxMemory>9</maxMemory>", "slots) is missing, which max_memory needs", "a number"),
    ("<title>a\nb</title>", "title cannot be", "one line of text"),
    ("<vcpu>99999999999</vcpu>", "out of range", "a number, 1 to 65535"),
    ("<vcpu cpuset='0-1,foo'>1</vcpu>", "cpuset cannot be '0-1,foo'", "CPUs such as 0-3,^2"),
    (
        "<features><hyperv><spinlocks retries='8191'/></hyperv></features>",
        "state) is missing",
        "'on' or 'off'",
    ),
]
_TUNED = (
    "<disk type='file'><source file='/a'/><target dev='vda'/><iotune>"
    "<total_iops_sec>1</total_iops_sec><read_iops_sec>1</read_iops_sec></iotune></disk>"
)
DEVICES = [
    ("<interface type='network'/>", "network is missing, which type 'network' needs", "text"),
    ("<channel type='unix'/>", "target is missing", "<target>"),
    ("<rng model='virtio'/>", "backend is missing", "<backend>"),
    (
        "<graphics type='spice' websocket='1'/>",
        "websocket means nothing where type is 'spice'",
        "type 'vnc' with it",
    ),
    (
        "<interface type='user'><driver name='kvm' queues='2'/></interface>",
        "queues means nothing where name is 'kvm'",
        "name 'qemu' or 'vhost' with it",
    ),
    (
        "<controller type='pci' model='pcie-rot-port'/>",
        "model cannot be 'pcie-rot-port' where type is 'pci'",
        "one of 'pci-root', 'pcie-root'",
    ),
    (
        _TUNED,
        "read_iops_sec stands beside total_iops_sec",
        "one of the two",
    ),
]


def _only(inner: str) -> XMLError:
    os = "" if inner.startswith("<os>") else "<os><type>hvm</type></os>"
    inner = inner.replace("<os>", "<os><type>hvm</type>")
    xml = f"<domain type='kvm'><name>a</name>{os}\n{inner}</domain>"
    return DomainConfig.parse(xml).problems()[0]


@pytest.mark.parametrize(("inner", "message", "expected"), WRONG)
def test_a_part_that_is_not_whole(inner: str, message: str, expected: str) -> None:
    problem = _only(inner)
    assert message in str(problem)
    assert (problem.expected or "").startswith(expected)
    assert problem.line == 2


@pytest.mark.parametrize(("inner", "message", "expected"), DEVICES)
def test_a_device_that_does_not_fit(inner: str, message: str, expected: str) -> None:
    problem = _only(f"<devices>{inner}</devices>")
    assert message in str(problem)
    assert (problem.expected or "").startswith(expected)


@pytest.mark.parametrize(
    "xml",
    [
        "<graphics type='hologram' websocket='1' tlsPort='2'/>",
        "<interface type='teleport'><source network='a' path='/b'/></interface>",
    ],
)
def test_of_an_unknown_type_only_the_type_is_wrong(xml: str) -> None:
    kinds: dict[bool, type[View]] = {True: Graphics, False: Interface}
    found = list(problems(kinds["graphics" in xml].parse(xml)))
    assert ["type cannot be" in str(each) for each in found] == [True]


def test_relative_paths_from_python_start_here() -> None:
    here = Path.cwd()
    system = OperatingSystem(kernel="vmlinuz", initrd=Path("initrd"))
    assert (system.kernel, system.initrd) == (str(here / "vmlinuz"), str(here / "initrd"))
    assert DiskSource(file="a.img").file == str(here / "a.img")


@pytest.mark.parametrize("path", ["/a//b", r"C:\images\a.vmdk", "[store] a/b.vmdk"])
def test_absolute_paths_stay_as_they_are(path: str) -> None:
    assert DiskSource(file=path).file == path


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(XMLError, match="the path is empty"):
        OperatingSystem(kernel="")


def test_a_relative_path_of_a_document_is_kept_and_wrong() -> None:
    source = DiskSource.parse("<source file='a.img'/>")
    assert source.file == "a.img"
    assert [each.expected for each in problems(source)] == [
        "an absolute path or '[datastore] path'"
    ]
    assert "file='a.img'" in source.to_xml()


def test_a_device_has_the_fields_that_its_element_has() -> None:
    with pytest.raises(TypeError, match="Serial has no field 'boot_order'"):
        Serial(boot_order=1)  # type: ignore[call-arg] # the mistake is the point
    with pytest.raises(AttributeError, match="Graphics has no field 'alias'"):
        Graphics.vnc().alias = "ua-a"


def test_a_place_in_the_boot_order_of_an_unknown_kind_counts() -> None:
    hostdev = "<hostdev><boot order='1'/></hostdev>"
    domain = f"<domain type='kvm'><devices>{hostdev}{hostdev}</devices></domain>"
    found = [str(each) for each in DomainConfig.parse(domain).problems()]
    assert any("place 1 is taken" in each for each in found)
