"""The simulator's guest of Windows: how it reads command lines, and what it refuses."""

from __future__ import annotations

import math

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import guest_methods as gm
from aiovirt.protocols.vsphere.tables.guest import GuestProgramSpec, NamePasswordAuthentication
from aiovirt.testing.vsphere import GuestFile, Result, windows_guest
from aiovirt.testing.vsphere.machines.windows import run_windows
from aiovirt.testing.vsphere.machines.winwords import arguments_of, batch_arguments, expanded

pytestmark = pytest.mark.anyio

ADMINISTRATOR = NamePasswordAuthentication(
    interactive_session=False, username="Administrator", password="secret"
)
FILES = Ref("GuestFileManager", "guestOperationsFileManager")
PROCESSES = Ref("GuestProcessManager", "guestOperationsProcessManager")
CMD = r"C:\Windows\System32\cmd.exe"


@pytest.mark.parametrize(
    ("rest", "words"),
    [  # the first five are Microsoft's own examples
        (r'"a b c" d e', ["a b c", "d", "e"]),
        (r'"ab\"c" "\\" d', ['ab"c', "\\", "d"]),
        (r'a\\\b d"e f"g h', [r"a\\\b", "de fg", "h"]),
        (r"a\\\"b c d", [r"a\"b", "c", "d"]),
        (r'a\\\\"b c" d e', [r"a\\b c", "d", "e"]),
        (' "" x\t', ["", "x"]),
        ("", []),
    ],
)
def test_arguments_of_programs_of_c(rest: str, words: list[str]) -> None:
    assert arguments_of(rest) == words


def test_arguments_of_batch_files_and_variables() -> None:
    assert batch_arguments(' a,b "c d" "e""f"') == ["a", "b", "c d", 'e""f']
    assert expanded("%A%%b% 100% %gone%", {"a": "1", "B": "2"}) == "12 100% %gone%"
    assert expanded("^%A^%", {"a": "1"}) == "^%A^%"


@pytest.mark.parametrize(
    ("line", "out", "err", "status"),
    [
        ("/c echo a^&b", "a&b\r\n", "", 0),
        ('/c echo "a&b"', '"a&b"\r\n', "", 0),
        ("/c echo %SystemRoot%", "C:\\Windows\r\n", "", 0),
        ('/d /s /c "echo a&hostname"', "a\r\nguest\r\n", "", 0),
        ("/c exit 3", "", "", 3),
        ("/c exit 3 && echo a", "", "", 3),
        ("/c exit 3 || echo a", "a\r\n", "", 0),
        ("/c gone", "", "'gone' is not recognized as an internal or external command,\r\n", 1),
        (r"/c echo a> C:\gone\x", "", "The system cannot find the path specified.\r\n", 1),
        ("/c gone 1>&2 2>nul", "", "", 1),
    ],
)
def test_lines_of_the_shell(line: str, out: str, err: str, status: int) -> None:
    guest = windows_guest()
    result, _ = run_windows(guest, CMD, line, guest.environment, "C:\\")
    assert (result.out.decode(), result.err.decode(), result.status) == (out, err, status)


async def run(caller: Caller, vm: Ref, path: str, arguments: str = "") -> int:
    spec = GuestProgramSpec(program_path=path, arguments=arguments)
    args = gm.StartProgramInGuestArgs(vm=vm, auth=ADMINISTRATOR, spec=spec)
    return await caller.call(gm.START_PROGRAM_IN_GUEST, PROCESSES, args)


@pytest.mark.parametrize(
    "path", ["/bin/sh", "cmd.exe", r"%SystemRoot%\System32\cmd.exe", "C:/Windows/System32/cmd.exe"]
)
async def test_programs_have_whole_paths_without_variables(path: str) -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        machine.install(windows_guest())
        with pytest.raises(Refused, match="FileNotFound"):
            await run(caller, machine.ref, path, "/c exit")


async def test_what_a_shell_has_started_outlives_it_and_holds_its_files() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        guest = machine.install(windows_guest())
        guest.programs[r"C:\x.exe"] = lambda *_: Result(seconds=math.inf)
        guest.files[r"C:\out"] = GuestFile()
        shell = await run(caller, machine.ref, CMD, r"/c C:\x.exe > C:\out")
        kill = gm.TerminateProcessInGuestArgs(vm=machine.ref, auth=ADMINISTRATOR, pid=shell)
        await caller.call(gm.TERMINATE_PROCESS_IN_GUEST, PROCESSES, kill)
        delete = gm.DeleteFileInGuestArgs(vm=machine.ref, auth=ADMINISTRATOR, file_path=r"C:\out")
        with pytest.raises(Refused, match="FileLocked"):
            await caller.call(gm.DELETE_FILE_IN_GUEST, FILES, delete)
        child = next(each.pid for each in guest.processes.values() if each.parent == shell)
        taskkill = r"C:\Windows\System32\taskkill.exe"
        await run(caller, machine.ref, taskkill, f"/F /PID {child}")
        await caller.call(gm.DELETE_FILE_IN_GUEST, FILES, delete)
