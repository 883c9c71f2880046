"""vim-cmd's text: as hosts print it, whatever is in its texts, and garbage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import ProtocolError
from aiovirt.protocols.esxcli import VimObject, VimReference, VimValue, find_vim, parse_vim

GUEST = """\
Guest information:

(vim.vm.GuestInfo) {
   dynamicType = <unset>, 
   toolsStatus = "toolsOk", 
   toolsVersion = "11333", 
   toolsUpdateStatus = (vim.vm.GuestInfo.ToolsUpdateStatus) null, 
   net = (vim.vm.GuestInfo.NicInfo) [
      (vim.vm.GuestInfo.NicInfo) {
         network = "VM Network", 
         ipAddress = (string) [
            "192.0.2.31", 
            "fe80::250:56ff:fe11:2233"
         ], 
         connected = true, 
         deviceConfigId = 4000
      }
   ], 
   screen = (vim.vm.GuestInfo.ScreenInfo) {
      width = -1, 
      height = 600
   }, 
   empty = (vim.vm.GuestInfo.DiskInfo) []
}
"""  # noqa: W291 - ESX ends its lines so

FAULT = """\
Powering on VM:
(vim.fault.NotFound) {
   faultCause = (vmodl.MethodFault) null,
   faultMessage = <unset>
   msg = "Unable to find a VM corresponding to "7""
}
"""


def test_an_object_as_a_host_prints_it() -> None:
    guest = parse_vim(GUEST)
    assert isinstance(guest, VimObject)
    assert guest.kind == "vim.vm.GuestInfo"
    assert guest.text("toolsVersion") == "11333"
    assert guest.get("toolsUpdateStatus") is guest.get("dynamicType") is None
    nic = guest.objects("net")[0]
    assert nic.items("ipAddress") == ("192.0.2.31", "fe80::250:56ff:fe11:2233")
    assert nic.get("connected") is True
    assert (nic.number("deviceConfigId"), guest.number("screen.width")) == (4000, -1)
    assert guest.items("empty") == ()


def test_a_fault_whose_message_has_quotes() -> None:
    fault = parse_vim(FAULT)
    assert isinstance(fault, VimObject)
    assert fault.text("msg") == 'Unable to find a VM corresponding to "7"'


def test_references_and_lists_of_them() -> None:
    text = "(ManagedObjectReference) [\n   'vim.Task:haTask-5',\n   'vim.Datastore:a:/b'\n]\n"
    assert parse_vim(text) == (
        VimReference("vim.Task", "haTask-5"),
        VimReference("vim.Datastore", "a:/b"),
    )


def test_wrong_indentation_means_nothing() -> None:
    text = "(a.B) {\n key = 'vim.X:1',\n        order = 3,\nlast = \"x\"\n   }\n"
    found = parse_vim(text)
    assert isinstance(found, VimObject)
    assert [name for name, _ in found.fields] == ["key", "order", "last"]


def test_of_fields_of_one_name_the_first_counts() -> None:
    note = 'x",\n   uuid = "another'
    text = f'(a.B) {{\n   uuid = "mine",\n   note = "{note}"\n}}\n'
    found = parse_vim(text)
    assert isinstance(found, VimObject)
    assert found.text("uuid") == "mine"


def test_several_objects_in_one_text() -> None:
    assert len(find_vim(f"one\n{GUEST}two\n{FAULT}")) == 2


def test_a_wrong_path_finds_nothing() -> None:
    guest = parse_vim(GUEST)
    assert isinstance(guest, VimObject)
    assert guest.get("toolsStatus.more") is None
    assert guest.text("screen") is None
    assert guest.number("net") is None


@pytest.mark.parametrize(
    "text",
    [
        "Power on failed\n",
        "",
        "(a.B) {\n   one = 1,\n",
        "(a.B) {\n   no field\n}\n",
        '(a.B) {\n   text = "without an end\n}\n',
        "(a.B) {\n   list = (c) [\n      1\n",
        "(a.B) {\n" + "   x = (a.B) {\n" * 70,
    ],
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse_vim(text)


@given(st.text())
def test_garbage_is_an_object_or_an_error(text: str) -> None:
    for form in (text, f"(a.B) {{\n{text}\n}}\n", f"(a.B) [\n{text}\n]\n"):
        try:
            parse_vim(form)
        except ProtocolError:
            continue


@given(st.integers(min_value=0, max_value=len(GUEST)))
def test_a_text_that_is_cut_is_refused(length: int) -> None:
    try:
        found = parse_vim(GUEST[:length])
    except ProtocolError:
        return
    assert found == parse_vim(GUEST)


# --- round trips ----------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,12}", fullmatch=True)
KINDS = st.from_regex(r"[a-zA-Z]{1,6}(\.[a-zA-Z]{1,6}){0,3}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", min_codepoint=0x20), max_size=30) | st.lists(
    st.sampled_from(["line", '"quoted"', "two words  ", "é", 'ends in "']), max_size=4
).map("\n".join)
LEAVES = (
    TEXTS
    | st.integers()
    | st.booleans()
    | st.none()
    | st.builds(VimReference, KINDS, st.from_regex(r"[a-z0-9:-]{1,9}", fullmatch=True))
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[VimObject]:
    fields = st.lists(st.tuples(NAMES, inner), max_size=5, unique_by=lambda pair: pair[0])
    return st.builds(VimObject, KINDS, fields.map(tuple))


VALUES = st.recursive(
    LEAVES, lambda inner: _objects(inner) | st.lists(inner, max_size=4).map(tuple)
)


def written(value: VimValue, comma: str) -> str:
    """Write a value as a host does; the ends of lines differ between versions."""
    if isinstance(value, VimObject):
        rows = [f"   {name} = {written(each, comma)}" for name, each in value.fields]
        return (
            f"({value.kind}) {{\n" + f"{comma}\n".join(rows) + "\n}"
            if rows
            else f"({value.kind}) {{}}"
        )
    if isinstance(value, tuple):
        rows = [written(each, comma) for each in value]
        return "(x.Y) [\n" + f"{comma}\n".join(rows) + "\n]" if rows else "(x.Y) []"
    if isinstance(value, VimReference):
        return f"'{value.kind}:{value.name}'"
    if isinstance(value, str):
        return f'"{value}"'
    if value is None:
        return "<unset>"
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(_objects(VALUES), st.sampled_from([",", ", "]))
def test_what_is_written_is_read(value: VimObject, comma: str) -> None:
    assert parse_vim(f"Heading:\n{written(value, comma)}\n") == value
