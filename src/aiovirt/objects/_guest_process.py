"""Programs in a guest, by its agent: run to their end, or followed while they run.

The agent (QEMU's qga/qapi-schema.json) starts a program and tells when it has ended, with what it
has written up to 16 MiB. It has no streams. So a program that is followed has files in the guest
in their place, which the agent reads and writes; a shell of the guest joins them, and
`GuestProcess` takes them away again. All that is needed is POSIX: sh, cat, mkdir, mkfifo, rm.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import anyio

from aiovirt.errors import (
    AgentHung,
    AiovirtError,
    CallerError,
    Closed,
    GuestAgentError,
    RemoteError,
)
from aiovirt.model.guestwork import GuestExit
from aiovirt.objects._guest_files import CHUNK, Ask, GuestFile, decoded, member, open_guest_file

__all__ = ["GuestInput", "GuestOutput", "GuestProcess", "open_process", "run"]

FIRST_LOOK_S, LAST_LOOK_S = 0.01, 0.5
"""The pauses between two looks whether a program has ended or written: they double."""

STARTING_S = 30.0
"""How long the start of a program may take."""

CLEANING_S = 15.0
"""How long the cleaning behind a program may take, when its guest does not answer any more."""

SHELL = "/bin/sh"
_PLACE = "/tmp/aiovirt-"  # noqa: S108 -- in the guest; the name is random and the mode 0700

_MAKE = 'mkdir -m 700 "$1" && cd "$1" && : >0 && : >1 && : >2 && mkfifo -m 600 pipe'

_START = """\
here=$1; shift
(while [ -d "$here" ] && cat; do
    [ -e "$here/eof" ] && { cat; break; }
    sleep 0.05 2>/dev/null || sleep 1
done <"$here/0" >"$here/pipe") 2>/dev/null &
command -v setsid >/dev/null 2>&1 && exec setsid "$@" <"$here/pipe" >"$here/1" 2>"$here/2"
exec "$@" <"$here/pipe" >"$here/1" 2>"$here/2"
"""
"""Feed the program what comes into the file `0` until there is a file `eof`, in a group of its own.

`cat` goes on where the one before it stopped: they have one open file.
"""

_KILL = 'kill -s "$1" -- "-$2" 2>/dev/null || kill -s "$1" "$2"'
_KILL_WINDOWS = ("taskkill.exe", "/F", "/T", "/PID")


# --- run to the end -------------------------------------------------------------------------------


async def run(
    ask: Ask, argv: Sequence[str], *, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> GuestExit:
    """Run a program and wait for its end; see `DomainAgent.guest_exec`."""
    if len(stdin) > MAX_INPUT:
        raise CallerError(
            f"{len(stdin)} bytes of standard input are too many for one message",
            hint=f"the most are {MAX_INPUT}: use guest_process, or put a file",
        )
    pid = await _start(ask, argv, stdin, env, capture=True)
    try:
        return await _until_end(ask, pid)
    except BaseException:
        with anyio.move_on_after(CLEANING_S, shield=True), suppress(AiovirtError):
            await kill(ask, pid)
            await _until_end(ask, pid)
        raise


MAX_INPUT = 2 * 1024 * 1024
"""Bytes of standard input in one message: libvirt's have at most 4 MiB, and base64 adds a third."""


async def _start(
    ask: Ask,
    argv: Sequence[str],
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    *,
    capture: bool = False,
) -> int:
    if not argv:
        raise CallerError("a program needs a name")
    arguments: dict[str, object] = {"path": argv[0], "arg": list(argv[1:])}
    if stdin:
        arguments["input-data"] = b64encode(stdin).decode("ascii")
    if env is not None:
        arguments["env"] = [f"{name}={value}" for name, value in env.items()]
    arguments["capture-output"] = capture
    # Not cancelled half way: a program whose number nobody has could not be killed.
    with anyio.move_on_after(STARTING_S, shield=True):
        return member(await ask("guest-exec", arguments), "pid", int, "guest-exec")
    raise AgentHung(f"the guest agent has not told within {STARTING_S:g} s that {argv[0]} runs")


async def _until_end(ask: Ask, pid: int) -> GuestExit:
    pause = FIRST_LOOK_S
    while (ended := await _look(ask, pid)) is None:
        await anyio.sleep(pause)
        pause = min(2 * pause, LAST_LOOK_S)
    return ended


async def _look(ask: Ask, pid: int) -> GuestExit | None:
    """How a program has ended, if it has. The agent tells that once, and then forgets it."""
    told = await ask("guest-exec-status", {"pid": pid})
    if not member(told, "exited", bool, "guest-exec-status"):
        return None
    found = told if isinstance(told, dict) else {}
    return GuestExit(
        status=found.get("exitcode"),
        signal=found.get("signal"),
        stdout=decoded(found.get("out-data", "")),
        stderr=decoded(found.get("err-data", "")),
        truncated=bool(found.get("out-truncated") or found.get("err-truncated")),
    )


async def kill(ask: Ask, pid: int, signal: str = "KILL") -> None:
    """Send a signal to a program, and to those that it has started where it leads a group.

    Raises:
        AiovirtError: The agent does not do that.
    """
    try:
        sent = await _start(ask, [SHELL, "-c", _KILL, "sh", signal, str(pid)])
    except GuestAgentError:
        sent = await _start(ask, [*_KILL_WINDOWS, str(pid)])
    await _until_end(ask, sent)


# --- followed while it runs -----------------------------------------------------------------------


class GuestOutput:
    """What a program writes, piece by piece as it comes: ``async for`` it. Its end is its end."""

    def __init__(self, process: GuestProcess, file: GuestFile) -> None:
        self._process = process
        self._file = file

    def __aiter__(self) -> GuestOutput:
        return self

    async def __anext__(self) -> bytes:
        """The next piece; waits for it.

        Cancellation: nothing is lost.
        """
        pause = FIRST_LOOK_S
        while True:
            ended = await self._process.look() is not None
            if data := await self._file.read(CHUNK):
                return data
            if ended:
                raise StopAsyncIteration
            await anyio.sleep(pause)
            pause = min(2 * pause, LAST_LOOK_S)

    async def read(self) -> bytes:
        """All that still comes until the end."""
        return b"".join([piece async for piece in self])


class GuestInput:
    """What a program reads. It sees the end of it after `aclose`."""

    def __init__(self, ask: Ask, file: GuestFile, place: str) -> None:
        self._ask = ask
        self._file = file
        self._place = place
        self._closed = False

    async def send(self, data: bytes) -> None:
        """Give it data; a program that does not read loses nothing.

        Raises:
            Closed: The end was told already.

        Cancellation: a part of it may have been given.
        """
        if self._closed:
            raise Closed("the standard input of this program is closed")
        await self._file.write(data)

    async def aclose(self) -> None:
        """Tell it that this was all."""
        if not self._closed:
            self._closed = True
            async with open_guest_file(self._ask, f"{self._place}/eof", "w"):
                pass


class GuestProcess:
    """A program that runs in a guest; `DomainAgent.guest_process` starts it.

    Attributes:
        pid: Its number in the guest.
        stdin: What it reads.
        stdout: What it writes.
        stderr: What it writes of errors.
    """

    def __init__(self, ask: Ask, pid: int, place: str, files: Sequence[GuestFile]) -> None:
        self.pid = pid
        self._ask = ask
        self._end: GuestExit | None = None
        self._turn = anyio.Lock()
        entered, written, errors = files
        self.stdin = GuestInput(ask, entered, place)
        self.stdout = GuestOutput(self, written)
        self.stderr = GuestOutput(self, errors)

    async def look(self) -> GuestExit | None:
        """How it has ended, or None while it runs."""
        async with self._turn:
            if self._end is None:
                self._end = await _look(self._ask, self.pid)
            return self._end

    async def wait(self) -> GuestExit:
        """Wait for its end; what it has written is read from its streams."""
        pause = FIRST_LOOK_S
        while (ended := await self.look()) is None:
            await anyio.sleep(pause)
            pause = min(2 * pause, LAST_LOOK_S)
        return ended

    async def send_signal(self, signal: str) -> None:
        """Send a signal, such as ``TERM``, to it and to all that it has started."""
        await kill(self._ask, self.pid, signal)


@asynccontextmanager
async def open_process(
    ask: Ask, argv: Sequence[str], *, env: Mapping[str, str] | None = None
) -> AsyncIterator[GuestProcess]:
    """Run a program for the length of the block; see `DomainAgent.guest_process`."""
    place = _PLACE + secrets.token_hex(8)
    try:
        made = await run(ask, [SHELL, "-c", _MAKE, "sh", place])
        if not made.ok:
            text = made.stderr.decode(errors="replace").strip()
            raise RemoteError(f"the guest cannot keep a program's output in {place}: {text}")
        async with (
            open_guest_file(ask, f"{place}/0", "a") as entered,
            open_guest_file(ask, f"{place}/1", "r") as written,
            open_guest_file(ask, f"{place}/2", "r") as errors,
        ):
            pid = await _start(ask, [SHELL, "-c", _START, "sh", place, *argv], env=env)
            process = GuestProcess(ask, pid, place, (entered, written, errors))
            try:
                yield process
            finally:
                await _end(process)
    finally:
        with anyio.move_on_after(CLEANING_S, shield=True), suppress(AiovirtError):
            await run(ask, ["/bin/rm", "-rf", place])


async def _end(process: GuestProcess) -> None:
    """Kill it if it still runs."""
    with anyio.move_on_after(CLEANING_S, shield=True), suppress(AiovirtError):
        if await process.look() is None:
            await process.send_signal("KILL")
            await process.wait()
