"""The guests of `fakehost`: a console that answers, a screen, a keyboard, a monitor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from aiovirt.config import DomainConfig
from aiovirt.errors import Busy, ConfigError, InvalidState, NotFound, QMPCommandError
from aiovirt.interfaces import Consoles, ConsoleStream, Monitor, Screen
from aiovirt.model.domain import Control, ControlState, DomainKey, DomainRecord, StateReason

__all__ = ["FakeConsoles", "FakeMonitor", "FakeScreen", "Guest"]

PNG = b"\x89PNG\r\n\x1a\n picture"
BANNER = b"Welcome\r\nlogin: "
KEYS = frozenset({"KEY_A", "KEY_ENTER", "KEY_LEFTCTRL", 30})


@dataclass
class Guest:
    """One domain."""

    key: DomainKey
    config: DomainConfig
    id: int | None = None
    reason: StateReason = StateReason.SHUTOFF_UNKNOWN
    persistent: bool = True
    autostart: bool = False
    control: ControlState = field(default_factory=ControlState)
    boots: int = 0
    typist: bool = False
    pulled: str = ""
    pressed: list[tuple[int, tuple[str | int, ...]]] = field(default_factory=list)
    off: anyio.Event = field(default_factory=anyio.Event)

    @property
    def record(self) -> DomainRecord:
        """Its line of a listing."""
        return DomainRecord(
            self.key, self.id, self.reason, self.persistent, self.autostart, self.control
        )

    def must_run(self) -> None:
        """Refuse when it does not run."""
        if self.id is None:
            raise InvalidState(f"domain {self.key.name!r} is not running")


Find = Callable[[DomainKey], Guest]


class FakeConsole(ConsoleStream):
    """A terminal whose shell shouts back, and ends at ``poweroff``."""

    @property
    def lost(self) -> int:
        """Nothing is ever lost here."""
        return 0

    def __init__(self, guest: Guest, *, readonly: bool, history: bool) -> None:
        self._guest = guest
        self._readonly = readonly
        self._buffer = b""
        self._write, self._read = anyio.create_memory_object_stream[bytes](64)
        if history:
            self._write.send_nowait(BANNER)

    async def send(self, item: bytes) -> None:
        """Echo in capitals."""
        if self._readonly:
            raise Busy("this console is read-only")
        await self._write.send(item.upper())
        if b"poweroff" in item:
            self._write.close()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """What the guest wrote."""
        self._buffer = self._buffer or await self._read.receive()
        part, self._buffer = self._buffer[:max_bytes], self._buffer[max_bytes:]
        return part

    async def send_eof(self) -> None:
        """A serial line has no end of file."""

    async def aclose(self) -> None:
        """Let go of it."""
        self._write.close()
        self._read.close()


class FakeConsoles(Consoles):
    """Each guest has ``serial0``."""

    driver_name = "fake"

    def __init__(self, find: Find) -> None:
        self._find = find

    @asynccontextmanager
    async def open_console(
        self,
        domain: DomainKey,
        *,
        device: str | None = None,
        readonly: bool = False,
        force: bool = False,
        history: bool = True,
    ) -> AsyncIterator[ConsoleStream]:
        """One may type, unless forced."""
        guest = self._find(domain)
        guest.must_run()
        if device not in {None, "serial0"}:
            raise NotFound(f"domain {domain.name!r} has no console {device!r}")
        if guest.typist and not (readonly or force):
            raise Busy(f"somebody else types on the console of {domain.name!r}")
        guest.typist = guest.typist or not readonly
        async with FakeConsole(guest, readonly=readonly, history=history) as console:
            yield console


class FakeScreen(Screen):
    """One screen, and a keyboard of four keys."""

    driver_name = "fake"

    def __init__(self, find: Find) -> None:
        self._find = find

    async def screenshot(self, domain: DomainKey, *, screen: int = 0) -> bytes:
        """The picture."""
        self._find(domain).must_run()
        if screen:
            raise NotFound(f"domain {domain.name!r} has no screen {screen}")
        return PNG

    async def send_key(
        self,
        domain: DomainKey,
        keys: Sequence[str | int],
        *,
        hold_ms: int = 100,
        codeset: str = "linux",
    ) -> None:
        """Keeps what was pressed."""
        if codeset != "linux":
            raise ConfigError(f"no keys of the set {codeset}", field="codeset")
        guest = self._find(domain)
        guest.must_run()
        for key in keys:
            if key not in KEYS:
                raise ConfigError(f"no key {key!r}", field="keys")
        guest.pressed.append((hold_ms, tuple(keys)))


class FakeMonitor(Monitor):
    """Two commands."""

    driver_name = "fake"

    def __init__(self, find: Find) -> None:
        self._find = find

    async def monitor_command(
        self, domain: DomainKey, command: str, arguments: Mapping[str, object] | None = None
    ) -> object:
        """Answers ``query-status`` and the human monitor, and refuses the rest."""
        guest = self._find(domain)
        guest.must_run()
        if command == "query-status":
            return {"status": guest.reason.state.label}
        if command == "human-monitor-command":
            return f"you said {(arguments or {})['command-line']}\r\n"
        raise QMPCommandError(
            command, "CommandNotFound", f"The command {command} has not been found"
        )

    async def native_command(self, config: DomainConfig) -> Sequence[str]:
        """A program with the name, which may need quotes."""
        config.check()
        return ["/usr/bin/fake", "-name", config.name or ""]


def silent(guest: Guest) -> None:
    """Let its hypervisor stop answering."""
    guest.control = ControlState(Control.UNRESPONSIVE, since=1.0, last_error="no answer in 5 s")
