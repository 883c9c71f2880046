"""Values of any type, in literal XML, as servers of different kinds and ages send them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vspherevalues import in_an_any

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere import (
    Other,
    Ref,
    SoapFault,
    Typed,
    decode_reply,
    extra_fields,
)
from aiovirt.protocols.vsphere.registry import type_names
from aiovirt.protocols.vsphere.tables.base import Description
from aiovirt.protocols.vsphere.tables.collector_methods import RETRIEVE_PROPERTIES_EX
from aiovirt.protocols.vsphere.tables.devices import (
    VirtualDevice,
    VirtualDisk,
    VirtualIDEController,
)
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSummary
from aiovirt.protocols.vsphere.tables.tasks import TaskInfo

ONE = '<anyType xsi:type="xsd:int">1</anyType>'
TASK = '<ManagedObjectReference type="Task">t</ManagedObjectReference>'
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def read(value: str) -> object:
    """Return what is read of an element ``val``."""
    answer = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="{XSI}" xmlns:v="urn:vim25">'
        '<e:Body><RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects>'
        f'<obj type="Task">t</obj><propSet><name>x</name>{value}</propSet>'
        "</objects></returnval></RetrievePropertiesExResponse></e:Body></e:Envelope>"
    )
    result = decode_reply(RETRIEVE_PROPERTIES_EX, answer.encode())
    assert result is not None
    assert not isinstance(result, SoapFault)
    return result.objects[0].prop_set[0].val


def first(value: object) -> VirtualDevice:
    """Return the one device of an array."""
    assert isinstance(value, tuple)
    (device,) = value
    assert isinstance(device, VirtualDevice)
    return device


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('<val xsi:type="xsd:string"></val>', ""),
        ('<val xsi:type="xsd:string"> a\n</val>', " a\n"),
        ('<val xsi:type="xsd:string"><![CDATA[<a>]]>&#x263a;</val>', "<a>☺"),
        ("<val>plain</val>", "plain"),
        ('<val xsi:type="xsd:int">-7</val>', -7),
        ('<val xsi:type="xsd:long">9223372036854775807</val>', (1 << 63) - 1),
        ('<val xsi:type="xsd:boolean">1</val>', True),
        ('<val xsi:type="xsd:double">INF</val>', float("inf")),
        ('<val xsi:type="xsd:base64Binary">AP8=</val>', b"\x00\xff"),
        ('<val xsi:type="ManagedObjectReference" type="Task">task-1</val>', Ref("Task", "task-1")),
        ('<val xsi:type="v:VirtualMachinePowerState">poweredOff</val>', "poweredOff"),
        (f'<val xmlns:q="{XSI}" q:type="xsd:int">3</val>', 3),
        ('<val xsi:nil="true"/>', None),
        ('<val xsi:type="xsd:string" xsi:nil="true"/>', None),
        ('<val xsi:type="xsd:int" xsi:nil="true"/>', None),
    ],
)
def test_plain_values(value: str, expected: object) -> None:
    got = read(value)
    assert (type(got) is bool, got) == (type(expected) is bool, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-02-03T04:05:06Z", datetime(2021, 2, 3, 4, 5, 6, 0, UTC)),
        ("2021-02-03T04:05:06.123456789Z", datetime(2021, 2, 3, 4, 5, 6, 123456, UTC)),
        ("2021-02-03T04:05:06", datetime(2021, 2, 3, 4, 5, 6, 0, UTC)),
        (
            "2021-02-03T04:05:06.5+02:00",
            datetime(2021, 2, 3, 4, 5, 6, 500000, timezone(timedelta(hours=2))),
        ),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_have_a_zone(text: str, expected: datetime) -> None:
    got = read(f'<val xsi:type="xsd:dateTime">{text}</val>')
    assert isinstance(got, datetime)
    assert (got, got.utcoffset()) == (expected, expected.utcoffset())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('<val xsi:type="ArrayOfString"><string>a</string><string>b</string></val>', ("a", "b")),
        ('<val xsi:type="ArrayOfInt"><int xsi:type="xsd:int">1</int></val>', (1,)),
        ('<val xsi:type="ArrayOfByte"><byte>-1</byte></val>', (-1,)),
        ('<val xsi:type="v:ArrayOfLong"/>', ()),
        (
            f'<val xsi:type="ArrayOfAnyType">{ONE}<anyType xsi:type="xsd:string">1</anyType></val>',
            (1, "1"),
        ),
        (
            f'<val xsi:type="ArrayOfManagedObjectReference">{TASK}</val>',
            (Ref("Task", "t"),),
        ),
        (
            '<val xsi:type="ArrayOfStrange"><Strange><a>1</a></Strange></val>',
            (Other("", {"a": "1"}),),
        ),
    ],
)
def test_arrays(value: str, expected: object) -> None:
    assert read(value) == expected


@pytest.mark.parametrize("attribute", ["", ' xsi:type="VirtualDisk"', ' xsi:type="v:VirtualDisk"'])
def test_items_with_and_without_their_types(attribute: str) -> None:
    item = f"<VirtualDevice{attribute}><key>2000</key></VirtualDevice>"
    device = first(read(f'<val xsi:type="ArrayOfVirtualDevice">{item}</val>'))
    assert (isinstance(device, VirtualDisk), device.key) == (bool(attribute), 2000)


def test_a_type_that_the_table_lacks_keeps_name_and_fields() -> None:
    value = '<val xsi:type="Quark"><up>1</up><up>2</up><down xsi:type="xsd:int">3</down></val>'
    quark = Other("Quark", {"up": ("1", "2"), "down": 3})
    assert read(value) == quark
    assert in_an_any(quark) == quark


def test_a_subtype_that_the_table_lacks_is_what_is_declared_and_more() -> None:
    device = "<key>9</key><spin>fast</spin><backing xsi:type='Hole'><depth>1</depth></backing>"
    item = f'<VirtualDevice xsi:type="VirtualGyroscope">{device}</VirtualDevice>'
    got = first(read(f'<val xsi:type="ArrayOfVirtualDevice">{item}</val>'))
    assert (type(got).__name__, got.key) == ("VirtualGyroscope", 9)
    assert extra_fields(got) == {"spin": "fast"}
    assert got.backing is not None
    assert (type(got.backing).__name__, extra_fields(got.backing)) == ("Hole", {"depth": "1"})
    assert in_an_any(Typed("ArrayOfVirtualDevice", (got,)), typed_items=True) == (got,)


@pytest.mark.parametrize("name", ["HostSystem", "no name", "AboutInfo", ""])
def test_a_type_that_does_not_fit_is_read_as_what_is_declared(name: str) -> None:
    item = f'<VirtualDevice xsi:type="{name}"><key>1</key></VirtualDevice>'
    got = first(read(f'<val xsi:type="ArrayOfVirtualDevice">{item}</val>'))
    assert got.key == 1


def test_a_member_that_the_enumeration_lacks_stays_a_text() -> None:
    got = read('<val xsi:type="VirtualMachinePowerState">dreaming</val>')
    assert (got, isinstance(got, VirtualMachinePowerState)) == ("dreaming", False)


def test_a_known_member_is_one() -> None:
    value = '<val xsi:type="VirtualMachinePowerState">poweredOn</val>'
    assert read(value) is VirtualMachinePowerState.POWERED_ON


def test_fields_that_a_type_does_not_have_are_passed_over() -> None:
    value = '<val xsi:type="Description"><label>a</label><mood>x</mood><summary>b</summary></val>'
    assert read(value) == Description(label="a", summary="b")


def test_required_fields_that_are_missing_have_their_zeros() -> None:
    got = read('<val xsi:type="TaskInfo"><key>task-1</key></val>')
    assert isinstance(got, TaskInfo)
    assert (got.key, got.task, got.state, got.cancelable) == ("task-1", Ref("", ""), "", False)
    assert (got.queue_time, got.error) == (datetime(1970, 1, 1, tzinfo=UTC), None)


def test_the_order_of_elements_does_not_matter() -> None:
    value = '<val xsi:type="Description"><summary>b</summary><label>a</label></val>'
    assert read(value) == Description(label="a", summary="b")


def test_equal_references_and_texts_are_one_object() -> None:
    value = '<val xsi:type="VirtualMachineConfigSummary"><name>n</name><guestId>g1</guestId></val>'
    first, second = read(value), read(value)
    assert isinstance(first, VirtualMachineConfigSummary)
    assert isinstance(second, VirtualMachineConfigSummary)
    assert first.guest_id is second.guest_id
    ref = '<val xsi:type="ManagedObjectReference" type="Folder">group-1</val>'
    assert read(ref) is read(ref)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Typed("xsd:long", 1), 1),
        (Typed("ArrayOfVirtualDevice", ()), ()),
        (Typed("VirtualMachinePowerState", "dreaming"), "dreaming"),
        (
            Typed("VirtualDevice", VirtualIDEController(key=1, bus_number=0)),
            VirtualIDEController(key=1, bus_number=0),
        ),
        ((1, "a", Ref("Task", "t")), (1, "a", Ref("Task", "t"))),
        ((), ()),
        (1 << 40, 1 << 40),
    ],
)
def test_what_is_sent_where_any_may_stand(value: object, expected: object) -> None:
    assert in_an_any(value) == expected


NAMES = [
    *type_names(),
    *(f"ArrayOf{name}" for name in ("Int", "AnyType", "VirtualDevice", "Odd", "ArrayOfInt", "")),
    *(f"xsd:{name}" for name in ("int", "boolean", "dateTime", "base64Binary", "double", "odd")),
    *("ManagedObjectReference", "ArrayOfManagedObjectReference", "DynamicData", "a b", ":", ""),
]
TEXTS = ["", "1", "true", "odd", " 7 ", "9" * 40, "NaN", "AA==", "2021-01-01T00:00:00Z"]
FIELDS = ["key", "val", "name", "device", "error", "extra", "WIRE", "odd"]


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    text=st.sampled_from(TEXTS),
    fields=st.lists(
        st.tuples(*map(st.sampled_from, (FIELDS, NAMES, TEXTS))),
        max_size=3,
    ),
)
def test_any_type_with_any_content_is_read_or_a_protocol_error(
    name: str, text: str, fields: list[tuple[str, str, str]]
) -> None:
    inner = "".join(f'<{tag} xsi:type="{kind}">{it}</{tag}>' for tag, kind, it in fields)
    with suppress(ProtocolError):
        read(f'<val xsi:type="{name}">{text}{inner}</val>')
