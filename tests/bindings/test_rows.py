"""Every row, in both directions, with values that hypothesis finds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from documentsamples import DOCUMENTS
from domainsamples import SAMPLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wirevalues import structs_of, values_of

from aiovirt.bindings import MODULES, Binding, all_bindings, bindings_of
from aiovirt.bindings.arguments import Argument
from aiovirt.errors import AiovirtError, CallerError, ConfigError
from aiovirt.interfaces import ABILITIES, operations
from aiovirt.protocols.xdr import Scalar, Struct, codec
from aiovirt.protocols.xdr.emit import Form, struct_fields

ROWS = all_bindings()
POOL_SOURCE = "<source><host name='a'/></source>"
TEXTS = [
    POOL_SOURCE,
    "0-3,^2",
    "7",
    *SAMPLES,
    *(text for texts in DOCUMENTS.values() for text in texts),
]


def name_of(row: Binding) -> str:
    """Return a row's name in the list of the tests."""
    return f"{row.ability}.{row.name}"


def readable(item: Argument, wires: Sequence[Any]) -> bool:
    """Whether the operation has words for what was sent."""
    try:
        item.read(*wires)
    except (CallerError, ConfigError):
        return False
    return True


def likely(form: Form) -> st.SearchStrategy[Any]:
    """Return values of a field, mostly such as mean something: flags are few."""
    values = values_of(form)
    return values | st.integers(0, 7) if isinstance(form.marker, Scalar) else values


def wires_of(row: Binding, item: Argument) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return what can be sent for one argument of a row."""
    if not item.params:
        return st.just(item.send())
    forms = dict(struct_fields(row.procedure.args))
    found: st.SearchStrategy[Any] = st.tuples(*[likely(forms[name]) for name in item.fields])
    if [forms[name].type for name in item.fields] == [str] and not readable(item, ["junk"]):
        return st.sampled_from([(text,) for text in TEXTS if readable(item, [text])])
    return found.filter(lambda wires: readable(item, wires))


@cache  # a strategy is made once a row, not once an example
def args_of(row: Binding) -> st.SearchStrategy[Struct]:
    """Return arguments that a client could send."""
    fields = row.procedure.args.__struct_fields__
    items = st.tuples(*[wires_of(row, item) for item in row._arguments])

    def filled(wires: tuple[tuple[Any, ...], ...]) -> Struct:
        by_field = {
            name: wire
            for item, sent in zip(row._arguments, wires, strict=True)
            for name, wire in zip(item.fields, sent, strict=True)
        }
        made: Struct = row.procedure.args(*[by_field[name] for name in fields])
        return made

    return items.map(filled)


def files_of(row: Binding) -> dict[str, Any]:
    """Return the parameter that is no field: descriptors travel beside the fields."""
    return {row.files: []} if row.files else {}


@pytest.mark.parametrize("row", ROWS, ids=name_of)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_asked_comes_back(row: Binding, data: st.DataObject) -> None:
    """Arguments of a call -> those of the operation -> a call, and so on, without a change."""
    sent = data.draw(args_of(row))
    values = row.call(codec(row.procedure.args).decode(codec(row.procedure.args).encode(sent)))
    again = row.args((), values | files_of(row))
    assert codec(row.procedure.args).encode(row.args((), row.call(again) | files_of(row))) == codec(
        row.procedure.args
    ).encode(again)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_a_client_sends_is_a_call_or_is_refused(row: Binding, data: st.DataObject) -> None:
    args = data.draw(structs_of(row.procedure.args))
    try:
        values = row.call(args)
    except (CallerError, ConfigError):
        return
    assert {*values, *files_of(row)} == set(row._names)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_a_server_answers_is_a_result_or_an_error(row: Binding, data: st.DataObject) -> None:
    reply, args = codec(row.procedure.ret), data.draw(args_of(row))
    try:
        result = row.result.read(
            reply.decode(reply.encode(data.draw(structs_of(row.procedure.ret))))
        )
    except AiovirtError:
        return
    written = reply.encode(row.reply(result, args))
    assert reply.encode(row.reply(row.result.read(reply.decode(written)), args)) == written


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_call_of_too_few_arguments_is_pythons_error(row: Binding) -> None:
    needed = len(row._names) - len(row._defaults)
    if needed:
        with pytest.raises(TypeError):
            row.args((), {})
    with pytest.raises((TypeError, CallerError)):
        row.args(tuple(range(len(row._names) + 1)), {})


def test_every_row_is_of_an_operation_that_there_is() -> None:
    declared = {(kind.__name__, name) for kind in ABILITIES for name in operations(kind)}
    assert {(row.ability, row.name) for row in ROWS} <= declared


def test_every_module_of_rows_is_of_an_ability() -> None:
    assert set(MODULES) <= {kind.__name__ for kind in ABILITIES}
    assert all(bindings_of(kind) for kind in ABILITIES if kind.__name__ in MODULES)
