"""The real daemon, a process of its own on a scratch folder, for tests that drive it from outside.

    with daemon_process(tmp_path, limits={"max_clients": 3}) as daemon:
        subprocess.run(["virsh", "-c", daemon.uri, "list"], check=True)

It is waited for by what it tells systemd; nothing polls.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import AF_UNIX, SOCK_DGRAM
from socket import socket as Socket  # noqa: N812  # the daemon has one of that name
from typing import Self

__all__ = ["DaemonProcess", "daemon_process", "start_daemon", "toml"]

READY_S = 20.0
"""Seconds that the daemon may take until it serves, on a machine that is busy."""

STOP_S = 20.0

Value = str | int | float | bool | Path | Sequence[str]


def toml(settings: Mapping[str, Mapping[str, Value]]) -> str:
    """Return the file of these sections; JSON's texts, numbers and lists are TOML's too."""
    lines: list[str] = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {json.dumps(value, default=str)}" for key, value in values.items()]
    return "\n".join(lines)


class DaemonProcess:
    """A daemon under `folder`: its settings, sockets, state and log.

    Attributes:
        folder: Where all that is its own lies.
        config: Its settings file; change it and `reload`.
        log: What it wrote to standard error, of all its lives.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Mapping[str, Value]],
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        descriptors: Sequence[int] = (),
    ) -> None:
        self.folder = folder
        self.config = folder / "aiovirtd.toml"
        self.sockets = folder / "run"
        self.state = folder / "state"
        self.log = folder / "aiovirtd.log"
        self._arguments = tuple(arguments)
        self._environment = dict(environment or {})
        self._prefix = tuple(prefix)
        self._descriptors = tuple(descriptors)
        self._notes: Socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.configure(settings)

    def configure(self, settings: Mapping[str, Mapping[str, Value]]) -> None:
        """Write the settings file; sockets and state stay in the folder unless named."""
        sections = {name: dict(values) for name, values in settings.items()}
        sections.setdefault("sockets", {}).setdefault("folder", self.sockets)
        sections.setdefault("state", {}).setdefault("folder", self.state)
        self.config.write_text(toml(sections), encoding="utf-8")

    @property
    def socket(self) -> Path:
        """The read-write socket."""
        return self.sockets / "aiovirt-sock"

    @property
    def admin_socket(self) -> Path:
        """The socket for virt-admin."""
        return self.sockets / "aiovirt-admin-sock"

    @property
    def uri(self) -> str:
        """Where libvirt's clients find its QEMU host."""
        return f"qemu+unix:///system?socket={self.socket}"

    @property
    def test_uri(self) -> str:
        """Where they find its host in memory."""
        return f"test+unix:///default?socket={self.socket}"

    @property
    def admin_uri(self) -> str:
        """Where virt-admin finds it."""
        return f"libvirtd+unix:///system?socket={self.admin_socket}"

    @property
    def pid(self) -> int:
        """Its process."""
        return self._running().pid

    def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it serves, or with `ready` off not at all."""
        self._notes = self._listen()
        command = [*self._prefix, sys.executable, "-m", "aiovirt.daemon.program"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, f"--config={self.config}", *self._arguments],
                env=os.environ | self._environment | {"NOTIFY_SOCKET": str(self._notify)},
                pass_fds=self._descriptors,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if ready:
            self._wait_until_ready(self._notes)

    @property
    def _notify(self) -> Path:
        return self.folder / "notify"

    def _listen(self) -> Socket:
        """Listen to what it tells systemd."""
        self._notify.unlink(missing_ok=True)
        listener = Socket(AF_UNIX, SOCK_DGRAM)
        # The folder may have a long name; the one of its descriptor is short.
        folder = os.open(self.folder, os.O_PATH)
        try:
            listener.bind(f"/proc/self/fd/{folder}/{self._notify.name}")
        finally:
            os.close(folder)
        return listener

    def _wait_until_ready(self, listener: Socket) -> None:
        process = self._running()
        end = os.pidfd_open(process.pid)
        try:
            while True:
                found, _, _ = select.select([listener.fileno(), end], [], [], READY_S)
                if listener.fileno() in found and b"\nREADY=1" in b"\n" + listener.recv(4096):
                    return
                if not found or end in found:
                    self._end(signal.SIGKILL)
                    raise AssertionError(f"the daemon does not serve:\n{self.text()}")
        finally:
            os.close(end)

    def reload(self) -> None:
        """Tell it to read its settings again, and wait until it has."""
        self._running().send_signal(signal.SIGHUP)
        assert self._notes is not None
        self._wait_until_ready(self._notes)

    def stop(self) -> int:
        """End it as an administrator does; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as the kernel does; its guests go on."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it if it runs, and start it anew on the same state."""
        if self._process is not None:
            self.stop()
        self.start()

    def wait(self, timeout_s: float = STOP_S) -> int:
        """Wait until it has ended by itself; its exit status."""
        status = self._running().wait(timeout_s)
        self._forget()
        return status

    def _forget(self) -> None:
        self._process = None
        if self._notes is not None:
            self._notes.close()
            self._notes = None

    def text(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the daemon was not started"
        return self._process

    def _end(self, number: int) -> int:
        process = self._running()
        process.send_signal(number)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            self._forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self.stop()


def start_daemon(folder: Path, **settings: Mapping[str, Value]) -> DaemonProcess:
    """Start a daemon that serves; whoever starts it stops it, best by ``with``."""
    daemon = DaemonProcess(folder, settings)
    daemon.start()
    return daemon


@contextmanager
def daemon_process(folder: Path, **settings: Mapping[str, Value]) -> Iterator[DaemonProcess]:
    """Run a daemon for the length of the block."""
    with start_daemon(folder, **settings) as daemon:
        yield daemon
