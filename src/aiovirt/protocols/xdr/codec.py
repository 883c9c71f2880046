"""The codec of a struct: compiled when it is first used, and kept."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from aiovirt.protocols.xdr.culprit import culprit
from aiovirt.protocols.xdr.emit import Source
from aiovirt.protocols.xdr.errors import EncodeError
from aiovirt.protocols.xdr.reader import reader_source
from aiovirt.protocols.xdr.types import Struct
from aiovirt.protocols.xdr.writer import writer_source

__all__ = ["Codec", "codec"]

S = TypeVar("S", bound=Struct)


class Codec(Generic[S]):
    """Reads and writes one kind of struct; `codec` makes it."""

    def __init__(self, kind: type[S]) -> None:
        self.kind = kind
        # Each way is compiled when it is first gone: of most structs a peer needs only one.
        self._decode: Callable[[bytes, int, int], tuple[S, int]] = self._first_decode
        self._encode: Callable[[S, bytearray], None] = self._first_encode

    def _first_decode(self, data: bytes, pos: int, size: int) -> tuple[S, int]:
        self._decode = _compiled("decode(data, pos, size)", reader_source(self.kind))
        return self._decode(data, pos, size)

    def _first_encode(self, value: S, out: bytearray) -> None:
        self._encode = _compiled("encode(value, out)", writer_source(self.kind))
        self._encode(value, out)

    def decode(self, data: bytes, pos: int = 0) -> S:
        """The value that begins at `pos`; what follows it is ignored, as libvirt does.

        Raises:
            DecodeError: The bytes are not such a value.
        """
        return self._decode(data, pos, len(data))[0]

    def decode_from(self, data: bytes, pos: int = 0) -> tuple[S, int]:
        """The value that begins at `pos`, and where it ends. Raises as `decode`."""
        return self._decode(data, pos, len(data))

    def encode(self, value: S) -> bytes:
        """The bytes of a value.

        Raises:
            EncodeError: A field does not fit; it is named.
        """
        out = bytearray()
        try:
            self._encode(value, out)
        except (struct.error, TypeError, AttributeError, ValueError, OverflowError) as error:
            raise EncodeError(f"{culprit(value, self.kind)}: {error}") from error
        return bytes(out)


_codecs: dict[type[Struct], Codec[Any]] = {}


def codec(kind: type[S]) -> Codec[S]:
    """The codec of this kind of struct."""
    found = _codecs.get(kind)
    if found is None:
        found = _codecs[kind] = Codec(kind)
    return found


def _compiled(head: str, source: Source) -> Any:  # noqa: ANN401 - what the head says
    text = "\n".join([f"def {head}:", *source.lines])
    # The text is made of the annotations of our own structs, and of nothing else.
    exec(compile(text, f"<xdr {head}>", "exec"), source.names)  # noqa: S102 - see above
    return source.names[head.partition("(")[0]]
