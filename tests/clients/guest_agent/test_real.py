"""The guest agent's client with the real qemu-ga, which also runs outside of a guest."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.lowlevel
import monitors
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.clients.guest_agent import GuestAgentClient, connect_guest_agent
from aiovirt.errors import GuestAgentError

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@asynccontextmanager
async def agent(program: Path, folder: Path) -> AsyncGenerator[GuestAgentClient, None]:
    with monitors.guest_agent(program, folder) as path:
        async with connect_guest_agent(await monitors.listening(path)) as client:
            yield client


async def test_the_real_agent_is_spoken_to(qemu_ga: Path, tmp_path: Path) -> None:
    async with agent(qemu_ga, tmp_path) as client:
        assert await client.execute("guest-ping") == {}
        assert await client.execute("guest-sync", id=123) == 123


async def test_its_errors_are_its_own_words(qemu_ga: Path, tmp_path: Path) -> None:
    async with agent(qemu_ga, tmp_path) as client:
        with pytest.raises(GuestAgentError, match="guest-nonsense") as caught:
            await client.execute("guest-nonsense")
        assert caught.value.error_class == "CommandNotFound"


async def test_a_megabyte_of_a_file_is_read(qemu_ga: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1_000_000)
    async with agent(qemu_ga, tmp_path) as client:
        handle = await client.execute("guest-file-open", path=str(tmp_path / "file"), mode="r")
        read = await client.execute("guest-file-read", handle=handle, count=2_000_000)
        assert isinstance(read, dict)
        assert base64.b64decode(read["buf-b64"]) == b"x" * 1_000_000
        await client.execute("guest-file-close", handle=handle)


async def test_calls_cancelled_at_any_moment_leave_the_line_good(
    qemu_ga: Path, tmp_path: Path
) -> None:
    async with agent(qemu_ga, tmp_path) as client:
        for moment in range(8):
            async with open_task_group() as group:
                group.start_soon(client.execute, "guest-info")
                for _ in range(moment):
                    await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
            assert await client.execute("guest-sync", id=moment) == moment
