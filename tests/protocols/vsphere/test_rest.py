"""The REST API's requests and answers, both ends, as literal bytes; and garbage."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.rest import (
    RestFault,
    RestFaultKind,
    encode_body,
    encode_fault,
    encode_value,
    read_body,
    read_fault,
    read_value,
    target_of,
)
from aiovirt.protocols.vsphere.rest import tagging as t
from aiovirt.protocols.vsphere.rest.session import CREATE_SESSION, DELETE_SESSION, basic

KEY = "urn:vmomi:InventoryServiceTag:ad53bb24-9c13-4bdf-b486-23df6c144858:GLOBAL"
VM = t.DynamicId.of(Ref("VirtualMachine", "vm-51"))
PAGE = (Path(__file__).parents[3] / "docs/esx.md").read_text(encoding="utf-8")


def test_where_a_method_is() -> None:
    below = "/rest/com/vmware/cis"
    assert target_of(t.LIST_TAGS) == f"{below}/tagging/tag"
    assert target_of(t.GET_TAG, "a b/c") == f"{below}/tagging/tag/id:a%20b%2Fc"
    attach = f"{below}/tagging/tag-association/id:{KEY}?~action=attach"
    assert target_of(t.ATTACH_TAG, KEY) == attach


def test_bodies() -> None:
    body = encode_body(t.ATTACH_TAG, t.OneObject(object_id=VM))
    assert json.loads(body) == {"object_id": {"type": "VirtualMachine", "id": "vm-51"}}
    assert read_body(t.ATTACH_TAG, body) == t.OneObject(object_id=VM)
    assert encode_body(t.GET_TAG, None) == b""
    assert encode_body(t.LIST_ATTACHED_OBJECTS, None) == b"{}"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"object_id": 1}', b'{"object_id": {"type": "a", "id": "b"}, "x": 1}'],
)
def test_a_body_that_is_none(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="the body of tag-association"):
        read_body(t.ATTACH_TAG, body)


def test_values() -> None:
    tag = b'{"value": {"id": "1", "name": "gold", "category_id": "2", "used_by": []}}'
    assert read_value(t.GET_TAG, tag) == t.TagInfo(id="1", name="gold", category_id="2")
    assert read_value(t.LIST_TAGS, b'{"value": ["1", "2"]}') == ("1", "2")
    assert read_value(t.LIST_TAGS, b'{"value": null}') == read_value(t.LIST_TAGS, b"{}") == ()
    assert read_value(DELETE_SESSION, b"") is None
    told = (t.ObjectTags(object_id=VM, tag_ids=("1",)),)
    method = t.LIST_ATTACHED_TAGS_ON_OBJECTS
    assert read_value(method, encode_value(method, told)) == told
    assert told[0].object_id.ref == Ref("VirtualMachine", "vm-51")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"value": 1}', b"<html>", b'{"value": "\xff"}'])
def test_a_value_that_is_none(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="the answer to session"):
        read_value(CREATE_SESSION, body)


@pytest.mark.parametrize("kind", RestFaultKind)
def test_faults_round_trip(kind: RestFaultKind) -> None:
    status, body = encode_fault(kind, "No.")
    assert read_fault(status, body) == RestFault(status, kind, "No.")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b"404 page not found", RestFaultKind.NOT_FOUND),
        (401, b"", RestFaultKind.UNAUTHENTICATED),
        (400, b'{"type": "com.vmware.vapi.std.errors.new_one"}', RestFaultKind.INVALID_ARGUMENT),
        (
            400,
            b'{"type": "com.vmware.vapi.std.errors.already_exists", "value": {}}',
            RestFaultKind.ALREADY_EXISTS,
        ),
        (418, b"[]", RestFaultKind.ERROR),
    ],
)
def test_faults_that_tell_little(status: int, body: bytes, kind: RestFaultKind) -> None:
    assert read_fault(status, body) == RestFault(status, kind)


@given(st.integers(200, 599), st.binary())
def test_garbage_is_an_error_or_nothing(status: int, body: bytes) -> None:
    read_fault(status, body)
    for method in t.METHODS:
        with suppress(ProtocolError):
            read_value(method, body)
        with suppress(ProtocolError):
            read_body(method, body)


def test_an_answer_of_too_many_levels_is_an_error() -> None:
    body = b'{"x": ' + b"[" * 200_000
    with pytest.raises(ProtocolError):
        read_value(t.GET_TAG, body)
    assert read_fault(500, body).kind is RestFaultKind.ERROR


def test_name_and_password() -> None:
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic("ü", "ß") == "Basic w7w6w58="


def test_every_change_needs_a_privilege_that_the_page_names() -> None:
    for method in t.METHODS:
        assert bool(method.privilege) is method.changing
    told = dict(re.findall(r"\| `([a-z-]+\.[a-z]+)` \| `([\w.]+)` \|", PAGE))
    assert told == {each.name: each.privilege for each in t.METHODS if each.changing}
    assert t.ATTACH_TO_OBJECT in PAGE
