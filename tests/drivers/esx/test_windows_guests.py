"""Programs and files in guests of Windows by VMware Tools, on the fake ESX."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from aiovirt import _open
from aiovirt.drivers.esx.guestshells import MAX_LINE, WindowsShell, command_line
from aiovirt.errors import CallerError, ConfigError, NotFound
from aiovirt.model.credentials import Login
from aiovirt.objects import Domain
from aiovirt.protocols.vsphere.tables.faults import FileLocked, GuestComponentsOutOfDate
from aiovirt.testing.vsphere import (
    FakeVSphere,
    Guest,
    GuestFile,
    Result,
    Settings,
    run_fake_vsphere,
    windows_guest,
)

pytestmark = pytest.mark.anyio

SYSTEM = r"C:\Windows\System32"
CMD = rf"{SYSTEM}\cmd.exe"
TOOL = r"C:\Program Files (x86)\50% & more\show.exe"
BATCH = r"C:\tools\show.bat"

WORDS = [
    "",
    "plain",
    "two words",
    'say "hi"',
    "ends in \\",
    "C:\\folder\\",
    '\\"',
    'a\\\\"b c\\\\',
    "%PATH%",
    "100%",
    "a&b|c<d>e",
    "caret^ and ^",
    "(in) brackets",
    "!bang!",
    "x > y 2> z",
    "ünïcödé",
    "a\tb",
    "a,b;c=d",
    "'single'",
]


def shown(_: Guest, words: list[str], given: bytes) -> Result:
    """Do as a program that shows its arguments and what it reads, and fails."""
    return Result("\n".join(words).encode(), given or b"nothing", status=7)


@asynccontextmanager
async def entering() -> AsyncIterator[tuple[Guest, Domain, FakeVSphere]]:
    """Run a fake ESX with a guest of Windows that has let us in."""
    async with run_fake_vsphere(Settings(kind="esx", machines=1), tls=False) as fake:
        uri = f"esx://root@127.0.0.1:{fake.port}/?transport=http"
        guest = fake.machine("machine0").install(windows_guest(host_name="WIN1"))
        for path in (TOOL, BATCH):
            guest.programs[path] = shown
            guest.files[path] = GuestFile(b"MZ")
        for name in ("cmd", "hostname", "sort"):
            guest.files[rf"{SYSTEM}\{name}.exe"] = GuestFile(b"MZ")
        before = set(guest.files)
        async with _open.open(uri, credentials=Login("root", "secret")) as host:
            vm = await host.domains.get("machine0")
            await vm.guest_log_in("Administrator", "secret")
            yield guest, vm, fake
        assert set(guest.files) == before  # no temporary file stays, whatever happened


# --- words ----------------------------------------------------------------------------------------


async def test_every_word_reaches_the_program_as_it_is() -> None:
    async with entering() as (_, vm, _fake):
        ended = await vm.guest_exec([TOOL, *WORDS])
        assert ended.stdout.decode().split("\n") == WORDS
        assert (ended.status, ended.stderr) == (7, b"nothing")


async def test_no_word_leaves_a_batch_file_its_quotes() -> None:
    async with entering() as (_, vm, _fake):
        words = [each for each in WORDS if "\\" not in each]
        ended = await vm.guest_exec([BATCH, *words])
        doubled = [each.replace('"', '""') for each in words]
        assert ended.stdout.decode().split("\n") == doubled


async def test_commands_of_the_shell_are_left_to_it() -> None:
    async with entering() as (_, vm, _fake):
        ended = await vm.guest_exec([CMD, "/c", 'echo "a  b"', "&", "echo", "c"])
        assert ended.stdout == b'"a  b" \r\nc\r\n'
        assert (await vm.guest_exec([CMD, "/C", "exit /b 3"])).status == 3


@pytest.mark.parametrize(
    ("argv", "kind", "says"),
    [
        (["/bin/sh", "-c", "id"], CallerError, "whole path"),
        (["whoami"], CallerError, "whole path"),
        ([r"\Windows\x.exe"], CallerError, "whole path"),
        (['C:\\a" & del b'], CallerError, "whole path"),
        ([CMD, "/c", "a\nb"], ConfigError, "line break"),
        ([CMD, "\0"], ConfigError, "line break"),
    ],
)
def test_what_no_line_can_hold(argv: list[str], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        command_line(argv)


def test_a_line_has_its_length() -> None:
    with pytest.raises(CallerError, match=str(MAX_LINE)):
        WindowsShell("C:\\Windows").start([TOOL, "x" * MAX_LINE], None, {})


# --- programs -------------------------------------------------------------------------------------


async def test_streams_of_programs() -> None:
    async with entering() as (_, vm, fake):
        assert (await vm.guest_exec([rf"{SYSTEM}\hostname.exe"])).stdout == b"WIN1\r\n"
        assert (await vm.guest_exec(["C:/Windows/System32/hostname.exe"])).ok
        ended = await vm.guest_exec([rf"{SYSTEM}\sort.exe"], stdin=b"b\na\n")
        assert (ended.status, ended.stdout, ended.stderr) == (0, b"a\nb\n", b"")
        assert (await vm.guest_exec([TOOL], stdin=b"read")).stderr == b"read"
        before = fake.plan.calls["CreateTemporaryFileInGuest"]
        with pytest.raises(NotFound, match=r"gone\.exe"):
            await vm.guest_exec([r"C:\gone.exe"])
        with pytest.raises(CallerError, match="whole path"):
            await vm.guest_exec(["/bin/sh", "-c", "id"])
        assert fake.plan.calls["CreateTemporaryFileInGuest"] == before


async def test_environment_and_folder() -> None:
    async with entering() as (_, vm, _fake):
        assert (await vm.guest_exec([CMD, "/c", "cd"])).stdout == b"C:\\Users\\Administrator\r\n"
        own = (await vm.guest_exec([CMD, "/c", "set"])).stdout
        assert b"TEMP=" in own
        ended = await vm.guest_exec([CMD, "/c", "set"], env={"A": "x=%B%", "b": ""})
        assert ended.stdout == b"A=x=%B%\r\nb=\r\nSystemRoot=C:\\Windows\r\n"
        ended = await vm.guest_exec([CMD, "/c", "set"], env={"SYSTEMROOT": "D:\\W"})
        assert ended.stdout == b"SYSTEMROOT=D:\\W\r\n"


async def test_a_program_ends_with_its_caller_and_so_does_what_holds_its_files() -> None:
    async with entering() as (guest, vm, fake):
        guest.programs[TOOL] = lambda *_: Result(b"begun", seconds=math.inf)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(vm.guest_exec, [TOOL])
            while not fake.plan.calls["ListProcessesInGuest"]:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        programs = {each.name: each for each in await vm.guest_programs()}
        assert {name for name, each in programs.items() if each.ended is None} == set()
        assert (programs["show.exe"].status, programs["cmd.exe"].status) == (1, 1)


async def test_files_are_removed_where_something_fails() -> None:
    async with entering() as (_, vm, fake):
        for method in ("StartProgramInGuest", "InitiateFileTransferFromGuest"):
            fake.plan.fail(method, GuestComponentsOutOfDate())
            with pytest.raises(Exception, match=r"run|read"):
                await vm.guest_exec([TOOL])
        fake.plan.fail("CreateTemporaryFileInGuest", GuestComponentsOutOfDate(), nth=2)
        with pytest.raises(Exception, match="temporary"):
            await vm.guest_exec([TOOL])
        fake.plan.fail("DeleteFileInGuest", FileLocked(file="x"), times=2)
        assert (await vm.guest_exec([TOOL])).status == 7


async def test_cancelled_at_any_time_nothing_stays() -> None:
    async with entering() as (_, vm, fake):
        for method in ("CreateTemporaryFileInGuest", "StartProgramInGuest", "ListProcessesInGuest"):
            hung = fake.plan.hang(method, when="after")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(vm.guest_exec, [TOOL])
                while not hung.hits:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
                hung.remove()


# --- files ----------------------------------------------------------------------------------------


async def test_files_by_paths_of_windows(tmp_path: Path) -> None:
    async with entering() as (guest, vm, _fake):
        path = r"C:\Users\Administrator\note.txt"
        (tmp_path / "in").write_bytes(b"hello")
        assert await vm.guest_put(tmp_path / "in", path) == 5
        assert await vm.guest_read(path) == b"hello"
        assert await vm.guest_get(path, tmp_path / "out") == 5
        for wrong in ("/tmp/note", "C:/Users/note", r"C:\gone\note", r"\note"):
            with pytest.raises(NotFound):
                await vm.guest_write(wrong, b"x")
        del guest.files[path]
