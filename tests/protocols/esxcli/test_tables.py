"""esxcli's tables and structures."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import ProtocolError
from aiovirt.protocols.esxcli import parse_csv, parse_keyvalue, split_list

GROUPS = 'ActiveClients,Name,VLANID,VirtualSwitch,\n1,"a, ""b""",0,vSwitch0,\n3,VM Network,7,v,\n'
VERSION = "VersionGet.Build.string=Releasebuild-1\nVersionGet.Product.string=VMware = ESXi\n"


def test_a_table() -> None:
    rows = parse_csv(GROUPS)
    assert [row["Name"] for row in rows] == ['a, "b"', "VM Network"]
    assert rows[1]["VLANID"] == "7"


def test_nothing_is_an_empty_table() -> None:
    assert parse_csv("") == parse_csv("\n") == []


@pytest.mark.parametrize(
    "text", ["a,b\n", "a,a,\n1,2,\n", "a,,\n", "a,b,\n1,\n", 'a,\n"1\n', "Error: no such thing\n"]
)
def test_what_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse_csv(text)


def test_a_structure() -> None:
    assert parse_keyvalue(VERSION) == {"Build": "Releasebuild-1", "Product": "VMware = ESXi"}


def test_a_value_of_several_lines() -> None:
    assert parse_keyvalue("A.Text.string=one\ntwo\n") == {"Text": "one\ntwo"}


def test_no_structure_at_all() -> None:
    assert parse_keyvalue("") == {}
    with pytest.raises(ProtocolError):
        parse_keyvalue("Error: Unknown command\n")


def test_the_items_of_a_list() -> None:
    assert split_list("vmnic0, vmnic1,") == ["vmnic0", "vmnic1"]
    assert split_list("") == []


NAMES = st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True)
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=9)


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True), st.data())
def test_any_table_comes_back(names: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.tuples(*(CELLS for _ in names)), max_size=4))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerows([[*row, ""] for row in (names, *rows)])
    assert parse_csv(stream.getvalue()) == [dict(zip(names, row, strict=True)) for row in rows]


@given(st.text())
def test_garbage_is_a_table_or_an_error(text: str) -> None:
    for parse in (parse_csv, parse_keyvalue):
        try:
            parse(text)
        except ProtocolError:
            continue
