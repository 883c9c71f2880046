"""Every type and method of the table: what is written is read again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vspherevalues import (
    a_value,
    all_structs,
    fullest,
    in_an_any,
    smallest,
    structs_of,
    values_of,
)

from aiovirt.protocols.vsphere import (
    Method,
    Ref,
    decode_reply,
    encode_call,
    encode_result,
    read_request,
)
from aiovirt.protocols.vsphere.forms import fields_of, form_of
from aiovirt.protocols.vsphere.registry import method_named
from aiovirt.protocols.vsphere.tables.index import METHODS, TYPES
from aiovirt.protocols.vsphere.values import wire_words

THIS = Ref("VirtualMachine", "vm-1")


@pytest.mark.parametrize("module", TYPES)
def test_what_is_written_is_read(module: str) -> None:
    for kind in structs_of(module):
        for value in (fullest(kind), smallest(kind)):
            for typed_items in (False, True):
                read = in_an_any(value, typed_items=typed_items)
                assert (type(read), read) == (kind, value)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_random_values_are_read_as_they_were(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(all_structs()))
    value = data.draw(values_of(kind))
    assert in_an_any(value) == value


@pytest.mark.parametrize("module", METHODS)
def test_what_is_called_is_read(module: str) -> None:
    for method in filter(None, map(method_named, METHODS[module].split())):
        for args in (fullest(method.args), smallest(method.args)):
            request = read_request(encode_call(method, THIS, args), "urn:vim25/8.0.1.0")
            assert (request.name, request.method, request.this) == (method.name, method, THIS)
            assert (request.args, request.version) == (args, "8.0.1.0")


@pytest.mark.parametrize("module", METHODS)
def test_each_result_is_read(module: str) -> None:
    for method in filter(None, map(method_named, METHODS[module].split())):
        for result in results(method):
            assert decode_reply(method, encode_result(method, result)) == result


def results(method: Method[Any, Any]) -> tuple[Any, ...]:
    """Return results of a method: an absent one too, where it may be."""
    if method.result == "void":
        return (None,)
    form = form_of(method.result)
    one = a_value(form)
    if form.many:
        return ((), (one, one))
    return (one, None) if form.optional else (one,)


@pytest.mark.parametrize("module", TYPES)
def test_python_and_the_wire_name_the_same_fields(module: str) -> None:
    for kind in structs_of(module):
        assert len(fields_of(kind)) == len(kind.__struct_fields__) == len(wire_words(kind))
        for field in fields_of(kind):
            assert field.name.replace("_", "") == field.wire.lower().replace("_", "")
