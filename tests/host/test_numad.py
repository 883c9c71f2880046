"""Advice of numad, which is a script here."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from aiovirt.errors import HostError, ProcessFailed, ResourceUnavailable, Unresponsive
from aiovirt.host.numad import advised_nodes, cpus_of_nodes

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def numad(folder: Path, does: str) -> None:
    program = folder / "numad"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)


async def test_the_advice_is_about_what_the_guest_needs(folder: Path) -> None:
    numad(folder, '[ "$*" = "-w 4:2048" ] && echo 0-1,3')
    assert await advised_nodes(4, 2048) == {0, 1, 3}


@pytest.mark.usefixtures("folder")
async def test_it_is_named_where_it_is_not_installed() -> None:
    with pytest.raises(ResourceUnavailable, match="numad, which is not installed"):
        await advised_nodes(1, 64)


async def test_what_is_no_advice_is_told(folder: Path) -> None:
    numad(folder, "echo no room")
    with pytest.raises(HostError, match="no room"):
        await advised_nodes(1, 64)
    numad(folder, "echo broken >&2; exit 3")
    with pytest.raises(ProcessFailed, match="broken"):
        await advised_nodes(1, 64)


async def test_it_has_not_forever(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numad(folder, "while :; do :; done")
    monkeypatch.setattr("aiovirt.host.numad.NUMAD_TIMEOUT_S", 0.05)
    with pytest.raises(Unresponsive, match="no advice within"):
        await advised_nodes(1, 64)


async def test_nobody_who_gives_up_leaves_it_running(folder: Path) -> None:
    told, pid = folder / "told", 0
    os.mkfifo(told)
    numad(folder, f"echo $$ > {told}; read nothing < {told}")  # nobody writes: it waits
    with os.fdopen(os.open(told, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        async with anyio.create_task_group() as group:
            group.start_soon(advised_nodes, 1, 64)
            await anyio.wait_readable(pipe)
            pid = int(pipe.read())
            os.kill(pid, 0)  # it runs
            group.cancel_scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nodes_have_processors(tmp_path: Path) -> None:
    for node, text in ((0, "0-1\n"), (1, "\n"), (2, "4,6\n")):
        folder = tmp_path / f"sys/devices/system/node/node{node}"
        folder.mkdir(parents=True)
        (folder / "cpulist").write_text(text)
    assert cpus_of_nodes([0, 1, 2], tmp_path) == {0, 1, 4, 6}
    with pytest.raises(HostError, match="node 7"):
        cpus_of_nodes([7], tmp_path)
