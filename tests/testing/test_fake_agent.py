"""The fake guest agent speaks the bytes of a real one, and is strict."""

from __future__ import annotations

import anyio
import pytest

from aiovirt.errors import GuestAgentError
from aiovirt.streams.unix import UnixStream
from aiovirt.testing.fake_agent import run_fake_agent

pytestmark = pytest.mark.anyio


async def ask(stream: UnixStream, request: bytes) -> bytes:
    await stream.send(request)
    return await stream.receive()


async def test_it_speaks_qemu_gas_bytes() -> None:
    async with run_fake_agent() as (_, sock), UnixStream(sock) as stream:
        request = b'\xff{"execute":"guest-sync-delimited","arguments":{"id":5}}'
        assert await ask(stream, request) == b'\xff{"return":5}\r\n'
        assert await ask(stream, b'{"execute":"guest-ping"}\n') == b'{"return":{}}\r\n'
        assert b"CommandNotFound" in await ask(stream, b'{"execute":"fly"}')


async def test_what_a_former_client_left_comes_first() -> None:
    async with run_fake_agent(b"stale") as (_, sock), UnixStream(sock) as stream:
        assert await stream.receive() == b"stale"


async def test_a_client_that_breaks_the_protocol_is_thrown_out_and_noted() -> None:
    async with run_fake_agent() as (fake, sock), UnixStream(sock) as stream:
        with pytest.raises(anyio.EndOfStream):
            await ask(stream, b"GET / HTTP/1.1\r\n")
        assert "no JSON object" in str(fake.violations[0])


async def test_a_handlers_refusal_is_sent() -> None:
    def refuse(_arguments: object) -> object:
        raise GuestAgentError("guest-ping", "GenericError", "frozen")

    async with run_fake_agent() as (fake, sock), UnixStream(sock) as stream:
        fake.handlers["guest-ping"] = refuse
        assert b"frozen" in await ask(stream, b'{"execute":"guest-ping"}')
