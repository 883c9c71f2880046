"""libvirt-python at work against a daemon, in a process of its own: asked by lines.

Run by the system's Python: the URI.  Each line of standard input names a measurement and its
arguments; each line of output is a rate: how often a second.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt  # type: ignore[import-not-found, unused-ignore]  # the system's package
import libvirt_qemu  # type: ignore[import-not-found, unused-ignore]

URI = sys.argv[1]
PAUSED = libvirt.VIR_DOMAIN_START_PAUSED
EVENT_S = 10.0
JOB_S = 60.0
DISK = "vda"
SNAPSHOT = "benchmark"
OVERLAY = (
    f"<domainsnapshot><name>{SNAPSHOT}</name><disks><disk name='{DISK}' snapshot='external'>"
    "<source file='{}'/></disk></disks></domainsnapshot>"
)
COPY = "<disk type='file'><driver type='qcow2'/><source file='{}'/></disk>"


def seconds_of(call: Callable[[], object]) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def at_once(calls: list[Callable[[], object]]) -> float:
    """How long calls take together, a thread for each."""
    threads = [threading.Thread(target=call) for call in calls]
    ready = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - ready


class Work:
    """The measurements, by their names."""

    def __init__(self) -> None:
        self.host: Any = libvirt.open(URI)
        self.died = threading.Event()
        self.host.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._heard, None
        )
        self.jobs: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.host.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, self._job_heard, None
        )

        self.gone: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.after_release = math.nan

    def hear_devices(self) -> float:
        """Hear from now on when QEMU tells that a guest has let a device go."""
        libvirt_qemu.qemuMonitorEventRegister(
            self.host, None, "DEVICE_DELETED", self._device_gone, None
        )
        return 1.0

    def _device_gone(self, *heard: object) -> None:
        *_, seconds, micros, details, _opaque = heard
        assert isinstance(seconds, int)
        assert isinstance(micros, int)
        if '"device"' in str(details):  # not that of its other half, which has no name
            self.gone.put(seconds + micros / 1e6)

    def _heard(self, _host: object, _guest: object, event: int, *_more: object) -> None:
        if event == libvirt.VIR_DOMAIN_EVENT_STOPPED:
            self.died.set()

    def _job_heard(self, *heard: object) -> None:
        *_, status, _opaque = heard
        assert isinstance(status, int)
        self.jobs.put(status)

    def start(self, name: str) -> float:
        """Start a guest that is defined, paused."""
        guest = self.host.lookupByName(name)
        return 1 / seconds_of(lambda: guest.createWithFlags(PAUSED))

    def destroy(self, name: str) -> float:
        """Destroy one."""
        return 1 / seconds_of(self.host.lookupByName(name).destroy)

    def killed(self, _name: str, pid: str) -> float:
        """Kill a guest's process; how soon the event comes."""
        self.died.clear()
        begin = time.perf_counter()
        os.kill(int(pid), signal.SIGKILL)
        assert self.died.wait(EVENT_S), "no event"
        return 1 / (time.perf_counter() - begin)

    def start_many(self, prefix: str, count: str, threads: str) -> float:
        """Start guests by several threads, each of which takes the next; guests a second."""
        left = [self.host.lookupByName(f"{prefix}{number}") for number in range(int(count))]

        def work() -> None:
            while True:
                try:
                    guest = left.pop()
                except IndexError:
                    return
                guest.createWithFlags(PAUSED)

        return int(count) / at_once([work] * int(threads))

    def destroy_many(self, prefix: str, count: str) -> float:
        """Destroy them again; guests a second."""
        guests = [self.host.lookupByName(f"{prefix}{number}") for number in range(int(count))]
        return int(count) / seconds_of(lambda: [guest.destroy() for guest in guests])

    def stats(self, count: str) -> float:
        """The statistics of all that run."""
        active = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
        found: list[object] = []
        rate = 1 / seconds_of(lambda: found.extend(self.host.getAllDomainStats(0, active)))
        assert len(found) == int(count)
        return rate

    def info(self, name: str, calls: str) -> float:
        """Ask for a guest's state and figures, again and again; calls a second."""
        guest = self.host.lookupByName(name)
        begin = time.perf_counter()
        for _ in range(int(calls)):
            guest.info()
        return int(calls) / (time.perf_counter() - begin)

    def info_many(self, name: str, calls: str, connections: str) -> float:
        """The same from several connections, a thread for each; calls a second of all."""
        each = int(calls) // int(connections)
        hosts = [libvirt.open(URI) for _ in range(int(connections))]
        guests = [host.lookupByName(name) for host in hosts]

        def ask(guest: Any) -> Callable[[], None]:  # noqa: ANN401 - has no types
            def work() -> None:
                for _ in range(each):
                    guest.info()

            return work

        took = at_once([ask(guest) for guest in guests])
        for host in hosts:
            host.close()
        return each * int(connections) / took

    def opens(self, count: str) -> float:
        """Open and close; times a second."""
        return int(count) / seconds_of(
            lambda: [libvirt.open(URI).close() for _ in range(int(count))]
        )

    def attach(self, name: str, device: str) -> float:
        """Plug the device of a file into a guest that runs."""
        guest, text = self.host.lookupByName(name), Path(device).read_text("utf-8")
        return 1 / seconds_of(lambda: guest.attachDevice(text))

    def detach(self, name: str, device: str) -> float:
        """Pull it out; not a number where it is still there, 0 where it went late."""
        guest, text = self.host.lookupByName(name), Path(device).read_text("utf-8")
        rate = 0.0
        with contextlib.suppress(libvirt.libvirtError):
            rate = 1 / seconds_of(lambda: guest.detachDevice(text))
        returned = time.time()
        if "'vdb'" in guest.XMLDesc():
            return math.nan
        self.after_release = returned - self.gone.get(timeout=EVENT_S)
        return rate

    def released(self) -> float:
        """From when the guest had let go to when the last detach returned."""
        return 1 / self.after_release

    def run(self, name: str) -> float:
        """Let a paused guest run."""
        return 1 / seconds_of(self.host.lookupByName(name).resume)

    def overlay(self, name: str, file: str) -> float:
        """Take a snapshot of the disk only, into a new image."""
        guest = self.host.lookupByName(name)
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
        return 1 / seconds_of(lambda: guest.snapshotCreateXML(OVERLAY.format(file), flags))

    def write(self, name: str, device: str, mebibytes: str) -> float:
        """Have QEMU write to the disk as a guest would."""
        guest, order = self.host.lookupByName(name), f'"write -P 7 0 {mebibytes}M"'
        told = libvirt_qemu.qemuMonitorCommand(
            guest, f"qemu-io -d {device} {order}", libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP
        )
        assert not told, told
        return 1.0

    def commit(self, name: str) -> float:
        """Commit the top image into the one below, and go on with that."""
        guest = self.host.lookupByName(name)
        flags = libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE | libvirt.VIR_DOMAIN_BLOCK_COMMIT_SHALLOW
        return self._pivoted(guest, lambda: guest.blockCommit(DISK, None, None, 0, flags))

    def copy(self, name: str, file: str) -> float:
        """Copy the disk into a new image, and go on with that."""
        guest, text = self.host.lookupByName(name), COPY.format(file)
        flags = libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB
        return self._pivoted(guest, lambda: guest.blockCopy(DISK, text, None, flags))

    def _pivoted(self, guest: Any, begin: Callable[[], object]) -> float:  # noqa: ANN401 - no types
        def work() -> None:
            begin()
            self._until(libvirt.VIR_DOMAIN_BLOCK_JOB_READY)
            guest.blockJobAbort(DISK, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
            self._until(libvirt.VIR_DOMAIN_BLOCK_JOB_COMPLETED)

        return 1 / seconds_of(work)

    def _until(self, status: int) -> None:
        found = self.jobs.get(timeout=JOB_S)
        assert found == status, f"the job tells {found}, not {status}"

    def snapshot(self, name: str) -> float:
        """Take a snapshot of a guest with its memory, inside its image."""
        text = f"<domainsnapshot><name>{SNAPSHOT}</name></domainsnapshot>"
        guest = self.host.lookupByName(name)
        return 1 / seconds_of(lambda: guest.snapshotCreateXML(text))

    def revert(self, name: str) -> float:
        """Go back to it."""
        guest = self.host.lookupByName(name)
        snapshot = guest.snapshotLookupByName(SNAPSHOT)
        return 1 / seconds_of(lambda: guest.revertToSnapshot(snapshot))

    def drop(self, name: str) -> float:
        """Delete it."""
        snapshot = self.host.lookupByName(name).snapshotLookupByName(SNAPSHOT)
        return 1 / seconds_of(snapshot.delete)

    def save(self, name: str, file: str) -> float:
        """Save a guest's memory into a file."""
        guest = self.host.lookupByName(name)
        return 1 / seconds_of(lambda: guest.save(file))

    def restore(self, _name: str, file: str) -> float:
        """Let it go on from there."""
        return 1 / seconds_of(lambda: self.host.restore(file))

    def pin(self, processor: str) -> float:
        """Run on one processor, or on all with -1."""
        which = set(range(os.cpu_count() or 1)) if processor == "-1" else {int(processor)}
        for task in Path("/proc/self/task").iterdir():
            os.sched_setaffinity(int(task.name), which)
        return 1.0


def run_loop() -> None:
    """Run libvirt's event loop for ever."""
    while True:
        libvirt.virEventRunDefaultImpl()


def main() -> None:
    """Answer until standard input ends."""
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=run_loop, daemon=True).start()
    work = Work()
    for line in sys.stdin:
        name, *arguments = line.split()
        print(getattr(work, name)(*arguments), flush=True)


main()
