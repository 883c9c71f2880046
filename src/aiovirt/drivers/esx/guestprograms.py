"""Running programs in guests to their end: streams as files of the guest, which go again after it.

It knows no accounts; who looks for one gives the Tools that are let in.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

import anyio

from aiovirt.drivers.esx.guestshells import GuestShell, WindowsShell, command_line
from aiovirt.drivers.esx.toolbox import Toolbox
from aiovirt.errors import AiovirtError, NotFound, Unresponsive
from aiovirt.model.guestwork import GuestExit
from aiovirt.protocols.vsphere.tables.guest import GuestProcessInfo, GuestProgramSpec

__all__ = ["run_program", "windows_shell"]

T = TypeVar("T")

FIRST_LOOK_S, LAST_LOOK_S = 0.1, 1.0
"""The pauses between two looks whether a program has ended: they double."""

STARTING_S: Final = 30.0
"""Seconds that the start of a program may take, or the making of a file."""

CLEANING_S: Final = 15.0
"""Seconds that the cleaning behind a program may take."""

REMOVALS: Final = 4
"""How often a file is removed that something in the guest still has open."""

MAX_OUTPUT: Final = 16 * 1024 * 1024
"""Bytes of each of a program's streams that are kept, as of QEMU's agent."""

_ROOT: Final = r"C:\Windows"
"""Where Windows is when it does not tell."""


async def windows_shell(tools: Toolbox, argv: Sequence[str]) -> WindowsShell:
    """The shell of a guest of Windows, once it is known that it can start a program.

    Raises:
        CallerError: It cannot be told these words.
        NotFound: There is no such program.
    """
    command_line(argv)
    # The shell is always there, and would only write that the program is not.
    await tools.find(argv[0].replace("/", "\\"), f"run {argv[0]}")
    told = await tools.environment("SystemRoot", "USERPROFILE")
    return WindowsShell(told.get("systemroot", _ROOT), told.get("userprofile"))


async def run_program(
    tools: Toolbox,
    shell: GuestShell,
    argv: Sequence[str],
    stdin: bytes,
    env: Mapping[str, str] | None,
) -> GuestExit:
    """Run a program to its end; its files are removed, whatever happens.

    Cancellation: it is ended.
    """
    async with _files(tools, ("<", ">", "2>") if stdin else (">", "2>")) as streams:
        if stdin:
            await tools.write(streams["<"], stdin, len(stdin))
        ended = await _run(tools, shell, shell.start(argv, env, streams), argv[0])
        out, err = [await _kept(tools, streams[mark]) for mark in (">", "2>")]
    cut = max(len(out), len(err)) > MAX_OUTPUT
    return GuestExit(
        status=ended.exit_code, stdout=out[:MAX_OUTPUT], stderr=err[:MAX_OUTPUT], truncated=cut
    )


# --- files ----------------------------------------------------------------------------------------


@asynccontextmanager
async def _files(tools: Toolbox, marks: Sequence[str]) -> AsyncGenerator[dict[str, str], None]:
    """Files in the guest for the length of the block."""
    paths: dict[str, str] = {}
    try:
        for mark in marks:
            paths[mark] = await _whole(tools.temporary_file(), "where a temporary file is")
        yield paths
    finally:
        with anyio.move_on_after(CLEANING_S, shield=True):
            for path in paths.values():
                await _remove(tools, path)


async def _whole(call: Awaitable[T], what: str) -> T:
    """Carry out a call that is not cancelled half way: nobody could undo what it has made.

    Raises:
        Unresponsive: It is not answered in time.
    """
    with anyio.move_on_after(STARTING_S, shield=True):
        return await call
    raise Unresponsive(f"the guest has not told within {STARTING_S:g} s {what}")


async def _remove(tools: Toolbox, path: str) -> None:
    """Remove a file; Windows lets nobody while a program that ends just now has it open."""
    pause = FIRST_LOOK_S
    for _ in range(REMOVALS):
        try:
            await tools.remove(path)
        except NotFound:
            return
        except AiovirtError:
            await anyio.sleep(pause)
            pause *= 2
        else:
            return


# --- programs -------------------------------------------------------------------------------------


async def _run(
    tools: Toolbox, shell: GuestShell, spec: GuestProgramSpec, name: str
) -> GuestProcessInfo:
    """Run a program to its end; it is ended when we are cancelled."""
    pid = await _whole(tools.start(spec, f"run {name}"), f"that {name} runs")
    try:
        return await _until_end(tools, pid)
    except BaseException:
        with anyio.move_on_after(CLEANING_S, shield=True):
            await _end(tools, shell, pid)
        raise


async def _end(tools: Toolbox, shell: GuestShell, pid: int) -> None:
    """End a program, and what it has started."""
    spec = shell.end(pid)
    if spec is not None:
        with suppress(AiovirtError):
            await _until_end(tools, await tools.start(spec, f"end process {pid}"))
    with suppress(AiovirtError):
        await tools.kill(pid)


async def _until_end(tools: Toolbox, pid: int) -> GuestProcessInfo:
    """Look until a program has ended.

    Raises:
        NotFound: The guest has forgotten it.
    """
    pause = FIRST_LOOK_S
    while True:
        found = next((each for each in await tools.processes(pid) if each.pid == pid), None)
        if found is None:
            raise NotFound(
                f"the guest does not tell how program {pid} has ended",
                hint="Tools remember programs for five minutes, and none after they start anew",
            )
        if found.end_time is not None:
            return found
        await anyio.sleep(pause)
        pause = min(2 * pause, LAST_LOOK_S)


async def _kept(tools: Toolbox, path: str) -> bytes:
    """What a program has written into a file: a byte more than is kept, if there is more."""
    found = bytearray()
    async with tools.read(path) as parts:
        async for part in parts:
            found += part
            if len(found) > MAX_OUTPUT:
                break
    return bytes(found)
