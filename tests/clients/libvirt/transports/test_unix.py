"""Lines to daemons of this host: found, absent, forbidden, and started."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from aiovirt.clients.libvirt.transports import open_line, read_parameters
from aiovirt.clients.libvirt.transports.sockets import Places
from aiovirt.clients.libvirt.transports.unix import AUTOSTART_VARIABLE, open_unix
from aiovirt.errors import HostError, NotFound, PermissionDenied, ResourceUnavailable, Unresponsive
from aiovirt.model.uri import URI
from aiovirt.streams.line import Line
from aiovirt.streams.unix import UnixListener, UnixStream

pytestmark = pytest.mark.anyio

DAEMON = """\
#!{python}
import os, signal, socket, sys
with open({pidfile!r}, "w") as file:
    file.write(f"{{os.getpid()}} {{' '.join(sys.argv[1:])}} {{os.umask(0):o}}")
os.makedirs({folder!r}, exist_ok=True)
listening = socket.socket(socket.AF_UNIX)
listening.bind({path!r})
listening.listen()
signal.pause()
"""


def named(path: Path) -> URI:
    return URI(driver="qemu", transport="unix", path="/system", parameters={"socket": str(path)})


@asynccontextmanager
async def line(text: str, folder: Path, *, timeout_s: float = 10) -> AsyncGenerator[Line, None]:
    uri = URI.parse(text)
    places = Places(folder / "system", folder / "session", privileged=False)
    opened = open_unix(
        uri, read_parameters(uri), readonly=False, timeout_s=timeout_s, places=places
    )
    async with opened as found:
        yield found


async def test_a_line_reaches_the_daemon_and_may_carry_descriptors(tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "s") as listener, open_line(named(listener.path)) as found:
        async with await listener.accept() as theirs:
            found.sock.send(b"x")
            assert await theirs.receive() == b"x"
        assert (found.passes_descriptors, found.encrypted, found.local) == (True, True, True)
        assert (found.filter, found.early) == (None, b"")
        assert str(listener.path) in found.peer
    assert found.sock.fileno() == -1


async def test_an_absent_daemon_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="libvirtd or virtqemud is not running") as caught:
        async with line("qemu:///system", tmp_path):
            pass
    units = "aiovirtd.socket or libvirtd.socket or virtqemud.socket"
    assert f"systemctl start {units}" in (caught.value.hint or "")


async def test_a_daemon_that_left_its_socket_is_absent_too(tmp_path: Path) -> None:
    (tmp_path / "system").mkdir()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "system/libvirt-sock"))
    left.close()
    with pytest.raises(ResourceUnavailable, match="nobody listens at the socket") as caught:
        async with line("qemu:///system", tmp_path):
            pass
    assert "systemctl start" in (caught.value.hint or "")


async def test_a_named_socket_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="which the connection URI names"):
        async with open_line(named(tmp_path / "none")):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_a_forbidden_socket_advises_the_group(tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "s") as listener:
        listener.path.chmod(0)
        os.seteuid(65534)
        try:
            with pytest.raises(PermissionDenied, match="may not be used by this user") as caught:
                async with open_line(named(listener.path)):
                    pass
        finally:
            os.seteuid(0)
    assert "group libvirt" in (caught.value.hint or "")
    assert "qemu:///session" in (caught.value.hint or "")


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file into which a daemon of the user writes its pid once it is started."""
    pidfile, program = tmp_path / "pid", tmp_path / "virtqemud"
    folder = str(tmp_path / "session")
    program.write_text(
        DAEMON.format(
            python=sys.executable,
            pidfile=str(pidfile),
            folder=folder,
            path=f"{folder}/virtqemud-sock",
        )
    )
    program.chmod(0o755)
    monkeypatch.setenv("VIRTQEMUD_PATH", str(program))
    monkeypatch.delenv(AUTOSTART_VARIABLE, raising=False)
    return pidfile


async def test_the_users_daemon_is_started_and_goes_on(daemon: Path, tmp_path: Path) -> None:
    async with line("qemu:///session", tmp_path) as found:
        assert found.peer.endswith("libvirt-sock") or found.peer.endswith("virtqemud-sock")
    pid, *words = daemon.read_text().split()
    assert words == ["--timeout", "120", "77"]
    async with line("qemu:///session", tmp_path):
        assert daemon.read_text().split()[0] == pid
    os.kill(int(pid), signal.SIGKILL)


async def test_no_daemon_is_started_where_the_user_forbids_it(
    daemon: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AUTOSTART_VARIABLE, "0")
    with pytest.raises(NotFound, match="is not running") as caught:
        async with line("qemu:///session", tmp_path):
            pass
    assert AUTOSTART_VARIABLE in (caught.value.hint or "")
    assert not daemon.exists()


async def test_a_daemon_that_ends_at_once_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTQEMUD_PATH", "/bin/false")
    with pytest.raises(HostError, match="/bin/false was started and ended again"):
        async with line("qemu:///session", tmp_path):
            pass


async def test_a_daemon_without_a_socket_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, pidfile = tmp_path / "sleeper", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pidfile}\nexec sleep 1000\n")
    program.chmod(0o755)
    monkeypatch.setenv("VIRTQEMUD_PATH", str(program))
    with pytest.raises(Unresponsive, match=r"has no socket .* after 0.5 s"):
        async with line("qemu:///session", tmp_path, timeout_s=0.5):
            pass
    os.kill(int(pidfile.read_text()), signal.SIGKILL)


async def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "s") as listener:
        with anyio.CancelScope() as scope:
            async with open_line(named(listener.path)):
                scope.cancel()
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        stream: UnixStream = await listener.accept()
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()
        await stream.aclose()
