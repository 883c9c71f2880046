"""How an operation's result comes out of a procedure's reply, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from aiovirt.bindings.values import PLAIN, Value
from aiovirt.protocols.xdr import Struct

__all__ = [
    "NOTHING",
    "Result",
    "field",
    "figures",
    "ignored",
    "listing",
    "parameters",
    "repeated",
    "result_with_count",
    "whole",
]


@dataclass(frozen=True, slots=True)
class Result:
    """What comes of a reply.

    Attributes:
        fields: The names of the reply's fields that it stands for.
        read: From the reply to the result.
        send: From the kind of reply and the result to the reply.
        repeats: Whether the reply says again what the arguments say; then `send` is not used.
    """

    fields: tuple[str, ...]
    read: Callable[[Any], Any]
    send: Callable[[Any, Any], Struct]
    repeats: bool = False


NOTHING = Result((), lambda _reply: None, lambda kind, _result: kind())
"""A procedure that gives nothing."""


def field(name: str, value: Value = PLAIN) -> Result:
    """The one field of a reply."""
    return Result(
        (name,),
        lambda reply: value.read(getattr(reply, name)),
        lambda kind, result: kind(value.send(result)),
    )


def ignored(name: str, value: object = 0) -> Result:
    """A reply whose one field tells nothing."""
    return Result((name,), lambda _reply: None, lambda kind, _result: kind(value))


def repeated(name: str) -> Result:
    """A reply whose one field is that of the arguments again, and tells nothing new."""
    return Result((name,), lambda _reply: None, lambda kind, _result: kind(), repeats=True)


def listing(name: str, item: Value, count: str = "ret") -> Result:
    """A list with its length beside it."""

    def read(reply: Struct) -> list[Any]:
        return [item.read(wire) for wire in getattr(reply, name)]

    def send(kind: type[Struct], result: list[Any]) -> Struct:
        wires = [item.send(value) for value in result]
        return kind(**{name: wires, count: len(wires)})

    return Result((name, count), read, send)


def result_with_count(name: str, value: Value = PLAIN, **counts: object) -> Result:
    """One field of a reply beside others that a server sets to the same number always."""

    def read(reply: Struct) -> object:
        return value.read(getattr(reply, name))

    def send(kind: type[Struct], result: object) -> Struct:
        return kind(**{name: value.send(result), **counts})

    return Result((name, *counts), read, send)


def parameters(count: str = "nparams") -> Result:
    """Typed parameters with their number beside them, which a client with no room asks for."""

    def read(reply: Struct) -> object:
        found: object = getattr(reply, "params")  # noqa: B009 - a field of some replies
        return found

    def send(kind: type[Struct], result: Mapping[str, Any]) -> Struct:
        return kind(**{"params": result, count: 0})

    return Result(("params", count), read, send)


def figures(
    kind: type[Any], item: Callable[[str, int], Struct], **names: tuple[str, Value]
) -> Result:
    """Named figures as a dataclass whose fields are None where a figure is not there.

    Args:
        kind: The dataclass.
        item: Makes the struct with the name and the value of one.
        names: For each field of the dataclass the name, and how the value is sent.
    """

    def read(reply: Any) -> object:  # noqa: ANN401 - of several kinds
        found = {one.field: one.value for one in reply.params}
        known = names.items()
        return kind(**{of: value.read(found[name]) for of, (name, value) in known if name in found})

    def send(reply: Callable[..., Struct], result: object) -> Struct:
        given = [(name, value, getattr(result, of)) for of, (name, value) in names.items()]
        items = [item(name, value.send(one)) for name, value, one in given if one is not None]
        return reply(params=items, nparams=len(items))

    return Result(("params", "nparams"), read, send)


def whole(kind: type[Any], /, **values: tuple[str, Value]) -> Result:
    """All fields of a reply as a dataclass.

    Args:
        kind: The dataclass.
        values: For a field of the dataclass that is named or sent otherwise: the reply's field,
            and how it is sent.
    """
    pairs = [
        (item.name, *values.get(item.name, (item.name, PLAIN)))
        for item in fields(kind)
        if item.init
    ]

    # Compiled, which saves a tenth of all that a call costs; the names are those of our structs.
    names: dict[str, Any] = {"kind": kind}
    words: list[str] = []
    sent: list[str] = []
    for place, (name, wire, value) in enumerate(pairs):
        if value is PLAIN:
            words.append(f"reply.{wire}")
            sent.append(f"{wire}=result.{name}")
        else:
            names |= {f"read{place}": value.read, f"send{place}": value.send}
            words.append(f"read{place}(reply.{wire})")
            sent.append(f"{wire}=send{place}(result.{name})")
    read: Callable[[Struct], object] = eval(f"lambda reply: kind({', '.join(words)})", names)  # noqa: S307
    send: Callable[[type[Struct], object], Struct] = eval(  # noqa: S307 - as above
        f"lambda reply, result: reply({', '.join(sent)})", names
    )
    return Result(tuple(wire for _, wire, _ in pairs), read, send)
