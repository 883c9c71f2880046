"""Small guests for tests, and the QEMU processes that a root has."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import anyio
import pytest

from aiovirt.config import DomainConfig, Serial
from aiovirt.drivers.qemu.process.notes import notes
from aiovirt.interfaces import ConsoleStream, EventStream
from aiovirt.model.events import Event, LifecycleDetail, LifecycleEvent
from aiovirt.model.units import MiB
from aiovirt.testing.tinyguest import TinyGuest

__all__ = [
    "SmallDisk",
    "bare_config",
    "linux_config",
    "none_left_running",
    "poll",
    "qemus_of",
    "read_until",
    "wait_for",
]


SmallDisk: TypeAlias = Callable[[str], Path]
"""Mounts a file system of that size; where it is."""


def qemus_of(root: Path) -> list[int]:
    """Return the pids of the QEMU processes that belong to a root, zombies left out."""
    mark = f"{root}/run/".encode()
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return sorted(found)


@contextmanager
def none_left_running(root: Path) -> Iterator[None]:
    """Fail the test when a QEMU still runs below the root after the block; it is killed.

    So does a control group of a guest that has no folder any more. One of a guest whose host was
    not opened again after its end is no failure.
    """
    yield
    left = qemus_of(root)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    noted = {each.what for folder in (root / "run").glob("*/") for each in notes(folder)}
    groups = _groups_of(root)
    for path in groups:
        _remove_group(path)
    if left:
        pytest.fail(f"left behind: QEMU {left}", pytrace=False)
    lost = [path for path in groups if f"machine/{path.name}" not in noted]
    if lost:
        pytest.fail(f"left behind: control groups {lost}", pytrace=False)


def _groups_of(root: Path) -> list[Path]:
    mark = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    return list(Path("/sys/fs/cgroup").glob(f"*/machine/qemu-embed-{mark}-*"))


def _remove_group(path: Path) -> None:
    with suppress(OSError):
        for below in path.glob("*/"):
            below.rmdir()
        path.rmdir()


def bare_config(name: str = "web1") -> DomainConfig:
    """Configure a guest without any software: it starts in no time and does nothing."""
    config = DomainConfig(name=name, memory=MiB(16), vcpus=1, serials=[Serial.pty()])
    config.features.acpi = True
    return config


def linux_config(guest: TinyGuest, name: str = "web1", machine: str = "q35") -> DomainConfig:
    """Configure a guest that boots Linux and shows a shell on its serial console."""
    config = bare_config(name)
    config.memory = MiB(128)
    config.os.machine = machine
    config.os.kernel = str(guest.kernel)
    config.os.initrd = str(guest.initrd)
    config.os.cmdline = guest.cmdline
    return config


async def read_until(console: ConsoleStream, mark: bytes) -> bytes:
    """Read a console until a text appears; return all that was read."""
    seen = b""
    with anyio.fail_after(50):
        while mark not in seen:
            seen += await console.receive()
    return seen


async def wait_for(events: EventStream, detail: LifecycleDetail) -> list[Event]:
    """Read events until that one; return all that were read."""
    seen: list[Event] = []
    with anyio.fail_after(50):
        async for event in events:
            seen.append(event)
            if isinstance(event, LifecycleEvent) and event.detail is detail:
                break
    return seen


async def poll(condition: Callable[[], bool], *, bound_s: float = 50) -> None:
    """Wait for something outside of this process that tells nobody when it happens."""
    with anyio.fail_after(bound_s):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await anyio.sleep(0.02)
