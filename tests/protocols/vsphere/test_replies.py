"""Answers of servers, in literal bytes: results, faults, and what is no answer."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiovirt.errors import LimitExceeded, ProtocolError
from aiovirt.protocols.vsphere import (
    Other,
    Ref,
    ReplyReader,
    SoapFault,
    decode_reply,
    encode_fault,
    encode_result,
    extra_fields,
)
from aiovirt.protocols.vsphere.tables.base import DynamicProperty
from aiovirt.protocols.vsphere.tables.collector import ObjectContent, ObjectUpdate, RetrieveResult
from aiovirt.protocols.vsphere.tables.collector_methods import (
    CREATE_FILTER,
    DESTROY_VIEW,
    FIND_BY_UUID,
    RETRIEVE_PROPERTIES,
    RETRIEVE_PROPERTIES_EX,
    WAIT_FOR_UPDATES_EX,
)
from aiovirt.protocols.vsphere.tables.faults import (
    InvalidPowerState,
    ManagedObjectNotFound,
    MethodFault,
    NotAuthenticated,
)
from aiovirt.protocols.vsphere.tables.machine_methods import POWER_ON_VM_TASK

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n'
)
END = "\n</soapenv:Body>\n</soapenv:Envelope>"


def envelope(body: str) -> bytes:
    """Return an answer with this body."""
    return f"{HEAD}{body}{END}".encode()


PAGE = envelope(
    '<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><token>7</token>'
    '<objects><obj type="VirtualMachine">vm-1</obj>'
    '<propSet><name>name</name><val xsi:type="xsd:string">web 1 &amp; more</val></propSet>'
    "<propSet><name>runtime.powerState</name>"
    '<val xsi:type="VirtualMachinePowerState">poweredOn</val></propSet></objects>\n'
    '<objects><obj type="VirtualMachine">vm-2</obj>'
    '<propSet><name>network</name><val xsi:type="ArrayOfManagedObjectReference">'
    '<ManagedObjectReference type="Network" xsi:type="ManagedObjectReference">net-1'
    "</ManagedObjectReference></val></propSet></objects>"
    "</returnval></RetrievePropertiesExResponse>"
)
FIRST = ObjectContent(
    obj=Ref("VirtualMachine", "vm-1"),
    prop_set=(
        DynamicProperty(name="name", val="web 1 & more"),
        DynamicProperty(name="runtime.powerState", val="poweredOn"),
    ),
)
SECOND = ObjectContent(
    obj=Ref("VirtualMachine", "vm-2"),
    prop_set=(DynamicProperty(name="network", val=(Ref("Network", "net-1"),)),),
)
FAULT = envelope(
    "<soapenv:Fault><faultcode>soapenv:ServerFaultCode</faultcode>"
    "<faultstring>Not now</faultstring><detail>"
    '<InvalidPowerStateFault xmlns="urn:vim25" xsi:type="InvalidPowerState">'
    "<requestedState>poweredOn</requestedState><existingState>suspended</existingState>"
    "</InvalidPowerStateFault></detail></soapenv:Fault>"
)


def test_an_answer_is_read_as_a_whole() -> None:
    expected = RetrieveResult(token="7", objects=(FIRST, SECOND))
    assert decode_reply(RETRIEVE_PROPERTIES_EX, PAGE) == expected


@pytest.mark.parametrize("size", [1, 7, 64, len(PAGE)])
def test_items_come_as_they_end_and_are_not_in_the_result(size: int) -> None:
    reply = ReplyReader(RETRIEVE_PROPERTIES_EX)
    found = []
    for start in range(0, len(PAGE), size):
        found += reply.receive_data(PAGE[start : start + size])
    assert found == [FIRST, SECOND]
    assert reply.finish() == RetrieveResult(token="7")


def test_an_item_is_there_before_the_next_has_come() -> None:
    reply = ReplyReader(RETRIEVE_PROPERTIES_EX)
    assert reply.receive_data(PAGE[: PAGE.index(b"</objects>") + 10]) == [FIRST]


@pytest.mark.parametrize("answer", [PAGE, FAULT], ids=["page", "fault"])
def test_an_answer_that_ends_too_early_is_refused(answer: bytes) -> None:
    for size in range(len(answer)):
        reply = ReplyReader(RETRIEVE_PROPERTIES_EX)
        reply.receive_data(answer[:size])
        with pytest.raises(ProtocolError, match="the answer to RetrievePropertiesEx"):
            reply.finish()


@pytest.mark.parametrize("trail", [b"x", b"<more/>", PAGE])
def test_what_follows_an_answer_is_refused(trail: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(RETRIEVE_PROPERTIES_EX, PAGE + trail)


def test_white_space_and_comments_may_follow() -> None:
    assert decode_reply(RETRIEVE_PROPERTIES_EX, PAGE + b"\n <!-- x -->\n") is not None


def test_updates_come_one_by_one() -> None:
    answer = envelope(
        '<WaitForUpdatesExResponse xmlns="urn:vim25"><returnval><version>3</version><filterSet>'
        '<filter type="PropertyFilter">f</filter>'
        '<objectSet><kind>modify</kind><obj type="Task">task-1</obj><changeSet><name>info</name>'
        "<op>assign</op></changeSet></objectSet>"
        '<objectSet><kind>leave</kind><obj type="Task">task-2</obj></objectSet></filterSet>'
        "<truncated>true</truncated></returnval></WaitForUpdatesExResponse>"
    )
    reply = ReplyReader(WAIT_FOR_UPDATES_EX)
    updates = reply.receive_data(answer)
    assert [(type(update), update.obj.value) for update in updates] == [
        (ObjectUpdate, "task-1"),
        (ObjectUpdate, "task-2"),
    ]
    result = reply.finish()
    assert not isinstance(result, SoapFault)
    assert result is not None
    assert (result.version, result.truncated, result.filter_set[0].object_set) == ("3", True, ())


def test_elements_called_like_items_elsewhere_are_none() -> None:
    value = '<val xsi:type="Odd"><objects><a>1</a></objects></val>'
    answer = PAGE.replace(b'<val xsi:type="xsd:string">web 1 &amp; more</val>', value.encode())
    (first, _second) = ReplyReader(RETRIEVE_PROPERTIES_EX).receive_data(answer)
    assert first.prop_set[0].val == Other("Odd", {"objects": Other("", {"a": "1"})})


def test_an_absent_result() -> None:
    empty = envelope('<FindByUuidResponse xmlns="urn:vim25"></FindByUuidResponse>')
    assert decode_reply(FIND_BY_UUID, empty) is None


def test_no_result_at_all() -> None:
    answer = envelope('<DestroyViewResponse xmlns="urn:vim25"/>')
    assert decode_reply(DESTROY_VIEW, answer) is None


def test_an_array_as_the_result() -> None:
    item = '<returnval><obj type="Folder">group-d1</obj></returnval>'
    answer = envelope(
        f'<RetrievePropertiesResponse xmlns="urn:vim25">{item}{item}</RetrievePropertiesResponse>'
    )
    content = ObjectContent(obj=Ref("Folder", "group-d1"))
    assert decode_reply(RETRIEVE_PROPERTIES, answer) == (content, content)


def test_a_fault_has_its_type_and_the_servers_words() -> None:
    fault = decode_reply(POWER_ON_VM_TASK, FAULT)
    state = InvalidPowerState(requested_state="poweredOn", existing_state="suspended")
    assert fault == SoapFault("ServerFaultCode", "Not now", state)


def test_a_fault_byte_by_byte() -> None:
    reply = ReplyReader(POWER_ON_VM_TASK)
    for byte in FAULT:
        assert not reply.receive_data(bytes([byte]))
    assert reply.finish() == decode_reply(POWER_ON_VM_TASK, FAULT)


def test_a_fault_without_a_type_is_known_by_its_element() -> None:
    answer = FAULT.replace(b' xsi:type="InvalidPowerState"', b"")
    assert decode_reply(POWER_ON_VM_TASK, answer) == decode_reply(POWER_ON_VM_TASK, FAULT)


def test_a_fault_that_the_table_lacks_is_one_still() -> None:
    detail = b'<x xmlns="urn:vim25" xsi:type="ns1:StrangeFault"><why>moon</why></x>'
    start, end = FAULT.index(b"<InvalidPower"), FAULT.index(b"</detail>")
    reply = decode_reply(POWER_ON_VM_TASK, FAULT[:start] + detail + FAULT[end:])
    assert isinstance(reply, SoapFault)
    assert isinstance(reply.fault, MethodFault)
    assert (type(reply.fault).__name__, extra_fields(reply.fault)) == (
        "StrangeFault",
        {"why": "moon"},
    )


def test_a_fault_without_detail() -> None:
    start, end = FAULT.index(b"<detail>"), FAULT.index(b"</soapenv:Fault>")
    reply = decode_reply(POWER_ON_VM_TASK, FAULT[:start] + FAULT[end:])
    assert reply == SoapFault("ServerFaultCode", "Not now")


@pytest.mark.parametrize(
    "fault",
    [
        SoapFault("ServerFaultCode", "who are you?", NotAuthenticated(privilege_id="System.View")),
        SoapFault("ServerFaultCode", "", ManagedObjectNotFound(obj=Ref("Task", "t"))),
        SoapFault("Client", "<&>"),
    ],
)
def test_what_a_server_refuses_with_is_read(fault: SoapFault) -> None:
    if isinstance(fault.fault, NotAuthenticated):
        fault = SoapFault(fault.code, fault.message, fault.fault)
    assert decode_reply(POWER_ON_VM_TASK, encode_fault(fault)) == fault


HOSTILE = {
    "a document type": b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + PAGE.partition(b"\n")[2],
    "an entity": b'<!DOCTYPE a [<!ENTITY b "c">]>' + PAGE.partition(b"\n")[2],
    "an entity that nobody declared": PAGE.replace(b"web 1", b"&web;"),
    "another root": b"<html><body>404</body></html>",
    "another version of SOAP": PAGE.replace(b"xmlsoap.org/soap/envelope", b"w3.org/2003/05/soap"),
    "no body": HEAD.replace("<soapenv:Body>", "").encode() + b"</soapenv:Envelope>",
    "an empty body": envelope(""),
    "another answer": PAGE.replace(b"RetrievePropertiesEx", b"Login"),
    "two attributes of one name": PAGE.replace(b'type="VirtualMachine"', b'type="a" type="b"'),
    "no UTF-8": PAGE.replace(b"web", b"\xff\xfe"),
    "a NUL": PAGE.replace(b"web", b"\x00"),
    "no XML": b"500 Internal Server Error",
    "nothing": b"",
    "levels upon levels": PAGE.replace(b"web 1 &amp; more", b"<a>" * 300 + b"</a>" * 300),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_answer_gives_a_protocol_error(what: str) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(RETRIEVE_PROPERTIES_EX, HOSTILE[what])


def test_entities_do_not_grow() -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY l0 "lol">{lol}]>{HEAD.partition(chr(10))[2]}&l9;{END}'
    with pytest.raises(ProtocolError):
        decode_reply(RETRIEVE_PROPERTIES_EX, bomb.encode())


def test_an_answer_that_is_too_long_is_refused_before_it_is_read() -> None:
    reply = ReplyReader(RETRIEVE_PROPERTIES_EX, limit=100)
    with pytest.raises(LimitExceeded, match="longer than 100 bytes") as caught:
        reply.receive_data(PAGE)
    assert caught.value.limit == 100


def test_a_text_that_is_too_long_is_refused() -> None:
    answer = PAGE.replace(b"web 1", b"w" * 10_100_000)
    with pytest.raises(ProtocolError):
        decode_reply(RETRIEVE_PROPERTIES_EX, answer)


@pytest.mark.parametrize(
    "value",
    [
        '<val xsi:type="xsd:int">seven</val>',
        '<val xsi:type="xsd:boolean">maybe</val>',
        '<val xsi:type="xsd:dateTime">yesterday</val>',
        '<val xsi:type="xsd:base64Binary">!</val>',
        '<val xsi:type="xsd:double"></val>',
        '<val xsi:type="ArrayOfInt"><int>1</int><int/></val>',
    ],
)
def test_a_text_that_does_not_fit_its_type_gives_a_protocol_error(value: str) -> None:
    answer = PAGE.replace(b'<val xsi:type="xsd:string">web 1 &amp; more</val>', value.encode())
    with pytest.raises(ProtocolError, match="the answer to RetrievePropertiesEx"):
        decode_reply(RETRIEVE_PROPERTIES_EX, answer)
    with pytest.raises(ProtocolError, match="the answer to RetrievePropertiesEx"):
        ReplyReader(RETRIEVE_PROPERTIES_EX).receive_data(answer)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_garbled_answer_gives_a_result_or_a_protocol_error(data: st.DataObject) -> None:
    answer = bytearray(data.draw(st.sampled_from([PAGE, FAULT])))
    for _ in range(data.draw(st.integers(1, 4))):
        answer[data.draw(st.integers(0, len(answer) - 1))] = data.draw(st.integers(0, 255))
    reply = ReplyReader(RETRIEVE_PROPERTIES_EX, stream=data.draw(st.booleans()))
    with suppress(ProtocolError):
        reply.receive_data(bytes(answer))
        reply.finish()


@given(cuts=st.lists(st.integers(0, len(PAGE)), max_size=6).map(sorted))
def test_it_does_not_matter_how_an_answer_is_cut(cuts: list[int]) -> None:
    reply = ReplyReader(RETRIEVE_PROPERTIES_EX)
    found = []
    for start, end in pairwise([0, *cuts, len(PAGE)]):
        found += reply.receive_data(PAGE[start:end])
    assert (found, reply.finish()) == ([FIRST, SECOND], RetrieveResult(token="7"))


@given(data=st.binary(max_size=200))
def test_random_bytes_give_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(CREATE_FILTER, data)


def test_ten_thousand_items_leave_nothing_behind() -> None:
    item = '<objects><obj type="VirtualMachine">vm-1</obj></objects>'
    start = f'<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval>{item}'
    reply = ReplyReader(RETRIEVE_PROPERTIES_EX)
    count = len(reply.receive_data(f"{HEAD}{start}".encode()))
    for _ in range(100):
        count += len(reply.receive_data((item * 100).encode()))
    end = f"</returnval></RetrievePropertiesExResponse>{END}"
    count += len(reply.receive_data(end.encode()))
    assert (count, reply.finish()) == (10_001, RetrieveResult())


def test_a_result_that_is_required_is_not_left_out() -> None:
    answer = encode_result(POWER_ON_VM_TASK, Ref("Task", "task-1"))
    assert decode_reply(POWER_ON_VM_TASK, answer) == Ref("Task", "task-1")
