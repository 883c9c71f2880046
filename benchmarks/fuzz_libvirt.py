"""Feed libvirt's protocol with bytes that nobody should send: a plain loop, reproducible by seed.

    python benchmarks/fuzz_libvirt.py --executions 10000000 --seed 1

An execution is one struct decoded from spoilt bytes, or one piece of a spoilt stream taken by a
connection.  What comes of it is a value, an event or a protocol error; whatever else is raised
ends the run with its seed and bytes.  Descriptors, which are only numbers here, are counted: each
is in an event, or given back by `Connection.abandon`.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiovirt.errors import ProtocolError
from aiovirt.protocols.libvirt.connection import Call, Connection, Event, Reply, Role
from aiovirt.protocols.libvirt.packets import Packet, PacketStatus, PacketType, encode_packet
from aiovirt.protocols.libvirt.procedure import EventKind, Procedure
from aiovirt.protocols.libvirt.registry import registry
from aiovirt.protocols.libvirt.tables.params import PARAM_TYPES
from aiovirt.protocols.libvirt.tables.structs import Error
from aiovirt.protocols.libvirt.typed_params import ParamList
from aiovirt.protocols.xdr import Chars, EncodeError, Max, Scalar, Size, Struct, codec
from aiovirt.protocols.xdr.emit import Form, form_of, struct_fields

__all__ = ["Fuzzer", "main"]

MAX_PACKET = 1 << 20
"""A small limit, so that a length word that lies costs no memory in the run itself."""

TURNS = 20
"""Packets of a connection's life at most."""

INTERESTING = (
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    28,
    32,
    33,
    0xFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    0x20008086,
)
TEXTS = ("", "a", "web1", "ü€\U0001f600", "x" * 40, "a\udcffb")
NAMES = (*PARAM_TYPES, *TEXTS)


class Fuzzer:
    """The state of one run.

    Args:
        seed: Where the random numbers begin.

    Attributes:
        executions: How many there were.
        outcomes: How they ended, by a word for each.
        last: The bytes of the present execution, for the report of a failure.
    """

    def __init__(self, seed: int) -> None:
        self.executions = 0
        self.outcomes: Counter[str] = Counter()
        self.last = b""
        self._random = random.Random(seed)  # noqa: S311 - it has to be repeatable
        entries = list(registry().values())
        self._procedures = [entry for entry in entries if isinstance(entry, Procedure)]
        self._openers = [entry for entry in self._procedures if entry.stream is not None]
        kinds = _kinds_of(entries)
        self._made = {kind: [self._struct(kind) for _ in range(3)] for kind in kinds}
        self._samples = [
            (kind, codec(kind).encode(value)) for kind, made in self._made.items() for value in made
        ]

        self._mutations: tuple[Callable[[bytearray], None], ...] = (
            self._flip,
            self._word,
            self._word,
            self._cut,
            self._remove,
            self._insert,
            self._splice,
            self._nonsense,
        )

    def run(self, executions: int) -> None:
        """Go on until there were so many."""
        while self.executions < executions:
            if self._random.random() < 0.6:
                self._decode()
            else:
                self._connection()

    # --- codecs -----------------------------------------------------------------------------------

    def _decode(self) -> None:
        kind, written = self._random.choice(self._samples)
        self.last = data = self._spoilt(written)
        self.executions += 1
        try:
            value = codec(kind).decode(data)
        except ProtocolError:
            self.outcomes["no value"] += 1
            return
        self.outcomes["value"] += 1
        try:
            codec(kind).encode(value)
        except EncodeError:  # parameters whose type on the wire was not that of their name
            self.outcomes["value that is not written again"] += 1

    # --- connections ------------------------------------------------------------------------------

    def _connection(self) -> None:
        role = self._random.choice((Role.CLIENT, Role.SERVER))
        connection = Connection(role, peer="the peer", max_packet=MAX_PACKET)
        expected: dict[int, Procedure[Any, Any]] = {}
        if role is Role.CLIENT:
            for procedure in (*self._some(self._procedures), *self._some(self._openers)):
                expected[connection.call(procedure, self._any(procedure.args))[0]] = procedure
        given: list[int] = []
        found: list[int] = []
        for _ in range(self._random.randrange(1, TURNS)):
            self.executions += 1
            descriptors = self._descriptors(len(given))
            given += descriptors
            self.last = data = self._piece(expected, role)
            try:
                for event in connection.receive(data, descriptors):
                    self.outcomes["events"] += 1
                    found += _descriptors_of(event)
                    self._answer(connection, event)
            except ProtocolError:
                self.outcomes["protocol error"] += 1
                break
        found += connection.abandon()
        if sorted(found) != given:
            raise AssertionError(f"descriptors {given} were given, and {found} came out")

    def _answer(self, connection: Connection, event: Event) -> None:
        """Let a server open some streams, so that there are such."""
        if isinstance(event, Call) and self._random.random() < 0.5:
            opener = self._random.choice(self._openers)
            connection.reply(event, opener, self._any(opener.ret))

    def _some(self, procedures: Sequence[Procedure[Any, Any]]) -> list[Procedure[Any, Any]]:
        return [self._random.choice(procedures) for _ in range(3)]

    def _descriptors(self, first: int) -> list[int]:
        count = self._random.choice((0, 0, 0, 0, 1, 2, 40))
        return list(range(first, first + count))

    def _piece(self, expected: Mapping[int, Procedure[Any, Any]], role: Role) -> bytes:
        """Some packets, or part of one, spoilt or not."""
        count = self._random.choice((1, 1, 1, 2, 5))
        data = b"".join(encode_packet(self._packet(expected, role)) for _ in range(count))
        data += bytes(self._random.choice((0, 0, 0, 1, 2)))
        return self._spoilt(data) if self._random.random() < 0.5 else data

    def _packet(self, expected: Mapping[int, Procedure[Any, Any]], role: Role) -> Packet:
        serial = self._random.choice((*expected, *range(6)))
        called = expected.get(serial) or self._random.choice(self._procedures)
        status = self._random.choice((PacketStatus.OK, *PacketStatus))
        payload = self._random.choice(self._samples)[1]
        if status is PacketStatus.ERROR:
            payload = codec(Error).encode(self._any(Error))
        kind = self._random.choice(_LIKELY[role])
        program = self._random.choice((int(called.program),) * 6 + (0x6B656570,))
        announced = tuple(range(self._random.choice((0, 1, 2, 33))))
        number = called.number if program == called.program else self._random.randrange(4)
        return Packet(program, 1, number, kind, serial, status, payload, announced)

    # --- bytes ------------------------------------------------------------------------------------

    def _spoilt(self, data: bytes) -> bytes:
        spoilt = bytearray(data)
        for _ in range(self._random.choice((1, 1, 2, 4))):
            self._random.choice(self._mutations)(spoilt)
        return bytes(spoilt)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)

    def _word(self, data: bytearray) -> None:
        if len(data) >= 4:
            at = self._random.randrange(len(data) // 4) * 4
            data[at : at + 4] = self._random.choice(INTERESTING).to_bytes(4, "big")

    def _cut(self, data: bytearray) -> None:
        del data[self._random.randrange(len(data) + 1) :]

    def _remove(self, data: bytearray) -> None:
        at = self._random.randrange(len(data) + 1)
        del data[at : at + self._random.choice((1, 4, 8))]

    def _insert(self, data: bytearray) -> None:
        at = self._random.randrange(len(data) + 1)
        data[at:at] = self._random.randbytes(self._random.choice((1, 4, 28)))

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._samples)[1]
        data[self._random.randrange(len(data) + 1) :] = other

    def _nonsense(self, data: bytearray) -> None:
        data[:] = self._random.randbytes(self._random.randrange(80))

    def _any(self, kind: type[Struct]) -> Any:  # noqa: ANN401 - of any kind
        return self._random.choice(self._made[kind])

    # --- values -----------------------------------------------------------------------------------

    def _struct(self, kind: type[Struct]) -> Any:  # noqa: ANN401 - of any kind
        return kind(*[self._value(form) for _, form in struct_fields(kind)])

    def _value(self, form: Form) -> Any:  # noqa: ANN401 - of any type
        marker = form.marker
        if form.optional and self._random.random() < 0.5:
            return None
        if isinstance(marker, Scalar):
            return self._number(marker)
        if isinstance(marker, (Size, Chars)):
            return self._random.randbytes(marker.length)
        if isinstance(marker, ParamList):
            return self._params()
        if isinstance(marker, Max):
            return self._variable(form, marker.length)
        return self._struct(form.type)

    def _number(self, marker: Scalar) -> float:
        if marker.format == "d":
            return self._random.uniform(-1e9, 1e9)
        low, high = _RANGES[marker.format]
        low = low if marker.low is None else marker.low
        high = high if marker.high is None else marker.high
        return self._random.choice((low, high, self._random.randint(low, high), max(low, 1)))

    def _variable(self, form: Form, limit: int) -> Any:  # noqa: ANN401 - a text, bytes or a list
        if form.type is str:
            return self._random.choice(TEXTS)
        length = self._random.randrange(min(limit, 4) + 1)
        if form.type is bytes:
            return self._random.randbytes(length)
        (inner,) = form.type.__args__
        return [self._value(form_of(inner)) for _ in range(length)]

    def _params(self) -> dict[str, Any]:
        names = [self._random.choice(NAMES) for _ in range(self._random.randrange(4))]
        return {name: _PLAIN[PARAM_TYPES.get(name, 4)] for name in names}


_PLAIN: dict[int, Any] = {1: -1, 2: 1, 3: -2, 4: 1 << 63, 5: 0.5, 6: True, 7: "text"}
"""A value for each type of parameter."""

_RANGES = {
    "i": (-(2**31), 2**31 - 1),
    "I": (0, 2**32 - 1),
    "q": (-(2**63), 2**63 - 1),
    "Q": (0, 2**64 - 1),
}

_SHARED = (PacketType.MESSAGE, PacketType.STREAM, PacketType.STREAM_HOLE)
_LIKELY = {
    Role.CLIENT: (PacketType.REPLY, PacketType.REPLY, PacketType.REPLY_WITH_FDS, *_SHARED),
    Role.SERVER: (PacketType.CALL, PacketType.CALL, PacketType.CALL_WITH_FDS, *_SHARED),
}


def _kinds_of(entries: Sequence[object]) -> list[type[Struct]]:
    found: dict[type[Struct], None] = {Error: None}
    for entry in entries:
        if isinstance(entry, Procedure):
            found |= {entry.args: None, entry.ret: None}
        elif isinstance(entry, EventKind):
            found[entry.msg] = None
    return list(found)


def _descriptors_of(event: Event) -> tuple[int, ...]:
    return event.descriptors if isinstance(event, (Call, Reply)) else ()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args(arguments)
    fuzzer = Fuzzer(wanted.seed)
    begin = time.perf_counter()
    try:
        fuzzer.run(wanted.executions)
    except Exception:
        print(f"seed {wanted.seed}, execution {fuzzer.executions}: {fuzzer.last.hex()}")
        raise
    seconds = time.perf_counter() - begin
    print(f"{fuzzer.executions} executions in {seconds:.1f} s: {fuzzer.executions / seconds:.0f}/s")
    print(", ".join(f"{count} {word}" for word, count in fuzzer.outcomes.most_common()))
    print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
