"""The daemon process as an administrator has it: starting, reloading, ending, virt-admin."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import counterparts
import pytest
from anyio import to_thread
from daemonprocess import DaemonProcess, daemon_process

import aiovirt.admin

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    with daemon_process(tmp_path_factory.mktemp("daemon")) as running:
        yield running


def program(name: str, uri: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(counterparts.program(name)), "-c", uri, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def virsh(daemon: DaemonProcess, *words: str) -> str:
    found = program("virsh", daemon.test_uri, *words)
    assert not found.returncode, found.stderr
    return found.stdout


def virt_admin(daemon: DaemonProcess, *words: str) -> str:
    found = program("virt-admin", daemon.admin_uri, *words)
    return found.stdout + found.stderr


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("srv-list", r" 0 +aiovirtd\n 1 +admin\n"),
        ("srv-threadpool-info aiovirtd", r"minWorkers +: 5\nmaxWorkers +: 20\n"),
        ("srv-threadpool-set aiovirtd --min-workers 30", "maxWorkers is 1 at least"),
        ("srv-clients-list admin", r" unix +20"),
        ("srv-clients-info aiovirtd", r"nclients_max +: 5000\nnclients +: 0\n"),
        ("srv-clients-info nobody", "there is no server 'nobody'"),
        ("client-info aiovirtd 4711", "has no client 4711"),
        ("client-disconnect aiovirtd 4711", "has no client 4711"),
        ("daemon-log-outputs", "Logging outputs: 1:stderr"),
        ("daemon-log-outputs --outputs 1:nowhere", "'1:nowhere' is no log output"),
        ("daemon-log-filters --filters 9:x", "'9' is no level"),
        ("srv-update-tls aiovirtd", "does not listen for TLS"),
    ],
)
def test_virt_admin_is_answered(daemon: DaemonProcess, command: str, answer: str) -> None:
    assert re.search(answer, virt_admin(daemon, *command.split()))


def test_virt_admin_changes_what_is_logged(daemon: DaemonProcess) -> None:
    virt_admin(daemon, "daemon-log-filters", "--filters", "1:qemu 3:service")
    assert "Logging filters: 1:qemu 3:service\n" in virt_admin(daemon, "daemon-log-filters")


def test_virt_admin_changes_how_many_clients_are_taken(daemon: DaemonProcess) -> None:
    virt_admin(daemon, "srv-clients-set", "aiovirtd", "--max-clients", "90")
    assert re.search(r"nclients_max +: 90\n", virt_admin(daemon, "srv-clients-info", "aiovirtd"))


def test_virt_admin_knows_a_client_and_sends_it_away(daemon: DaemonProcess) -> None:
    command = [str(counterparts.program("virsh")), "-q", "-c", daemon.test_uri]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write("hostname\n")
        shell.stdin.flush()
        shell.stdout.readline()
        listed = virt_admin(daemon, "srv-clients-list", "aiovirtd")
        (number,) = re.findall(r"^ (\d+) +unix", listed, re.MULTILINE)
        told = virt_admin(daemon, "client-info", "aiovirtd", number)
        assert re.search(rf"unix_process_id: {shell.pid}\n", told)
        assert re.search(r"readonly +: no\n", told)
        virt_admin(daemon, "client-disconnect", "aiovirtd", number)
        shell.communicate("hostname\nquit\n", timeout=30)
    assert re.search(r"nclients +: 0\n", virt_admin(daemon, "srv-clients-info", "aiovirtd"))


def test_a_killed_daemon_is_followed_by_another(tmp_path: Path) -> None:
    with daemon_process(tmp_path) as daemon:
        daemon.kill()
        daemon.start()
        assert "test" in virsh(daemon, "list", "--name")


def test_a_second_daemon_on_the_same_state_is_refused(daemon: DaemonProcess) -> None:
    with DaemonProcess(daemon.folder / "second", {"state": {"folder": daemon.state}}) as second:
        second.start(ready=False)
        assert second.wait() == 1
        assert f"another aiovirtd (pid {daemon.pid}) has the state open" in second.text()


def test_an_ended_daemon_leaves_no_socket(tmp_path: Path) -> None:
    with daemon_process(tmp_path) as daemon:
        assert daemon.stop() == 0
    assert [path.name for path in daemon.sockets.iterdir()] == ["aiovirt-sock.lock"]
    assert "the daemon has ended; guests go on" in daemon.text()


def test_wrong_settings_are_told_and_nothing_starts(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path, {"limits": {"max_client": 3}}) as daemon:
        daemon.start(ready=False)
        assert daemon.wait() == 1
    assert "there is no key 'max_client' in [limits]\n  did you mean" in daemon.text()


def test_settings_are_read_again(tmp_path: Path) -> None:
    with daemon_process(tmp_path) as daemon:
        daemon.configure({"limits": {"max_clients": 77}})
        daemon.reload()
        assert "77" in virt_admin(daemon, "srv-clients-info", "aiovirtd")
        daemon.configure({"limits": {"max_clients": 0}})
        daemon.reload()
        assert "77" in virt_admin(daemon, "srv-clients-info", "aiovirtd")
    assert "the settings stay as they were" in daemon.text()


def test_an_idle_daemon_ends(tmp_path: Path) -> None:
    with daemon_process(tmp_path, limits={"idle_timeout_s": 0.1}) as daemon:
        assert daemon.wait() == 0


def test_it_goes_to_the_background_once_it_serves(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path, {})
    command = [sys.executable, "-m", "aiovirt.daemon.program", "-d", f"--config={daemon.config}"]
    started = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not started.returncode, started.stderr
    process = os.pidfd_open(int((daemon.state / "aiovirtd.lock").read_text()))
    try:
        assert "test" in virsh(daemon, "list", "--name")
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 1
        assert "has the state open" in second.stderr
    finally:
        signal.pidfd_send_signal(process, signal.SIGTERM)
        select.select([process], [], [], 30)
        os.close(process)
    assert "the daemon has ended" in (daemon.state / "aiovirtd.log").read_text()


def test_it_runs_on_trio(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path, {}, arguments=["--loop", "trio"]) as daemon:
        daemon.start()
        assert "test" in virsh(daemon, "list", "--name")


def test_it_takes_the_sockets_of_systemd(tmp_path: Path) -> None:
    place = tmp_path / "handed-sock"
    with socket.socket(socket.AF_UNIX) as handed:
        handed.bind(str(place))
        handed.listen()
        script = f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{handed.fileno()}'
        with DaemonProcess(
            tmp_path,
            {},
            prefix=["bash", "-c", script, "bash"],
            descriptors=[handed.fileno()],
        ) as daemon:
            daemon.start()
            found = program("virsh", f"test+unix:///default?socket={place}", "list", "--name")
            assert "test" in found.stdout
            assert not daemon.socket.exists()
    assert place.exists()


@pytest.mark.anyio
async def test_our_own_client_ends_it(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path, {}) as daemon:
        await to_thread.run_sync(daemon.start)
        async with aiovirt.admin.open(daemon.admin_uri) as admin:
            await admin.shut_down()
        assert await to_thread.run_sync(daemon.wait) == 0
