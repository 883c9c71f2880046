"""Pictures: from the format every QEMU writes to the one every program reads."""

from __future__ import annotations

import re
import struct
import zlib

from aiovirt.errors import ProtocolError

__all__ = ["png_of_ppm"]

_HEADER = re.compile(rb"P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s")
_RGB = 2  # PNG colour type; source: PNG specification, section 11.2.2


def png_of_ppm(data: bytes) -> bytes:
    """A PNG file of a binary PPM file with 8 bits a sample.

    Raises:
        ProtocolError: It is none, or shorter than its header says.
    """
    header = _HEADER.match(data)
    if header is None:
        raise ProtocolError("the picture is no binary PPM file with 8 bits a sample")
    width, height = int(header[1]), int(header[2])
    pixels = memoryview(data)[header.end() :]
    row = 3 * width
    if width < 1 or height < 1 or len(pixels) < row * height:
        raise ProtocolError(f"the picture is shorter than its {width} x {height} pixels")
    # Each row begins with its filter type: 0, none.
    rows = b"".join(b"\0" + pixels[start : start + row] for start in range(0, row * height, row))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _RGB, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(rows, level=6)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
