"""Lines through a program of the user's choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.clients.libvirt.transports import open_line
from aiovirt.errors import CannotExecute, ConnectionLost, ExecutableNotFound
from aiovirt.model.uri import URI
from aiovirt.streams.unix import UnixStream

pytestmark = pytest.mark.anyio


def through(program: str | Path) -> URI:
    return URI("qemu", "/system", "ext", parameters={"command": str(program)})


async def test_the_programs_input_and_output_are_the_line() -> None:
    async with open_line(through("cat")) as line:
        stream = UnixStream(line.sock)
        await stream.send(b"there and back")
        assert await stream.receive() == b"there and back"
        assert not line.passes_descriptors
        assert "cat" in line.peer


async def test_a_lost_line_tells_what_the_program_said_last(tmp_path: Path) -> None:
    program = tmp_path / "tunnel"
    program.write_text("#!/bin/sh\necho connecting >&2\necho no route to the host >&2\n")
    program.chmod(0o755)
    with pytest.raises(ConnectionLost) as caught:
        await until_lost(through(program))
    assert "no route to the host" in (caught.value.hint or "")


async def until_lost(uri: URI) -> None:
    """Receive as a client of a protocol does, to which an end is a loss."""
    async with open_line(uri) as line:
        async for _ in UnixStream(line.sock):
            pass
        raise ConnectionLost("the daemon ended the connection", maybe_done=False)


async def test_a_missing_program_is_told() -> None:
    with pytest.raises(ExecutableNotFound):
        async with open_line(through("/nowhere/tunnel")):
            pass


async def test_a_program_that_cannot_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "tunnel").write_text("text")
    with pytest.raises(CannotExecute):
        async with open_line(through(tmp_path / "tunnel")):
            pass
