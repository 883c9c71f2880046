"""Long answers, whose items are cut out of the bytes: what comes out is the same as without."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.etree import _Element as Element

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere import ReplyReader, decode_reply
from aiovirt.protocols.vsphere.documents import Document
from aiovirt.protocols.vsphere.fragments import LONGEST_ITEM
from aiovirt.protocols.vsphere.tables.collector import ObjectContent, RetrieveResult
from aiovirt.protocols.vsphere.tables.collector_methods import RETRIEVE_PROPERTIES_EX

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ODD = {
    "an element of its own name within": '<val xsi:type="Odd"><objects>1</objects></val>',
    "two of them": '<val xsi:type="Odd"><objects>1</objects><objects>2</objects></val>',
    "its end as a text": '<val xsi:type="xsd:string"><![CDATA[</objects>]]></val>',
    "its end in a comment": '<!-- </objects> --><val xsi:type="xsd:string">x</val>',
    "its end in an instruction": '<?x </objects>?><val xsi:type="xsd:string">x</val>',
    "another's element": '<o:val xmlns:o="urn:other">1</o:val><val xsi:type="xsd:int">3</val>',
    "namespaces of its own": '<val xmlns="urn:vim25" xmlns:y="urn:y" xsi:type="xsd:int">3</val>',
    "a prefix that is declared there": f'<val xmlns:z="{XSI}" z:type="xsd:int">3</val>',
    "nothing odd": '<val xsi:type="xsd:long">123456789012</val>',
}


def item(number: int, value: str = '<val xsi:type="xsd:string">web &amp; &#228;</val>') -> str:
    """Return an object with one property."""
    prop = f"<propSet><name>name</name>{value}</propSet>"
    return f'<objects><obj type="VirtualMachine">vm-{number}</obj>{prop}</objects>'


def answer(items: str, *, home: str = "returnval", head: str = '<?xml version="1.0"?>') -> bytes:
    """Return a page of objects."""
    space = ' xmlns="urn:vim25"'
    prefix = home.partition(":")[0] if ":" in home else ""
    more = f' xmlns:{prefix}="urn:vim25"' if prefix else ""
    return (
        f'{head}<s:Envelope xmlns:s="{SOAP}" xmlns:xsi="{XSI}" '
        f'xmlns:xsd="http://www.w3.org/2001/XMLSchema"{more}><s:Body>'
        f"<RetrievePropertiesExResponse{space}><{home}>{items}<token>7</token></{home}>"
        "</RetrievePropertiesExResponse></s:Body></s:Envelope>"
    ).encode()


def read(data: bytes, size: int) -> tuple[RetrieveResult, list[ObjectContent]]:
    """Return the result and the items of an answer that comes in pieces of that size."""
    reply = ReplyReader(RETRIEVE_PROPERTIES_EX)
    items: list[ObjectContent] = []
    for start in range(0, len(data), size):
        items += reply.receive_data(data[start : start + size])
    result = reply.finish()
    assert isinstance(result, RetrieveResult)
    return result, items


def whole(data: bytes) -> tuple[ObjectContent, ...]:
    """Return the items of an answer that is read as one."""
    result = decode_reply(RETRIEVE_PROPERTIES_EX, data)
    assert isinstance(result, RetrieveResult)
    return result.objects


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@settings(max_examples=25, deadline=None)
@given(size=st.integers(40, 900), place=st.integers(0, 29))
def test_what_is_odd_in_an_item_changes_nothing(odd: str, size: int, place: int) -> None:
    items = [item(number) for number in range(30)]
    items[place] = item(place, odd)
    data = answer("".join(items))
    result, found = read(data, size)
    assert result.token == "7"
    assert tuple(found) == whole(data)
    assert len(found) == 30


@pytest.mark.parametrize(
    "between", ["\n  ", "<!-- </objects> -->", "<other>1</other>", "<?objects </objects>?>"]
)
@pytest.mark.parametrize("end", ["</objects>", "</objects >", "</objects\n>"])
@pytest.mark.parametrize("home", ["returnval", "v:returnval"])
def test_what_is_between_items_is_none(between: str, end: str, home: str) -> None:
    items = between.join(item(number).replace("</objects>", end) for number in range(30))
    data = answer(items, home=home)
    for size in (64, 250, 1000):
        result, found = read(data, size)
        assert result.token == "7"
        assert [each.obj.value for each in found] == [f"vm-{number}" for number in range(30)]


def test_items_of_another_encoding_are_read_as_well() -> None:
    text = answer("".join(item(number) for number in range(30)), head="").decode()
    data = f'<?xml version="1.0" encoding="UTF-16"?>{text}'.encode("utf-16")
    _, found = read(data, 200)
    assert len(found) == 30


def taken(data: bytes, size: int) -> list[str]:
    """Return the names by which a document hands its items over."""
    names: list[str] = []

    def take(element: Element) -> None:
        names.append(element.tag)

    path = ("RetrievePropertiesExResponse", "returnval", "objects")
    document = Document("the page", path, take)
    for start in range(0, len(data), size):
        document.feed(data[start : start + size])
    document.close()
    return names


def test_most_items_of_a_long_answer_are_cut_out() -> None:
    names = taken(answer("".join(item(number) for number in range(100))), 1000)
    assert len(names) == 100
    assert names.count("objects") > 80


def test_after_an_item_that_cannot_be_cut_out_no_other_is() -> None:
    items = [item(number) for number in range(100)]
    items[50] = item(50, f'<val xsi:type="Odd"><objects>1</objects><x>{"x" * 1000}</x></val>')
    names = taken(answer("".join(items)), 300)
    assert len(names) == 100
    assert 30 < names.count("objects") < 60


def test_an_item_longer_than_is_kept_is_read_all_the_same() -> None:
    long = f'<val xsi:type="xsd:string">{"x" * (LONGEST_ITEM + 100_000)}</val>'
    items = [item(number) for number in range(20)]
    items[10] = item(10, long)
    data = answer("".join(items))
    assert tuple(read(data, 500)[1]) == whole(data)


@pytest.mark.parametrize("bad", ["<open>", "</close>", "&undeclared;", "\x01", "<val>&#0;</val>"])
def test_what_is_no_xml_among_them_is_refused(bad: str) -> None:
    items = [item(number) for number in range(40)]
    items[30] = item(30, bad)
    with pytest.raises(ProtocolError):
        read(answer("".join(items)), 300)


@pytest.mark.parametrize("left", [30, 60, 200, 3000])
def test_an_answer_that_ends_among_them_is_refused(left: int) -> None:
    data = answer("".join(item(number) for number in range(40)))
    with pytest.raises(ProtocolError):
        read(data[:-left], 300)
