"""The JSON shapes of QMP messages, and their way to and from the values of `messages`.

Source: QEMU's docs/interop/qmp-spec.  It knows no states and no byte streams.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from aiovirt.errors import ProtocolError
from aiovirt.protocols.qmp.messages import (
    UNREADABLE,
    Event,
    Failure,
    Greeting,
    MessageId,
    Request,
    Success,
    Version,
)

__all__ = ["LONGEST_REQUEST", "FromServer", "encode", "parse_from_client", "parse_from_server"]

LONGEST_REQUEST = 64 * 1024 * 1024
"""Bytes.  QEMU and its agent read no longer one (MAX_TOKEN_SIZE in qobject/json-streamer.c)."""

FromServer = Greeting | Success | Failure | Event

_MICRO = 1_000_000

_Clock = Annotated[int, msgspec.Meta(ge=-1, le=(1 << 63) - 1)]  # -1 is unknown, in both members

# Unicode's noncharacters: no QEMU reads a string with one (mod_utf8_codepoint in
# util/unicode.c), and its refusal of the whole request does not even bear the request's id.
_LAST_TWO = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_NONCHARACTERS = re.compile(f"[\ufdd0-\ufdef{_LAST_TWO}]")


class _WireVersion(msgspec.Struct):
    qemu: Version
    package: str = ""


class _WireGreeting(msgspec.Struct):
    version: _WireVersion
    capabilities: tuple[str, ...] = ()


class _WireError(msgspec.Struct):
    desc: str
    error_class: str = msgspec.field(name="class")


class _WireTime(msgspec.Struct):
    seconds: _Clock
    microseconds: _Clock


class _Reply(msgspec.Struct):
    """Any message of a server; exactly one of the first four members is there."""

    returned: msgspec.Raw | UnsetType = msgspec.field(name="return", default=UNSET)
    error: _WireError | UnsetType = UNSET
    event: str | UnsetType = UNSET
    greeting: _WireGreeting | UnsetType = msgspec.field(name="QMP", default=UNSET)
    id: MessageId = None
    data: dict[str, object] = {}
    timestamp: _WireTime | UnsetType = UNSET


class _Command(msgspec.Struct, forbid_unknown_fields=True):
    """A message of a client; QEMU refuses members that it does not know, and so does this."""

    execute: str | UnsetType = UNSET
    oob: str | UnsetType = msgspec.field(name="exec-oob", default=UNSET)
    arguments: dict[str, object] | UnsetType = UNSET
    id: MessageId = None


_encoder = msgspec.json.Encoder()
_reply_decoder = msgspec.json.Decoder(_Reply)
_command_decoder = msgspec.json.Decoder(_Command)


def parse_from_server(line: bytes, peer: str) -> FromServer:
    """Return what a server's line says.

    Raises:
        ProtocolError: It is no QMP message.
    """
    try:
        wire = _reply_decoder.decode(line)
    except UNREADABLE as error:
        raise ProtocolError(f"{peer}: {_excerpt(line)} is no QMP message: {error}") from error
    if wire.returned is not UNSET:
        return Success(wire.id, bytes(wire.returned))
    if wire.error is not UNSET:
        return Failure(wire.id, wire.error.error_class, wire.error.desc)
    if wire.event is not UNSET:
        return Event(wire.event, wire.data, _seconds(wire.timestamp))
    if wire.greeting is not UNSET:
        version = wire.greeting.version
        return Greeting(version.qemu, version.package, wire.greeting.capabilities)
    raise ProtocolError(f"{peer}: {_excerpt(line)} is neither reply, event nor greeting")


def parse_from_client(line: bytes, peer: str, descriptors: int) -> Request:
    """Return what a client's line asks for.

    Raises:
        ProtocolError: It is no QMP command.
    """
    try:
        wire = _command_decoder.decode(line)
    except UNREADABLE as error:
        raise ProtocolError(f"{peer}: {_excerpt(line)} is no QMP command: {error}") from error
    names = [name for name in (wire.execute, wire.oob) if isinstance(name, str)]
    if len(names) != 1:
        raise ProtocolError(f"{peer}: {_excerpt(line)} needs either 'execute' or 'exec-oob'")
    arguments = None if wire.arguments is UNSET else wire.arguments
    return Request(names[0], arguments, wire.id, wire.oob is not UNSET, descriptors)


def _seconds(time: _WireTime | UnsetType) -> float | None:
    # QEMU says -1 for both when the host's clock could not be read.
    if isinstance(time, UnsetType) or time.seconds < 0:
        return None
    return (time.seconds * _MICRO + time.microseconds) / _MICRO


def _excerpt(line: bytes, length: int = 60) -> str:
    return repr(line if len(line) <= length else line[:length] + b"...")


def _request(message: Request) -> Mapping[str, object]:
    wire: dict[str, object] = {"exec-oob" if message.oob else "execute": message.name}
    if message.arguments is not None:
        wire["arguments"] = message.arguments
    if message.id is not None:
        wire["id"] = message.id
    return wire


def _greeting(message: Greeting) -> Mapping[str, object]:
    version = {"qemu": message.version, "package": message.package}
    return {"QMP": {"version": version, "capabilities": message.capabilities}}


def _success(message: Success) -> Mapping[str, object]:
    wire: dict[str, object] = {"return": msgspec.Raw(message.raw)}
    if message.id is not None:
        wire["id"] = message.id
    return wire


def _failure(message: Failure) -> Mapping[str, object]:
    error = {"class": message.error_class, "desc": message.description}
    return {"error": error} if message.id is None else {"id": message.id, "error": error}


def _event(message: Event) -> Mapping[str, object]:
    whole, part = divmod(round((message.timestamp or 0) * _MICRO), _MICRO)
    wire: dict[str, object] = {"event": message.name}
    if message.data:
        wire["data"] = message.data
    known = message.timestamp is not None
    wire["timestamp"] = {
        "seconds": whole if known else -1,
        "microseconds": part if known else -1,
    }
    return wire


_SHAPES: dict[type, Callable[..., Mapping[str, object]]] = {
    Request: _request,
    Greeting: _greeting,
    Success: _success,
    Failure: _failure,
    Event: _event,
}


def encode(message: Request | FromServer) -> bytes:
    """Return `message` as JSON; a server's ends its line, a client's needs no end.

    Raises:
        TypeError: An argument is of no kind that JSON has.
        ValueError: No server would read the request: it is too long, or has a noncharacter.
    """
    data = _encoder.encode(_SHAPES[type(message)](message))
    if not isinstance(message, Request):
        return data + b"\r\n"
    if len(data) > LONGEST_REQUEST:
        raise ValueError(f"{len(data)} bytes are more than the {LONGEST_REQUEST} that QEMU reads")
    if not data.isascii() and (found := _NONCHARACTERS.search(data.decode())):
        raise ValueError(f"U+{ord(found[0]):04X} is no character")
    return data
