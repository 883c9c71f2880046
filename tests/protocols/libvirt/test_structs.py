"""Every struct of the tables: what is written is read again, and nothing else is accepted."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wirevalues import all_structs, structs_of

from aiovirt.model.params import Typed
from aiovirt.protocols.xdr import DecodeError, Struct, codec


def plain(value: Any) -> Any:  # noqa: ANN401 - any part of a struct
    """Return a value as it is read: parameters without their types."""
    if isinstance(value, Typed):
        return value.value
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Struct):
        fields = value.__struct_fields__
        return type(value)(*[plain(getattr(value, name)) for name in fields])
    return value


@pytest.mark.parametrize("kind", all_structs(), ids=lambda kind: kind.__name__)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read(kind: type[Struct], data: st.DataObject) -> None:
    value = data.draw(structs_of(kind))
    written = codec(kind).encode(value)
    assert codec(kind).decode_from(written + b"trail") == (plain(value), len(written))
    cut = data.draw(st.integers(0, max(0, len(written) - 1)))
    if cut < len(written):
        with pytest.raises(DecodeError):
            codec(kind).decode(written[:cut])


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from(all_structs()), data=st.binary(max_size=200))
def test_random_bytes_are_a_value_or_a_decode_error(kind: type[Struct], data: bytes) -> None:
    with suppress(DecodeError):
        codec(kind).decode(data)
