"""The QMP client with a real QEMU and a real qemu-storage-daemon."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import monitors
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.clients.qmp import QMPClient, connect_qmp
from aiovirt.errors import CallerError, QMPCommandError
from aiovirt.host.sockets import listen_unix
from aiovirt.protocols.qmp import commands, wire
from aiovirt.protocols.qmp.commands import (
    AddFd,
    Cont,
    QueryFdsets,
    QueryQmpSchema,
    QueryStatus,
    Quit,
    RemoveFd,
    Stop,
)

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@asynccontextmanager
async def monitor(
    qemu: Path, *argv: str, check_schema: bool = True
) -> AsyncGenerator[QMPClient, None]:
    with monitors.machine(qemu, *(argv or ("-machine", "none"))) as sock:
        async with connect_qmp(sock, name="web1", check_schema=check_schema) as qmp:
            yield qmp


async def test_qemu_greets_and_offers_out_of_band(qemu: Path) -> None:
    async with monitor(qemu) as qmp:
        assert qmp.greeting.version.major >= 5
        assert qmp.oob


async def test_a_guest_is_resumed_and_stopped_with_events(qemu: Path) -> None:
    async with monitor(qemu) as qmp, qmp.events("RESUME", "STOP") as events:
        await qmp.call(Cont())
        assert (await qmp.call(QueryStatus())).running
        await qmp.call(Stop())
        assert [(await anext(events)).name, (await anext(events)).name] == ["RESUME", "STOP"]


async def test_quitting_says_so_and_ends_the_connection(qemu: Path) -> None:
    async with monitor(qemu) as qmp, qmp.events() as events:
        await qmp.call(Quit())
        seen = [event async for event in events]
        assert seen[-1].name == "SHUTDOWN"
        assert seen[-1].data["reason"] == "host-qmp-quit"
        assert str(await qmp.wait_closed()) == "closed by the peer"


async def test_qemus_own_words_come_with_the_error(qemu: Path) -> None:
    async with monitor(qemu, check_schema=False) as qmp:
        with pytest.raises(QMPCommandError, match="nonsense") as caught:
            await qmp.execute("nonsense")
        assert caught.value.error_class == "CommandNotFound"


async def test_the_schema_finds_a_wrong_argument_before_it_is_sent(qemu: Path) -> None:
    async with monitor(qemu) as qmp:
        with pytest.raises(CallerError, match=r"balloon\.value: 'much' is no int"):
            await qmp.execute("balloon", value="much")


async def test_the_largest_reply_known_arrives_whole(qemu: Path) -> None:
    async with monitor(qemu, check_schema=False) as qmp:
        assert len(await qmp.call(QueryQmpSchema())) > 500


async def test_out_of_band_overtakes_a_command_that_is_stuck(qemu: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "nbd.sock")
    server = {"type": "unix", "path": path}
    node: dict[str, object] = {"driver": "nbd", "node-name": "n0", "server": server}
    answered: list[str] = []
    async with monitor(qemu, check_schema=False) as qmp, open_task_group() as group:

        async def ask(command: str, arguments: dict[str, object]) -> None:
            with suppress(QMPCommandError):
                await qmp.execute(command, arguments)
            answered.append(command)

        with listen_unix(Path(path)):  # it never says a word
            group.start_soon(ask, "blockdev-add", node)
            await anyio.wait_all_tasks_blocked()
            for _ in range(20):
                group.start_soon(ask, "query-status", {})
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(QMPCommandError, match="migrat"):
                await qmp.execute("migrate-pause", oob=True)
            assert answered == []
    assert sorted(answered) == ["blockdev-add", *["query-status"] * 20]


async def test_descriptors_arrive(qemu: Path, tmp_path: Path) -> None:
    async with monitor(qemu) as qmp:
        file = os.open(tmp_path, os.O_RDONLY)
        info = await qmp.call(AddFd(opaque="a folder"), fds=[file])
        os.close(file)
        (only,) = await qmp.call(QueryFdsets())
        assert (only.fdset_id, only.fds[0].opaque) == (info.fdset_id, "a folder")
        await qmp.call(RemoveFd(info.fdset_id))


async def test_many_descriptors_at_once_each_reach_their_command(
    qemu: Path, tmp_path: Path
) -> None:
    async with monitor(qemu) as qmp, open_task_group() as group:
        theirs = f"/proc/{monitors.newest_child()}/fd"

        async def send(path: Path) -> None:
            file = os.open(path, os.O_RDWR | os.O_CREAT)
            info = await qmp.call(AddFd(), fds=[file])
            os.close(file)
            assert await anyio.Path(f"{theirs}/{info.fd}").readlink() == path

        for number in range(20):
            group.start_soon(send, tmp_path / str(number))


async def test_hundreds_of_calls_at_once_and_some_cancelled(qemu: Path) -> None:
    scopes = [anyio.CancelScope() for _ in range(300)]
    async with monitor(qemu, check_schema=False) as qmp, open_task_group() as group:

        async def ask(scope: anyio.CancelScope) -> None:
            with scope:
                assert (await qmp.call(QueryStatus())).status == "prelaunch"

        for scope in scopes:
            group.start_soon(ask, scope)
        await qmp.call(QueryStatus())
        for scope in scopes[::3]:
            scope.cancel()
    assert any(scope.cancelled_caught for scope in scopes)
    # The group has ended, and the tasks with it; what was cancelled was answered or dropped.


async def test_a_request_that_qemu_cannot_read_harms_nobody_elses(
    qemu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QEMU refuses it without its id; we send none such, unless it is made to, as here."""
    async with monitor(qemu, check_schema=False) as qmp, open_task_group() as group:
        with pytest.raises(CallerError, match=r"U\+FDD0 is no character"):
            await qmp.execute("human-monitor-command", command_line="info \ufdd0")
        monkeypatch.setattr(wire, "_NONCHARACTERS", re.compile("(?!)"))
        group.start_soon(qmp.call, QueryStatus())
        group.start_soon(_expect_refusal, qmp)
        group.start_soon(qmp.call, QueryStatus())


async def _expect_refusal(qmp: QMPClient) -> None:
    with pytest.raises(QMPCommandError, match="UTF-8"):
        await qmp.execute("human-monitor-command", command_line="info \ufdd0")


async def test_the_storage_daemon_is_spoken_to(qemu_storage_daemon: Path) -> None:
    with monitors.storage_daemon(qemu_storage_daemon) as sock:
        async with connect_qmp(sock, check_schema=True) as qmp:
            added = commands.BlockdevAdd("null-co", "n0", {"size": 1 << 20})
            await qmp.call(added)
            (node,) = await qmp.call(commands.QueryNamedBlockNodes())
            assert (node.node_name, node.image.virtual_size) == ("n0", 1 << 20)
            await qmp.call(commands.BlockdevDel("n0"))
