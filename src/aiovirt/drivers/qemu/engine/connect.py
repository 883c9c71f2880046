"""The consoles of a running QEMU: learning its terminals, and opening hubs on them."""

from __future__ import annotations

import os
import re
import termios
import tty
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from anyio.abc import TaskGroup

from aiovirt.config import Channel, Console, DomainConfig, Serial
from aiovirt.drivers.qemu.engine.console import HISTORY, ConsoleHub
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import HostError, NotFound, PermissionDenied
from aiovirt.host.files import empty_file, host_error, read_end
from aiovirt.host.procfs import process_uid, terminals_of
from aiovirt.protocols.qmp.commands import QueryChardev

_TERMINAL = re.compile(r"/dev/pts/\d+")  # anything else QEMU did not get from the kernel

__all__ = ["console_logs", "learn_terminals", "open_consoles", "open_terminal"]


def _terminals(config: DomainConfig) -> Iterator[Serial | Console | Channel]:
    """The devices that get a hub: those on a pseudo terminal of QEMU's own, each once."""
    seen: set[str] = set()
    devices: list[Serial | Console | Channel] = [
        *config.serials,
        *config.consoles,
        *config.channels,
    ]
    for device in devices:
        if device.type == "pty" and device.alias and device.alias not in seen:
            seen.add(device.alias)
            yield device


def console_logs(config: DomainConfig, folder: Path) -> dict[str, Path]:
    """The files in which QEMU keeps the output of each console, so that history outlives us.

    The hub cuts a file when it grows; QEMU appends, so it goes on at the new beginning.
    """
    return {
        device.alias: _log(folder, device.alias)
        for device in _terminals(config)
        if device.alias and not device.log
    }


def _log(folder: Path, alias: str) -> Path:
    return folder / QEMU_FOLDER / f"{alias}.log"


async def learn_terminals(monitor: BoundedMonitor, config: DomainConfig) -> None:
    """Write the terminals that QEMU opened into the live configuration.

    Raises:
        AiovirtError: QEMU does not answer.
    """
    devices = list(_terminals(config))
    if not devices:
        return
    found = {row.label: row.filename for row in await monitor.call(QueryChardev())}
    for device in devices:
        kind, _, path = found.get(f"char{device.alias}", "").partition(":")
        if kind == "pty" and _TERMINAL.fullmatch(path):
            device.source.path = path
            if isinstance(device, Console):
                device.tty = path
    first = next(iter(config.serials), None)
    for console in config.consoles:
        if first is not None and console.alias == first.alias and first.type == "pty":
            console.source.path = console.tty = first.source.path


def open_consoles(domain: ManagedDomain, live: LiveDomain, tasks: TaskGroup) -> None:
    """Open a hub on each terminal that has none yet, and let it run in `tasks`.

    Raises:
        HostError: A terminal cannot be opened.
    """
    for device in _terminals(live.config):
        if device.source.path is None or device.alias is None or device.alias in live.consoles:
            continue
        log = _log(live.folder, device.alias)
        try:
            handle = open_terminal(device.source.path, live.process.pid)
        except NotFound:
            return  # QEMU has just ended, which its supervisor tells
        hub = ConsoleHub(
            f"{device.alias} of {domain.name}",
            handle,
            history=_history(log),
            overflow=partial(_cut, log),
        )
        live.consoles[device.alias] = hub
        tasks.start_soon(hub.run)


def open_terminal(path: str, qemu: int) -> int:
    """A terminal's descriptor: raw, non-blocking, and not our controlling terminal.

    Only one that QEMU has made: it may name somebody else's, or have ended since, and somebody
    else may have got the number.

    Args:
        path: Where it is in ``/dev/pts``.
        qemu: The process.

    Raises:
        PermissionDenied: It is somebody else's.
        NotFound: QEMU has ended.
        HostError: It cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise host_error(error, f"cannot open the terminal {path}") from error
    try:
        _check_maker(handle, path, qemu)
        _set_raw(handle, path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _set_raw(handle: int, path: str) -> None:
    try:
        tty.setraw(handle)
    except (OSError, termios.error) as error:  # termios.error is no OSError
        raise HostError(f"{path} cannot be used as a terminal: {error.args[-1]}") from error


def _check_maker(handle: int, path: str, qemu: int) -> None:
    """Since it is open now, its number goes to nobody else while this looks."""
    if not os.isatty(handle):
        raise HostError(f"{path} cannot be used as a terminal: it is none")
    try:
        made = _number(path) in terminals_of(qemu)
    except PermissionDenied:  # a QEMU that has rights which we have not: at least it is its user's
        made = os.fstat(handle).st_uid == process_uid(qemu)
    if not made:
        raise PermissionDenied(f"the terminal {path} is not QEMU's")


def _number(path: str) -> int:
    """The number of a terminal; -1, which none has, when it is not one of the kernel's."""
    return int(Path(path).name) if _TERMINAL.fullmatch(path) else -1


def _history(log: Path) -> bytes:
    """The end of a console's log; nothing where there is none."""
    with suppress(HostError):
        return read_end(log, HISTORY)
    return b""


def _cut(log: Path) -> None:
    """Empty a console's log. What QEMU writes next stands at its new beginning."""
    with suppress(HostError):
        empty_file(log)
