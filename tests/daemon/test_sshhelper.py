"""The helper that joins a remote client's standard streams to the daemon's socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import counterparts
import pytest
from daemonprocess import DaemonProcess, daemon_process

from aiovirt.daemon.sshhelper import join, main

HELPER = [sys.executable, "-m", "aiovirt.daemon.sshhelper"]


class Joined:
    """A helper at work in a thread: the client's ends of its streams, and the daemon."""

    def __init__(self) -> None:
        helper, self.daemon = socket.socketpair()
        source, self.up = os.pipe()
        self.down, target = os.pipe()
        self._theirs = (source, target)
        self._thread = threading.Thread(target=self._run, args=(helper, source, target))
        self._thread.start()

    def _run(self, helper: socket.socket, source: int, target: int) -> None:
        with helper:
            join(helper, source, target)
        for descriptor in (source, target):
            os.close(descriptor)

    def end(self) -> None:
        self.daemon.close()
        self._thread.join()
        os.close(self.down)


@pytest.fixture
def joined() -> Iterator[Joined]:
    found = Joined()
    yield found
    found.end()


def test_both_directions_are_carried(joined: Joined) -> None:
    os.write(joined.up, b"ask")
    assert joined.daemon.recv(10) == b"ask"
    joined.daemon.send(b"answer")
    assert os.read(joined.down, 10) == b"answer"
    os.close(joined.up)


def test_the_clients_end_is_told_and_the_daemon_may_go_on(joined: Joined) -> None:
    os.close(joined.up)
    assert joined.daemon.recv(10) == b""
    joined.daemon.send(b"last")
    assert os.read(joined.down, 10) == b"last"


def test_the_daemons_end_is_the_end(joined: Joined) -> None:
    joined.daemon.close()
    assert os.read(joined.down, 10) == b""
    os.close(joined.up)


def test_much_is_carried_whole(joined: Joined) -> None:
    sent = os.urandom(1 << 20)
    sender = threading.Thread(target=joined.daemon.sendall, args=(sent,))
    sender.start()
    got = b""
    while len(got) < len(sent):
        got += os.read(joined.down, 1 << 16)
    sender.join()
    assert got == sent
    os.close(joined.up)


def test_a_client_that_is_gone_is_the_end() -> None:
    helper, daemon = socket.socketpair()
    down, target = os.pipe()
    source, up = os.pipe()
    with helper, daemon:
        os.close(down)
        daemon.send(b"nobody reads this")
        join(helper, source, target)
    for descriptor in (target, source, up):
        os.close(descriptor)


def test_an_absent_daemon_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-U", str(tmp_path / "none")]) == 1
    assert "aiovirt-ssh-helper: there is no socket" in capsys.readouterr().err


def test_a_wrong_uri_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qemu+unix://host/system"]) == 1
    assert "a Unix socket is on this one" in capsys.readouterr().err


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    with daemon_process(tmp_path_factory.mktemp("daemon")) as running:
        yield running


@pytest.mark.real
def test_virsh_goes_through_it(served: DaemonProcess, tmp_path: Path) -> None:
    script = tmp_path / "through"
    words = " ".join([*HELPER, "-U", str(served.socket)])
    script.write_text(f"#!/bin/sh\nexec {words}\n")
    script.chmod(0o755)
    uri = f"test+ext:///default?command={script}"
    command = [str(counterparts.program("virsh")), "-c", uri, "list", "--name"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "test" in shown.stdout, shown.stderr
