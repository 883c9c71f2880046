"""Property paths, and changes applied and computed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vspherevalues import smallest, values_of

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere import Ref, Typed
from aiovirt.protocols.vsphere.properties import (
    Step,
    apply,
    assign,
    diff,
    get,
    parse_path,
    property_form,
    typed,
)
from aiovirt.protocols.vsphere.tables.base import OptionValue
from aiovirt.protocols.vsphere.tables.collector import PropertyChange
from aiovirt.protocols.vsphere.tables.devices import (
    VirtualDisk,
    VirtualDiskFlatVer2BackingInfo,
    VirtualIDEController,
)
from aiovirt.protocols.vsphere.tables.enums import PropertyChangeOp
from aiovirt.protocols.vsphere.tables.guest import GuestInfo
from aiovirt.protocols.vsphere.tables.machine import VirtualHardware, VirtualMachineConfigInfo

DISK = VirtualDisk(
    key=2000,
    capacity_in_kb=4,
    backing=VirtualDiskFlatVer2BackingInfo(file_name="[a] b.vmdk", disk_mode="persistent"),
)
IDE = VirtualIDEController(key=200, bus_number=0)
HARDWARE = VirtualHardware(num_cpu=1, memory_mb=64, device=(IDE, DISK))
KNOWN = {
    "name": "web",
    "config.hardware": HARDWARE,
    "runtime.powerState": "poweredOff",
    "network": (Ref("Network", "net-1"),),
    "layout[1]": "a",
}


def change(name: str, op: str, value: object = None) -> PropertyChange:
    """Return a change."""
    return PropertyChange(name=name, op=PropertyChangeOp(op), val=value)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("name", (Step("name"),)),
        (
            "config.hardware.device[2000].backing",
            (Step("config"), Step("hardware"), Step("device", "2000"), Step("backing")),
        ),
        ('network["net.1]"]', (Step("network", "net.1]"),)),
        ("a[-1].b", (Step("a", "-1"), Step("b"))),
    ],
)
def test_a_path_taken_apart(path: str, steps: tuple[Step, ...]) -> None:
    assert parse_path(path) == steps


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a[1", "a]b", "a b", 'a["'])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ProtocolError, match="is no path"):
        parse_path(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "web"),
        ("config.hardware.numCPU", 1),
        ("config.hardware.device[2000]", DISK),
        ("config.hardware.device[2000].backing.fileName", "[a] b.vmdk"),
        ("config.hardware.device[9]", None),
        ("config.hardware.device[2000].nothing.more", None),
        ("config.hardware.device.key", None),
        ('network["net-1"]', Ref("Network", "net-1")),
        ("config", None),
        ("guest", None),
    ],
)
def test_what_is_at_the_end_of_a_path(path: str, value: object) -> None:
    assert get(KNOWN, path) == value


def test_a_path_within_a_struct() -> None:
    assert get(HARDWARE, "device[200].busNumber") == 0


@pytest.mark.parametrize(
    ("told", "path", "value"),
    [
        (change("name", "assign", "db"), "name", "db"),
        (change("name", "assign"), "name", None),
        (change("name", "remove"), "name", None),
        (change("name", "indirectRemove"), "name", None),
        (change("guest", "assign", "new"), "guest", "new"),
        (change("config.hardware.memoryMB", "assign", 128), "config.hardware.memoryMB", 128),
        (
            change("config.hardware.device[2000].backing.fileName", "assign", "[b] c"),
            "config.hardware.device[2000].backing.fileName",
            "[b] c",
        ),
        (change("config.hardware.device[2000]", "remove"), "config.hardware.device", (IDE,)),
        (change("config.hardware.device[200]", "add", IDE), "config.hardware.device", (IDE, DISK)),
        (change("config.hardware.device", "assign"), "config.hardware.device", ()),
        (change("network[net-2]", "remove"), "network", (Ref("Network", "net-1"),)),
        (change("network[net-1]", "remove"), "network", ()),
        (
            change("network[net-2]", "add", Ref("Network", "net-2")),
            "network",
            (Ref("Network", "net-1"), Ref("Network", "net-2")),
        ),
        (change("tag[a]", "add", "a"), "tag", ("a",)),
        (change("tag[a]", "remove"), "tag", ()),
        (change('tag["a[1"]', "add", "a[1"), "tag", ("a[1",)),
        (change("layout[1]", "assign", "b"), "layout[1]", "b"),
        (change("layout[1]", "remove"), "layout[1]", None),
        (change("net[4000].connected", "assign", True), "net", None),
        (change("net[4000].connected", "assign", True), "net[4000].connected", None),
        (change("name", "assign", Typed("xsd:string", "db")), "name", "db"),
    ],
)
def test_a_change_is_applied(told: PropertyChange, path: str, value: object) -> None:
    before = dict(KNOWN)
    assert get(apply(KNOWN, told), path) == value
    assert before == KNOWN


def test_a_change_above_what_is_known_gives_it_its_part() -> None:
    whole = smallest(VirtualMachineConfigInfo)
    hardware = get(whole, "hardware")
    assert isinstance(hardware, VirtualHardware)
    assert apply(KNOWN, change("config", "assign", whole))["config.hardware"] == hardware
    assert "config.hardware" not in apply(KNOWN, change("config", "remove"))


def test_a_value_is_put_at_the_end_of_a_path() -> None:
    known = assign(KNOWN, "config.hardware.device[2000].backing.diskMode", "nonpersistent")
    assert get(known, "config.hardware.device[2000].backing.diskMode") == "nonpersistent"
    assert assign(KNOWN, "name", None).keys() == KNOWN.keys() - {"name"}


def test_a_change_in_what_is_not_known_is_passed_over() -> None:
    known = {"guest": GuestInfo(guest_state="running", tools_status="toolsOk")}
    assert apply(known, change("guest.net[4000].connected", "assign", False)) == known
    assert apply(known, change("guest.toolsStatus.deeper", "assign", 1)) == known


def test_differences_within_a_value() -> None:
    grown = VirtualDisk(key=2000, capacity_in_kb=8, backing=DISK.backing)
    new = {**KNOWN, "config.hardware": VirtualHardware(num_cpu=2, memory_mb=64, device=(grown,))}
    assert diff(KNOWN, new) == (
        change("config.hardware.numCPU", "assign", 2),
        change("config.hardware.device[200]", "remove"),
        change("config.hardware.device[2000].capacityInKB", "assign", 8),
    )


def test_differences_by_whole_values() -> None:
    hardware = VirtualHardware(num_cpu=2, memory_mb=64)
    new = {"name": "web", "config.hardware": hardware, "guest": GuestInfo(guest_state="running")}
    found = diff(KNOWN, new, partial=False)
    assert [(item.name, item.val is None) for item in found] == [
        ("config.hardware", False),
        ("guest", False),
        ("layout[1]", True),
        ("network", True),
        ("runtime.powerState", True),
    ]


def test_differences_bear_their_types_for_a_server() -> None:
    new = {"runtime.powerState": "poweredOn", "network": (), "name": "a"}
    assert diff({}, new, kind="VirtualMachine") == (
        change("name", "assign", Typed("string", "a")),
        change("network", "assign", Typed("ArrayOfManagedObjectReference", ())),
        change("runtime.powerState", "assign", Typed("VirtualMachinePowerState", "poweredOn")),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("a", "b"), ("b", "a")),
        (("a", "b"), ("a", "a")),
        (("a",), ('"', "a")),
        (("a", "b"), ("a", "x", "b")),
        ((1, 2), (2, 1)),
        ((OptionValue(key="k", value=1),), (OptionValue(key="k", value="1"),)),
        ((), ("a",)),
        (("a",), ()),
    ],
)
def test_arrays_that_differ_become_equal(old: object, new: object) -> None:
    known: dict[str, object] = {"tag": old}
    for item in diff(known, {"tag": new}):
        known = apply(known, item)
    assert known == {"tag": new}


@settings(max_examples=60, deadline=None)
@given(old=values_of(VirtualHardware), new=values_of(VirtualHardware), partial=st.booleans())
def test_applied_differences_make_one_of_the_other(
    old: VirtualHardware,
    new: VirtualHardware,
    partial: bool,  # noqa: FBT001 - hypothesis gives it by name
) -> None:
    known: dict[str, object] = {"config.hardware": old}
    for item in diff(known, {"config.hardware": new}, partial=partial):
        known = apply(known, item)
    assert known == {"config.hardware": new}


@given(path=st.text(max_size=20), value=st.none() | st.integers())
def test_any_path_is_applied_or_refused(path: str, value: int | None) -> None:
    with suppress(ProtocolError):
        apply(KNOWN, change(path, "assign", value))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("name", "string"),
        ("config.hardware.device", "ArrayOfVirtualDevice"),
        ("config.hardware.device[2000]", "VirtualDevice"),
        ("config.hardware.device[2000].backing", "VirtualDeviceBackingInfo"),
        ("runtime.host", "ManagedObjectReference"),
        ("name[1]", None),
        ("nothing", None),
        ("config.nothing", None),
        ("config.hardware.device.key", None),
    ],
)
def test_the_type_at_the_end_of_a_path(path: str, expected: str | None) -> None:
    form = property_form("VirtualMachine", path)
    assert (form and form.name) == expected


def test_a_value_that_tells_its_type_is_not_wrapped() -> None:
    assert typed("VirtualMachine", "config.hardware", HARDWARE) is HARDWARE
    assert typed("VirtualMachine", "config.nothing", 5) == 5
    assert typed("VirtualMachine", "config.extraConfig[a].value", 5) == 5
