"""Checking commands against a schema: a small one that has every kind of type."""

from __future__ import annotations

import pytest

from aiovirt.protocols.qmp.schema import Schema

ENTRIES: list[dict[str, object]] = [
    {"name": "str", "meta-type": "builtin", "json-type": "string"},
    {"name": "int", "meta-type": "builtin", "json-type": "int"},
    {"name": "number", "meta-type": "builtin", "json-type": "number"},
    {"name": "bool", "meta-type": "builtin", "json-type": "boolean"},
    {"name": "null", "meta-type": "builtin", "json-type": "null"},
    {"name": "any", "meta-type": "builtin", "json-type": "value"},
    {"name": "colour", "meta-type": "enum", "values": ["red", "blue"], "members": []},
    {"name": "[int]", "meta-type": "array", "element-type": "int"},
    {"name": "none", "meta-type": "object", "members": []},
    {"name": "red", "meta-type": "object", "members": [{"name": "heat", "type": "number"}]},
    {
        "name": "thing",
        "meta-type": "object",
        "members": [
            {"name": "kind", "type": "colour"},
            {"name": "sizes", "type": "[int]", "default": None},
            {"name": "node", "type": "node", "default": None},
            {"name": "on", "type": "bool", "default": None},
            {"name": "what", "type": "any", "default": None},
        ],
        "tag": "kind",
        "variants": [{"case": "red", "type": "red"}, {"case": "blue", "type": "none"}],
    },
    {"name": "node", "meta-type": "alternate", "members": [{"type": "thing"}, {"type": "str"}]},
    {"name": "paint", "meta-type": "command", "arg-type": "thing", "ret-type": "[int]"},
    {
        "name": "yank",
        "meta-type": "command",
        "arg-type": "none",
        "ret-type": "none",
        "allow-oob": True,
    },
    {"name": "PAINTED", "meta-type": "event", "arg-type": "red"},
]


@pytest.fixture
def schema() -> Schema:
    return Schema(ENTRIES)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "blue"},
        {"kind": "red", "heat": 1.5},
        {"kind": "red", "heat": 2, "sizes": [1, 2], "on": False, "what": {"x": [None]}},
        {"kind": "blue", "node": "name"},
        {"kind": "blue", "node": {"kind": "red", "heat": 1}},
        {"kind": "blue", "sizes": ()},
    ],
)
def test_right_arguments_have_no_complaints(schema: Schema, arguments: dict[str, object]) -> None:
    assert schema.check_command("paint", arguments) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "paint.kind: is missing"),
        ({"kind": "green"}, "paint.kind: 'green' is none of blue, red"),
        ({"kind": "red"}, "paint.heat: is missing"),
        ({"kind": "blue", "heat": 1}, "paint.heat: is not known"),
        ({"kind": "red", "heat": "hot"}, "paint.heat: 'hot' is no number"),
        ({"kind": "red", "heat": True}, "paint.heat: True is no number"),
        ({"kind": "blue", "on": 1}, "paint.on: 1 is no boolean"),
        ({"kind": "blue", "sizes": [1, "2"]}, "paint.sizes[1]: '2' is no int"),
        ({"kind": "blue", "sizes": "12"}, "paint.sizes: '12' is no array"),
        ({"kind": "blue", "node": {"kind": "red"}}, "paint.node.heat: is missing"),
        ({"kind": "blue", "node": 5}, "paint.node: 5 is no object"),
        ({"kind": ["red"]}, "paint.kind: ['red'] is none of blue, red"),
    ],
)
def test_a_complaint_says_what_and_where(
    schema: Schema, arguments: dict[str, object], complaint: str
) -> None:
    assert [str(each) for each in schema.check_command("paint", arguments)] == [complaint]


def test_every_fault_is_told(schema: Schema) -> None:
    complaints = schema.check_command("paint", {"kind": "red", "a": 1, "b": 2})
    assert sorted(each.path for each in complaints) == ["paint.a", "paint.b", "paint.heat"]


def test_an_unknown_command_or_event_is_told(schema: Schema) -> None:
    assert str(schema.check_command("fly")[0]) == "fly: no such command"
    assert str(schema.check_result("fly", {})[0]) == "fly: no such command"
    assert str(schema.check_event("FLOWN", {})[0]) == "FLOWN: no such event"


def test_results_and_events_are_checked_too(schema: Schema) -> None:
    assert schema.check_result("paint", [1]) == []
    assert str(schema.check_result("paint", [None])[0]) == "paint[0]: None is no int"
    assert schema.check_event("PAINTED", {"heat": 1}) == []
    assert str(schema.check_event("PAINTED", {})[0]) == "PAINTED.heat: is missing"


def test_out_of_band_needs_leave(schema: Schema) -> None:
    assert schema.check_command("yank", oob=True) == []
    complaints = schema.check_command("paint", {"kind": "blue"}, oob=True)
    assert [str(each) for each in complaints] == ["paint: cannot be sent out of band"]


def test_what_it_knows_can_be_asked(schema: Schema) -> None:
    assert schema.commands == {"paint", "yank"}
    assert schema.events == {"PAINTED"}
    assert schema.result_members("yank") == {}
