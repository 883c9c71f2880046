"""The first process of a lab's namespaces: starts its daemons, reaps its orphans, ends it.

It runs as pid 1 of a process namespace of its own, so that whatever libvirtd starts (QEMU,
dnsmasq, containers) becomes its child when its parent ends, is reaped at once, and is killed by
the kernel when this process ends.  It ends when its standard input does: a test run that is
killed leaves nothing behind.

It must not know libvirt: what to mount and what to run comes as one JSON line, then one JSON line
for each daemon to start.  It answers one JSON line each: the pid *within* the namespace.  Only the
standard library, and only what a bare `python -I -S` brings.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["main"]

CLONE_NEWNET = 0x40000000
FIRST_PASSED = 3
"""The number of the first descriptor that systemd passes on: sd_listen_fds(3)."""

HOST_NETWORK = int(os.environ.get("LAB_HOST_NETWORK", "-1"))
LIBC = ctypes.CDLL(None, use_errno=True)


def enter_network(descriptor: int) -> None:
    """Make the sockets of this process belong to that network namespace from here on."""
    if LIBC.setns(descriptor, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def listen_at_port(port: int) -> socket.socket:
    """Listen at the host's loopback, though the daemon lives in the lab's network.

    A socket belongs to the network namespace that it was made in.
    """
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    enter_network(HOST_NETWORK)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    enter_network(own)
    os.close(own)
    return listening


def listen_at_path(path: str) -> socket.socket:
    """Listen at a unix socket, in place of what a killed daemon left there."""
    Path(path).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(path)
    Path(path).chmod(0o700)
    return listening


def listeners(places: dict[str, int | str]) -> list[socket.socket]:
    """Listen where a daemon is to.

    In the daemon's process and for each start anew: while the daemon is dead, nobody listens.
    """
    made = [
        listen_at_port(place) if isinstance(place, int) else listen_at_path(place)
        for place in places.values()
    ]
    for listening in made:
        listening.listen(1024)
    return made


def become(order: dict[str, Any]) -> NoReturn:
    """Turn this fresh child into the daemon of an order."""
    os.setsid()
    passed = listeners(order.get("listen", {}))
    environment = dict(order["environment"])
    if order.get("host_network"):
        enter_network(HOST_NETWORK)
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    high = [os.dup2(each.fileno(), 100 + at) for at, each in enumerate(passed)]
    for at, descriptor in enumerate(high):
        os.dup2(descriptor, FIRST_PASSED + at, inheritable=True)
    os.closerange(FIRST_PASSED + len(high), 200)
    if high:
        environment["LISTEN_PID"] = str(os.getpid())
        environment["LISTEN_FDS"] = str(len(high))
        environment["LISTEN_FDNAMES"] = ":".join(order["listen"])
    os.execve(order["argv"][0], order["argv"], environment)  # noqa: S606 - there is no shell


def start(order: dict[str, Any]) -> int:
    """Start a daemon; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        become(order)
    except OSError as error:
        sys.stderr.write(f"{order['argv'][0]}: {error}\n")
    os._exit(127)


def reap() -> None:
    """Take leave of every child that has ended, also of those we inherited."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return


def mount(*arguments: str) -> None:
    """Mount something, for this lab only."""
    subprocess.run(["/usr/bin/mount", *arguments], check=True)


def leave_the_top(folder: Path) -> None:
    """Go into a group below: one with processes gives its children no controllers (cgroups(7))."""
    leaf = folder / "init"
    leaf.mkdir()
    (leaf / "cgroup.procs").write_text("0", encoding="ascii")


def mount_all(plan: dict[str, Any]) -> None:
    """Give the lab its own folders, its own view of /proc and /sys, and its control groups."""
    for source, target in plan["binds"]:
        mount("--bind", source, target)
    mount("-t", "proc", "proc", "/proc")
    # libvirt looks into every mount point of control groups that /proc/mounts names.
    subprocess.run(["/usr/bin/umount", "--lazy", "--recursive", "/sys"], check=True)
    mount("-t", "sysfs", "sysfs", "/sys")  # shows the devices of this network only
    if plan["cgroups"]:
        mount("-t", "tmpfs", "cgroups", "/sys/fs/cgroup")
    for kind, options, folder in plan["cgroups"]:
        Path(folder).mkdir(exist_ok=True)
        mount("-t", kind, *(("-o", options) if options else ()), "lab", folder)
        if kind == "cgroup2":
            leave_the_top(Path(folder))
    socket.sethostname(plan["hostname"])
    for words in plan["network"]:
        subprocess.run(["/usr/sbin/ip", *words.split()], check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def answer(**values: object) -> None:
    """Write one line to who started us."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve orders until standard input ends."""
    wake, woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    mount_all(json.loads(sys.stdin.readline()))
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(woken)
    answer(ready=True)
    with selectors.DefaultSelector() as selector:
        selector.register(wake, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if wake in ready:
                os.read(wake, 4096)
            reap()
            if sys.stdin in ready:
                line = sys.stdin.readline()
                if not line:
                    return
                answer(pid=start(json.loads(line)))


if __name__ == "__main__":
    main()
