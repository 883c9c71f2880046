"""The fake QEMU behaves as a real one, is strict, and does what its script says."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from aiovirt.clients.qmp import connect_qmp
from aiovirt.errors import QMPCommandError
from aiovirt.streams.unix import UnixStream
from aiovirt.testing.fake_qemu import FakeQemu, run_fake_qemu
from aiovirt.testing.faults import Cut, Garbage, Refuse, Script

pytestmark = pytest.mark.anyio

NEGOTIATE = b'{"execute":"qmp_capabilities"}'


@asynccontextmanager
async def raw() -> AsyncGenerator[tuple[FakeQemu, UnixStream], None]:
    """A fake and a client's end without a client; the greeting is read."""
    async with run_fake_qemu() as fake, UnixStream(fake.connect()) as stream:
        assert b'"QMP"' in await stream.receive()
        yield fake, stream


async def ask(stream: UnixStream, request: bytes) -> bytes:
    await stream.send(request)
    return await stream.receive()


async def test_it_speaks_qemus_bytes() -> None:
    async with raw() as (_, stream):
        assert await ask(stream, NEGOTIATE) == b'{"return":{}}\r\n'
        answer = await ask(stream, b'{"execute":"query-status","id":5}')
        assert answer == b'{"return":{"status":"paused","running":false},"id":5}\r\n'


async def test_before_the_negotiation_it_knows_no_other_command() -> None:
    async with raw() as (_, stream):
        assert b"CommandNotFound" in await ask(stream, b'{"execute":"query-status"}')
        assert await ask(stream, NEGOTIATE) == b'{"return":{}}\r\n'


async def test_a_client_that_breaks_the_protocol_is_thrown_out_and_noted() -> None:
    async with raw() as (fake, stream):
        with pytest.raises(anyio.EndOfStream):
            await ask(stream, b'{"execute":"stop","argument":{}}')
        assert "argument" in str(fake.violations[0])


async def test_it_keeps_its_machines_state_over_connections() -> None:
    async with run_fake_qemu() as fake:
        async with connect_qmp(fake.connect()) as qmp:
            await qmp.execute("cont")
        async with connect_qmp(fake.connect()) as qmp:
            assert await qmp.execute("query-status") == {"status": "running", "running": True}


async def test_events_reach_every_client(tmp_path: Path) -> None:
    path = tmp_path / "monitor"
    async with (
        run_fake_qemu(path) as fake,
        connect_qmp(path) as one,
        connect_qmp(fake.connect()) as two,
        one.events() as of_one,
        two.events() as of_two,
    ):
        await fake.announce("RESET")
        assert (await anext(of_one)).name == (await anext(of_two)).name == "RESET"


async def test_an_unknown_command_is_refused_in_qemus_words() -> None:
    async with run_fake_qemu() as fake, connect_qmp(fake.connect()) as qmp:
        with pytest.raises(QMPCommandError, match="has not been found"):
            await qmp.execute("fly")


async def test_a_handlers_refusal_is_sent() -> None:
    def refuse(_arguments: object) -> object:
        raise QMPCommandError("fly", "DeviceNotFound", "no wings")

    async with run_fake_qemu() as fake, connect_qmp(fake.connect()) as qmp:
        fake.handlers["fly"] = refuse
        with pytest.raises(QMPCommandError, match="no wings"):
            await qmp.execute("fly")


def test_faults_happen_once_each_in_their_order() -> None:
    script = Script()
    script.add("stop", Cut(1))
    script.add("stop", Refuse())
    script.add("cont", Garbage(b"x"))
    taken = [script.take("stop"), script.take("stop"), script.take("stop"), script.take("cont")]
    assert taken == [Cut(1), Refuse(), None, Garbage(b"x")]
