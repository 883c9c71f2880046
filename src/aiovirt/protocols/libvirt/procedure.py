"""What a procedure is: its program, number and structs, and what the server promises about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Generic, TypeVar

from aiovirt.protocols.libvirt.tables.programs import Program
from aiovirt.protocols.xdr import Max, Size, Struct

__all__ = [
    "STRING_MAX",
    "Empty",
    "EventKind",
    "Procedure",
    "Program",
    "StreamSide",
    "Text",
    "UUIDBytes",
]

A = TypeVar("A", bound=Struct)
R = TypeVar("R", bound=Struct)

STRING_MAX = 4194304
"""Bytes of a text at most: REMOTE_STRING_MAX."""

Text = Annotated[str, Max(STRING_MAX)]
UUIDBytes = Annotated[bytes, Size(16)]


class Empty(Struct, frozen=True, gc=False):
    """No arguments, or no result."""


class StreamSide(Enum):
    """Which way the data of a procedure's stream goes, seen from the client."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Procedure(Generic[A, R]):
    """One procedure of the protocol.

    Attributes:
        program: Its program.
        number: Its number there.
        name: libvirt's name, without the program.
        args: The struct that is sent.
        ret: The struct that is answered.
        priority: Whether libvirtd serves it by workers that no guest can hold up.
        acl: Permissions it needs, ``object:permission[:flag]``.
        acl_filter: Permissions by which its result is filtered.
        stream: Which way the stream that it opens goes, or None when it opens none.
        sparse_flag: The flag that lets the stream have holes, or None.
        after: The last release that is known to lack it, or None for what 9.0.0 has.
    """

    program: Program
    number: int
    name: str
    args: type[A]
    ret: type[R]
    priority: bool = False
    acl: tuple[str, ...] = ()
    acl_filter: tuple[str, ...] = ()
    stream: StreamSide | None = None
    sparse_flag: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class EventKind(Generic[A]):
    """One kind of message that a server sends unasked.

    Attributes:
        program: Its program.
        number: Its number there.
        name: libvirt's name, without the program.
        msg: The struct that is sent.
    """

    program: Program
    number: int
    name: str
    msg: type[A]
