"""PPM to PNG, and what is no PPM."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import ProtocolError
from aiovirt.host.images import png_of_ppm


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_pixels_survive(width: int, height: int, data: st.DataObject) -> None:
    pixels = data.draw(st.binary(min_size=3 * width * height, max_size=3 * width * height))
    png = png_of_ppm(b"P6\n%d %d\n255\n" % (width, height) + pixels)
    assert struct.unpack(">II", png[16:24]) == (width, height)
    length = struct.unpack(">I", png[33:37])[0]
    rows = zlib.decompress(png[41 : 41 + length])
    stride = 3 * width + 1
    assert b"".join(rows[i + 1 : i + stride] for i in range(0, len(rows), stride)) == pixels


@given(st.binary(max_size=64))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        png_of_ppm(data)


def test_truncated_picture_is_refused() -> None:
    with pytest.raises(ProtocolError, match="shorter than its 2 x 2 pixels"):
        png_of_ppm(b"P6 2 2 255\n" + bytes(11))


def test_absurd_size_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no binary PPM"):
        png_of_ppm(b"P6 " + b"9" * 5000 + b" 2 255\n" + bytes(11))
