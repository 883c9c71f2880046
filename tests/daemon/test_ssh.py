"""Over ssh: nothing runs on the daemon's host but sshd, netcat or our helper, and the daemon."""

from __future__ import annotations

import getpass
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import counterparts
import pytest
from daemonprocess import DaemonProcess, daemon_process
from sshds import SSHD, sshd

import aiovirt

pytestmark = pytest.mark.real

pytest.importorskip("asyncssh")  # it looks for libraries when it is loaded: not on a loop


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SSHD]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    with daemon_process(tmp_path_factory.mktemp("daemon")) as running:
        yield running


def remote(server: SSHD, daemon: DaemonProcess, **parameters: str) -> str:
    known = {"socket": str(daemon.socket), "keyfile": str(server.key), **parameters}
    words = "&".join(f"{name}={quote(value)}" for name, value in known.items())
    return f"test+ssh://{getpass.getuser()}@127.0.0.1:{server.port}/default?{words}"


@pytest.fixture
def ssh(server: SSHD, tmp_path: Path) -> Path:
    """Return a program that is ssh, but keeps its hands off the user's own files."""
    script = tmp_path / "ssh"
    ours = f"-F none -o UserKnownHostsFile={server.known_hosts}"
    script.write_text(f'#!/bin/sh\nexec ssh {ours} "$@"\n')
    script.chmod(0o755)
    return script


def virsh(uri: str) -> str:
    command = [str(counterparts.program("virsh")), "-c", uri, "list", "--name"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    return shown.stdout + shown.stderr


def test_virsh_comes_by_netcat(server: SSHD, daemon: DaemonProcess, ssh: Path) -> None:
    uri = remote(server, daemon, command=str(ssh), netcat=str(counterparts.program("nc")))
    assert virsh(uri).split() == ["test"]


def test_virsh_comes_by_our_helper(
    server: SSHD, daemon: DaemonProcess, ssh: Path, tmp_path: Path
) -> None:
    helper = tmp_path / "aiovirt-ssh-helper"
    helper.write_text(f'#!/bin/sh\nexec {sys.executable} -m aiovirt.daemon.sshhelper "$@"\n')
    helper.chmod(0o755)
    uri = remote(server, daemon, command=str(ssh), proxy="netcat", netcat=str(helper))
    assert virsh(uri).split() == ["test"]


@pytest.mark.anyio
async def test_our_client_comes_by_ssh_itself(server: SSHD, daemon: DaemonProcess) -> None:
    uri = remote(server, daemon, known_hosts=str(server.known_hosts))
    async with aiovirt.open(uri) as host:
        assert [domain.name for domain in await host.domains.list()] == ["test"]
