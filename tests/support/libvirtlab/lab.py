"""A real libvirtd in namespaces of its own, reachable from the tests, gone with them.

It has its own mounts, processes, network and control groups: the host's libvirtd, its networks and
its files are not touched, any number of labs stand side by side, and when the first process in
there ends, the kernel ends all the rest.  Its unix sockets are files of the lab's folder; its TCP
ports listen on the host's loopback.
"""

from __future__ import annotations

import getpass
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from libvirtlab import cgroups, files, pki

__all__ = ["Lab", "LabError", "Transport", "run_lab"]

INIT = Path(__file__).with_name("init.py")
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C", "HOME": "/root"}
"""The environment of the daemons: libvirtd hands its own on to QEMU."""

UNIX_SOCKETS = {
    "libvirtd.socket": "/run/libvirt/libvirt-sock",
    "libvirtd-ro.socket": "/run/libvirt/libvirt-sock-ro",
    "libvirtd-admin.socket": "/run/libvirt/libvirt-admin-sock",
}
"""What libvirtd takes its unix sockets for, to where they are within the lab."""

NETWORK = (
    "link set lo up",
    "link add lab0 type bridge",
    "link add lab1 type veth peer name lab2",
    "link set lab1 master lab0",
)
"""What `ip` does in the lab's network before anything else; there is something to be listed."""

START_S = 30
"""Bound of everything that the lab waits for."""

Transport = Literal["unix", "tcp", "tls", "ssh"]


class LabError(Exception):
    """The lab did not start, or did not do as told; says what its log says."""


def free_port() -> int:
    """Return a port of the loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(child) for child in found.split()]
    return []


def _state(pid: int) -> str:
    """Return the letter of a process's state: proc_pid_stat(5)."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return stat.rpartition(")")[2].split()[0]


def _inner_pid(pid: int) -> int:
    """Return the pid that a process has in its innermost namespace: proc_pid_status(5)."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return 0


def _until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that tells nobody when it happens."""
    end = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {START_S} s")
        time.sleep(0.005)


@dataclass
class Lab:
    """A running lab; `run_lab` makes one."""

    folder: Path
    ports: files.Ports
    hostname: str
    sasl: bool = False
    pid: int = field(default=0, init=False)
    """The pid of libvirtd, as seen from outside."""
    _process: subprocess.Popen[str] = field(init=False, repr=False)

    # ----------------------------------------------------------------- where it is

    @property
    def socket(self) -> Path:
        """The unix socket for everything."""
        return self.folder / "run/libvirt/libvirt-sock"

    @property
    def socket_ro(self) -> Path:
        """The unix socket for reading."""
        return self.folder / "run/libvirt/libvirt-sock-ro"

    @property
    def admin_socket(self) -> Path:
        """The unix socket of the admin API."""
        return self.folder / "run/libvirt/libvirt-admin-sock"

    @property
    def tcp_port(self) -> int:
        """The port without encryption."""
        return self.ports.tcp

    @property
    def tls_port(self) -> int:
        """The port with TLS."""
        return self.ports.tls

    @property
    def ssh_port(self) -> int:
        """The port of the lab's sshd, in whose sessions libvirtd's usual paths are the lab's."""
        return self.ports.ssh

    @property
    def pki(self) -> Path:
        """The client's certificates; beside it stand `expired` and `stranger`."""
        return self.folder / "pki/client"

    @property
    def ssh_key(self) -> Path:
        """The private key that sshd knows; beside it stands `stranger`."""
        return self.folder / "ssh/user"

    @property
    def known_hosts(self) -> Path:
        """The file that knows sshd's key."""
        return self.folder / "ssh/known_hosts"

    @property
    def ssh_command(self) -> Path:
        """An ssh that knows the host's key, and nothing of the user who runs the tests."""
        return self.folder / "ssh/command"

    @property
    def auth_file(self) -> Path:
        """The client's auth.conf with the user of a lab that asks for SASL."""
        return self.folder / "sasl/auth.conf"

    @property
    def user(self) -> str:
        """The user that sshd lets in."""
        return getpass.getuser()

    def uri(
        self, transport: Transport = "unix", driver_path: str = "qemu:///system", **params: str
    ) -> str:
        """Return the URI that opens a driver of the lab.

        Args:
            transport: How to get there.
            driver_path: The URI as it is on the host itself.
            **params: Further parameters, or other values for those that the lab gives.
        """
        driver, _, path = driver_path.partition(":///")
        host = {
            "unix": "",
            "tcp": f"localhost:{self.tcp_port}",
            "tls": f"localhost:{self.tls_port}",
            "ssh": f"{self.user}@localhost:{self.ssh_port}",
        }[transport]
        given = {
            "unix": {"socket": str(self.socket)},
            "tcp": {},
            "tls": {"pkipath": str(self.pki)},
            "ssh": {
                "keyfile": str(self.ssh_key),
                "known_hosts": str(self.known_hosts),
                "no_tty": "1",
            },
        }[transport]
        query = urllib.parse.urlencode(given | params, quote_via=urllib.parse.quote, safe="/")
        return f"{driver}+{transport}://{host}/{path}" + (f"?{query}" if query else "")

    @property
    def admin_uri(self) -> str:
        """The URI of the admin API."""
        return f"libvirtd:///system?socket={self.admin_socket}"

    # ----------------------------------------------------------------- what it does

    def kill(self) -> None:
        """Kill libvirtd at once; its guests go on."""
        self._end_daemon(signal.SIGKILL)

    def stop_daemon(self) -> None:
        """Let libvirtd end; its guests go on."""
        self._end_daemon(signal.SIGTERM)

    def restart(self) -> None:
        """Kill libvirtd, when it runs, and start it anew; returns when it serves."""
        self.kill()
        self.start_daemon()

    def freeze(self) -> None:
        """Stop libvirtd in its tracks."""
        os.kill(self.pid, signal.SIGSTOP)
        _until(lambda: _state(self.pid) == "T", "stopping libvirtd")

    def thaw(self) -> None:
        """Let libvirtd go on, when it runs."""
        if self.alive:
            os.kill(self.pid, signal.SIGCONT)

    @property
    def alive(self) -> bool:
        """Whether libvirtd runs; a frozen one does."""
        return self.pid != 0 and _inner_pid(self.pid) != 0

    def log_tail(self, lines: int = 30) -> str:
        """Return the end of what libvirtd logged."""
        found = []
        for name in ("libvirtd.out", "var/log/libvirt/libvirtd.log"):
            with suppress(FileNotFoundError):
                found += (self.folder / name).read_text(encoding="utf-8").splitlines()
        return "\n".join(found[-lines:])

    def inside(self, *argv: str) -> str:
        """Run a program within the lab: `lab.inside("ip", "link")`; return what it printed."""
        done = subprocess.run(
            [*self.enter, *argv],
            env=CLEAN,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_S,
        )
        if done.returncode:
            raise LabError(f"{' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    def guest_pid(self, name: str) -> int:
        """Return the pid of the QEMU that runs a guest, as seen from outside."""
        mark = f"\0guest={name},".encode()
        for pid in self.processes():
            with suppress(OSError):
                if mark in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        raise LabError(f"no QEMU runs the guest {name}")

    def processes(self) -> list[int]:
        """Return the pids of everything that the lab runs, as seen from outside."""
        found, look_at = [], [self._init_pid]
        while look_at:
            below = _children(look_at.pop())
            found += below
            look_at += below
        return found

    # ----------------------------------------------------------------- how it does it

    @property
    def enter(self) -> tuple[str, ...]:
        """What stands before a command line to have it run within the lab, as a child."""
        spaces = ("--mount", "--net", "--pid", "--uts", "--cgroup")
        return ("nsenter", "-t", str(self._init_pid), *spaces)

    @property
    def _init_pid(self) -> int:
        return _children(self._process.pid)[0]

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give one order to the first process and read its answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            said = (self.folder / "init.log").read_text(encoding="utf-8")
            raise LabError(f"the first process of the lab ended: {said}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self, name: str, *argv: str, **order: Any) -> int:  # noqa: ANN401  JSON
        environment = CLEAN | order.pop("environment", {})
        inner = self._ask(
            {
                "argv": argv,
                "environment": environment,
                "output": str(self.folder / f"{name}.out"),
                **order,
            }
        )["pid"]
        return next((pid for pid in self.processes() if _inner_pid(pid) == inner), 0)

    def start_daemon(self) -> None:
        """Start libvirtd; returns when it serves.

        Raises:
            LabError: It ended, or did not get ready.
        """
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as told:
            told.bind(str(notify))
            self.pid = self._start(
                "libvirtd",
                "/usr/sbin/libvirtd",
                listen=UNIX_SOCKETS
                | {"libvirtd-tcp.socket": self.tcp_port, "libvirtd-tls.socket": self.tls_port},
                environment={
                    "NOTIFY_SOCKET": str(notify),
                    "SASL_CONF_PATH": str(self.folder / "sasl"),
                },
            )
            if not self.alive:
                raise LabError(f"libvirtd did not start: {self.log_tail()}")
            with _pidfd(self.pid) as ended:
                ready, _, _ = select.select([told.fileno(), ended], [], [], START_S)
            if told.fileno() not in ready:
                raise LabError(f"libvirtd did not get ready: {self.log_tail()}")

    def _end_daemon(self, number: signal.Signals) -> None:
        if not self.alive:
            return
        with _pidfd(self.pid) as ended:
            os.kill(self.pid, number)
            if number is not signal.SIGKILL:
                self.thaw()
            if not select.select([ended], [], [], START_S)[0]:
                raise LabError(f"libvirtd did not end: {self.log_tail()}")
        pid, self.pid = self.pid, 0
        _until(lambda: not _inner_pid(pid), "reaping libvirtd")

    def _start_sshd(self) -> None:
        self._start(
            *("sshd", "/usr/sbin/sshd", "-D", "-e", "-f", str(self.folder / "sshd_config")),
            host_network=True,
        )


@contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    """Give a descriptor that gets readable when a process ends."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _first_process(lab: Lab, branches: list[cgroups.Branch]) -> Iterator[subprocess.Popen[str]]:
    """Run pid 1 of the lab's namespaces; end it, and so all that the lab runs."""
    network = os.open("/proc/self/ns/net", os.O_RDONLY)
    join = "".join(f"echo $$ > '{branch.folder}/cgroup.procs'; " for branch in branches)
    unshare = (
        *("unshare", "--mount", "--net", "--pid", "--uts", "--cgroup", "--fork", "--kill-child"),
        *(sys.executable, "-I", "-S", str(INIT)),
    )
    log = (lab.folder / "init.log").open("w", encoding="utf-8")
    with log:
        process = subprocess.Popen(
            ["/bin/sh", "-ec", f'{join}exec "$@"', "sh", *unshare],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=CLEAN | {"LAB_HOST_NETWORK": str(network)},
            pass_fds=[network],
            start_new_session=True,  # Ctrl-C is for the tests; the lab ends after them
        )
    os.close(network)
    try:
        yield process
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        process.wait()


def _plan(lab: Lab, branches: list[cgroups.Branch]) -> dict[str, Any]:
    return {
        "hostname": lab.hostname,
        "network": NETWORK,
        "binds": [[str(lab.folder / name), path] for name, path in files.BINDS.items()],
        "cgroups": [[branch.kind, branch.options, branch.mount_point] for branch in branches],
    }


@contextmanager
def run_lab(folder: Path, *, sasl: bool = False) -> Iterator[Lab]:
    """Run a lab in a new folder; at the end of the block nothing of it is left but its files.

    Args:
        folder: Does not exist yet. Its path must be short: it holds unix sockets (at most 107
            bytes), and libvirt nests deep.
        sasl: Whether the unix socket, the TCP port and the TLS port ask for SASL; the unix socket
            for reading does not. `libvirtlab.sasl` has the user and the password.

    Raises:
        LabError: It does not start.
        OSError: A program is missing; we may not make namespaces.
    """
    ports = files.Ports(tcp=free_port(), tls=free_port(), ssh=free_port())
    lab = Lab(folder, ports, f"lab-{ports.tcp}", sasl)
    folder.mkdir(parents=True)
    pki.make_pki(folder / "pki")
    pki.make_ssh(folder / "ssh")
    files.write_all(folder, ports, hostname=lab.hostname, sasl=sasl)
    branches = cgroups.branches()
    with ExitStack() as stack:
        stack.callback(cgroups.remove, branches)
        lab._process = stack.enter_context(_first_process(lab, branches))
        lab._ask(_plan(lab, branches))
        cgroups.leave(branches, lab._process.pid)
        lab._start_sshd()
        lab.start_daemon()
        _until((folder / "run/sshd.pid").exists, "sshd")
        yield lab
