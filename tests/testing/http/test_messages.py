"""HTTP's bytes: requests whole, byte by byte and wrong, and responses."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import LimitExceeded, ProtocolError
from aiovirt.testing.http import CONTINUE, Continue, Request, RequestReader, Response

POST = (
    b'POST /sdk?a=1&b=%20x HTTP/1.1\r\nHost: a\r\nCookie: one=1; two="2"\r\n'
    b"Content-Length: 4\r\n\r\nbody"
)
CHUNKED = (
    b"PUT /folder/a%20b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    b"3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nTrailer: 1\r\n\r\n"
)


def one(data: bytes) -> Request:
    (request,) = RequestReader().feed(data)
    assert isinstance(request, Request)
    return request


def byte_by_byte(data: bytes) -> list[Request | Continue]:
    reader = RequestReader()
    return [event for byte in data for event in reader.feed(bytes([byte]))]


def test_a_body_with_a_length() -> None:
    request = one(POST)
    assert (request.method, request.path, request.body) == ("POST", "/sdk", b"body")
    assert request.query == {"a": "1", "b": " x"}
    assert request.cookies == {"one": "1", "two": "2"}
    assert request.keep_alive


def test_a_body_in_chunks() -> None:
    request = one(CHUNKED)
    assert (request.path, request.body) == ("/folder/a b", b"abcd")
    assert not request.keep_alive


@pytest.mark.parametrize("data", [POST, CHUNKED])
def test_bytes_may_come_one_by_one(data: bytes) -> None:
    assert byte_by_byte(data + data) == [one(data), one(data)]


@pytest.mark.parametrize("data", [POST, CHUNKED])
def test_half_a_request_is_none(data: bytes) -> None:
    assert byte_by_byte(data[:-1]) == []


def test_http_1_0_ends_its_connection() -> None:
    assert not one(b"GET / HTTP/1.0\r\n\r\n").keep_alive
    assert one(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive


def test_who_waits_for_leave_to_go_on_gets_it() -> None:
    reader = RequestReader()
    head = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    assert reader.feed(head) == [CONTINUE]
    (request,) = reader.feed(b"x")
    assert isinstance(request, Request)
    assert request.body == b"x"


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/3\r\n\r\n",
        b"GET / HTTP/1.1\r\nno header\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad name: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1a\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        CHUNKED.replace(b"abc", b"abcde"),
    ],
)
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        RequestReader().feed(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n" + b"x" * 70_000,
        b"GET / HTTP/1.1\r\nContent-Length: 11\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n3\r\n",
    ],
)
def test_what_is_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(LimitExceeded):
        RequestReader(max_body=10).feed(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_an_error(data: bytes) -> None:
    with suppress(ProtocolError):
        RequestReader(max_body=100).feed(data)


def test_a_response_with_a_length() -> None:
    data = b"".join(Response(200, b"abc", (("A", "b"),)).encode())
    assert data == b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\nabc"


def test_zeros_behind_a_body_are_sent_in_pieces() -> None:
    pieces = list(Response(200, b"ab", zeros=100_000).encode())
    assert len(pieces) > 2
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    assert head.endswith(b"Content-Length: 100002")
    assert body == b"ab" + bytes(100_000)
    (bare,) = Response(200, zeros=3).encode(head_only=True)
    assert bare.endswith(b"Content-Length: 3\r\n\r\n")


def test_a_response_in_chunks() -> None:
    data = b"".join(Response(200, b"abcd", chunk=3).encode(keep_alive=False))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert data == head + b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"


def test_the_answer_to_head_has_no_body() -> None:
    data = b"".join(Response(200, b"abc").encode(head_only=True))
    assert data == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
