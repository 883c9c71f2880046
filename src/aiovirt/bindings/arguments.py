"""How an operation's parameters become the fields of a procedure's arguments, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from aiovirt.bindings.values import DOMAIN, PLAIN, Value, flag_set
from aiovirt.errors import CallerError

__all__ = [
    "DOM",
    "STRINGS_ONLY",
    "Argument",
    "amount",
    "arg",
    "bits",
    "fixed",
    "flags",
    "flags_and_bits",
    "flags_and_filters",
    "only_strings",
    "room",
    "with_strings",
]


@dataclass(frozen=True, slots=True)
class Argument:
    """Some parameters, and some fields.

    Attributes:
        params: The names of the parameters that it takes.
        fields: The names of the fields that it fills.
        send: From the parameters' values to the fields' values, each as a tuple.
        read: From the fields' values to the parameters' values, likewise.
        one: Where there is one of each: how the field's value alone is read.
    """

    params: tuple[str, ...]
    fields: tuple[str, ...]
    send: Callable[..., tuple[Any, ...]]
    read: Callable[..., tuple[Any, ...]]
    one: Callable[[Any], Any] | None = None


def arg(param: str, field: str | None = None, value: Value = PLAIN) -> Argument:
    """One parameter that is one field."""
    return Argument(
        (param,),
        (field or param,),
        lambda given: (value.send(given),),
        lambda wire: (value.read(wire),),
        value.read,
    )


DOM = arg("domain", "dom", DOMAIN)
"""The domain, as nearly all procedures about domains have it first."""


def flags(kind: type[IntFlag], param: str = "flags", field: str = "flags") -> Argument:
    """A parameter with all of libvirt's flags."""
    return arg(param, field, flag_set(kind))


def fixed(field: str, value: object) -> Argument:
    """A field that no parameter sets; a server refuses another value."""

    def read(wire: object) -> tuple[()]:
        if wire != value:
            raise CallerError(f"{field} must be {value!r} here, and is {wire!r}")
        return ()

    return Argument((), (field,), lambda: (value,), read)


def flags_and_bits(kind: type[IntFlag], field: str = "flags", **names: IntFlag) -> Argument:
    """A parameter ``flags`` with libvirt's flags, and boolean parameters for some of them."""

    def send(given: int, *values: bool) -> tuple[int]:
        total = int(given)
        for is_set, bit in zip(values, names.values(), strict=True):
            total |= int(bit) if is_set else 0
        return (total,)

    def read(wire: int) -> tuple[Any, ...]:
        rest = wire
        for bit in names.values():
            rest &= ~int(bit)
        return (kind(rest), *(wire & bit == bit for bit in names.values()))

    return Argument(("flags", *names), (field,), send, read)


def flags_and_filters(kind: type[IntFlag], **names: tuple[IntFlag, IntFlag]) -> Argument:
    """A parameter ``flags``, and parameters that choose one of two flags each, or neither.

    Args:
        kind: libvirt's flags.
        names: For each parameter the flag of True and the flag of False; None sets neither.
    """

    def send(given: int, *values: bool | None) -> tuple[int]:
        total = int(given)
        for value, (yes, no) in zip(values, names.values(), strict=True):
            total |= 0 if value is None else int(yes if value else no)
        return (total,)

    def read(wire: int) -> tuple[Any, ...]:
        values: list[bool | None] = []
        for yes, no in names.values():
            chosen = wire & (yes | no)
            # Both together are as good as neither.
            values.append(None if chosen in {0, yes | no} else chosen == yes)
            wire &= ~(yes | no)
        return (kind(wire), *values)

    return Argument(("flags", *names), ("flags",), send, read)


MOST = 2**64 - 1
"""The largest number of bytes that a field has room for."""


def amount(param: str, field: str, kind: type[IntFlag], in_bytes: IntFlag, unit: int) -> Argument:
    """A parameter in bytes, and ``flags``: libvirt takes another unit unless a flag says bytes.

    Args:
        param: The parameter.
        field: The field with the number.
        kind: libvirt's flags, in the field ``flags``.
        in_bytes: The flag that makes the number one of bytes; it is set for any number but 0.
        unit: Bytes of the unit that the number has without the flag.
    """

    def send(number: int, given: int) -> tuple[int, int]:
        return number, int(given) | (int(in_bytes) if number else 0)

    def read(wire: int, given: int) -> tuple[int, IntFlag]:
        number = wire if given & in_bytes else wire * unit
        if number > MOST:
            raise CallerError(f"{field} is too large: {wire} of {unit} bytes each")
        return number, kind(given & ~int(in_bytes))

    return Argument((param, "flags"), (field, "flags"), send, read)


def bits(field: str = "flags", **names: int) -> Argument:
    """Boolean parameters that are bits of one field; a server refuses bits without a name."""

    def send(*given: bool) -> tuple[int]:
        total = 0
        for is_set, bit in zip(given, names.values(), strict=True):
            total |= bit if is_set else 0
        return (total,)

    def read(wire: int) -> tuple[bool, ...]:
        unknown = wire
        for bit in names.values():
            unknown &= ~bit
        if unknown:
            raise CallerError(f"the {field} {unknown:#x} are not supported here")
        return tuple(wire & bit == bit for bit in names.values())

    return Argument(tuple(names), (field,), send, read)


def room(field: str, most: int) -> Argument:
    """A field that says how much a client has room for: always the most there can be.

    A server gives what it has, or, where the field is 0, only how much that is.
    """
    return Argument((), (field,), lambda: (most,), lambda _wire: ())


STRINGS_WELCOME = 4
"""libvirt's `VIR_TYPED_PARAM_STRING_OKAY`: without it parameters that are texts are left out."""


def _no_flags(wire: int) -> tuple[()]:
    if wire & ~STRINGS_WELCOME:
        raise CallerError(f"the flags {wire:#x} are not supported here")
    return ()


STRINGS_ONLY = Argument((), ("flags",), lambda: (0,), _no_flags)
"""A field ``flags`` that no parameter sets; a client may say there that texts are welcome."""


def only_strings() -> Argument:
    """A field ``flags`` that only tells whether texts among typed parameters are welcome."""

    def read(wire: int) -> tuple[()]:
        if wire & ~STRINGS_WELCOME:
            raise CallerError(f"there are no flags here, and {wire:#x} came")
        return ()

    return Argument((), ("flags",), lambda: (STRINGS_WELCOME,), read)


def with_strings(kind: type[IntFlag]) -> Argument:
    """A parameter ``flags`` of a procedure that gives typed parameters, texts among them."""

    def send(given: int) -> tuple[int]:
        return (int(given) | STRINGS_WELCOME,)

    def read(wire: int) -> tuple[IntFlag]:
        return (kind(wire & ~STRINGS_WELCOME),)

    return Argument(("flags",), ("flags",), send, read)
