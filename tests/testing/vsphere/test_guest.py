"""Guests of the simulator's machines: accounts, programs, files, what Tools tell."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio
import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import guest_methods as gm
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables.guest import (
    GuestPosixFileAttributes,
    GuestProcessInfo,
    GuestProgramSpec,
    NamePasswordAuthentication,
)
from aiovirt.testing.vsphere import FakeVSphere, Guest, GuestFile, Result
from aiovirt.testing.vsphere.machines.shell import run_command

pytestmark = pytest.mark.anyio

ROOT = NamePasswordAuthentication(interactive_session=False, username="root", password="secret")
AUTH = Ref("GuestAuthManager", "guestOperationsAuthManager")
FILES = Ref("GuestFileManager", "guestOperationsFileManager")
PROCESSES = Ref("GuestProcessManager", "guestOperationsProcessManager")


async def run(caller: Caller, vm: Ref, path: str, arguments: str = "") -> int:
    spec = GuestProgramSpec(program_path=path, arguments=arguments)
    args = gm.StartProgramInGuestArgs(vm=vm, auth=ROOT, spec=spec)
    return await caller.call(gm.START_PROGRAM_IN_GUEST, PROCESSES, args)


async def processes(caller: Caller, vm: Ref, *pids: int) -> tuple[GuestProcessInfo, ...]:
    args = gm.ListProcessesInGuestArgs(vm=vm, auth=ROOT, pids=pids)
    return await caller.call(gm.LIST_PROCESSES_IN_GUEST, PROCESSES, args)


def guest_of(fake: FakeVSphere) -> tuple[Ref, Guest]:
    machine = fake.machine("machine0")
    return machine.ref, machine.guest


async def test_tools_tell_of_the_guest() -> None:
    async with calling() as (fake, caller):
        ref, _ = guest_of(fake)
        told = await caller.one(ref, "guest")
        assert (told.host_name, told.ip_address) == ("machine0", "198.51.100.1")
        assert told.net[0].mac_address == "00:50:56:a0:00:01"
        assert told.guest_operations_ready
        await caller.do(mm.POWER_OFF_VM_TASK, ref)
        told = await caller.one(ref, "guest")
        assert (told.tools_running_status, told.ip_address) == ("guestToolsNotRunning", None)


async def test_who_may_enter_a_guest() -> None:
    async with calling() as (fake, caller):
        ref, guest = guest_of(fake)
        args = gm.ValidateCredentialsInGuestArgs(vm=ref, auth=ROOT)
        await caller.call(gm.VALIDATE_CREDENTIALS_IN_GUEST, AUTH, args)
        guest.accounts["root"] = "other"
        with pytest.raises(Refused, match="InvalidGuestLogin"):
            await caller.call(gm.VALIDATE_CREDENTIALS_IN_GUEST, AUTH, args)
        guest.tools = False
        with pytest.raises(Refused, match="GuestOperationsUnavailable"):
            await caller.call(gm.VALIDATE_CREDENTIALS_IN_GUEST, AUTH, args)
        await caller.do(mm.POWER_OFF_VM_TASK, ref)
        with pytest.raises(Refused, match="InvalidPowerState"):
            await caller.call(gm.VALIDATE_CREDENTIALS_IN_GUEST, AUTH, args)


async def test_an_account_of_the_server_needs_privileges_for_it() -> None:
    async with calling(user="reader") as (fake, caller):
        ref, _ = guest_of(fake)
        with pytest.raises(Refused, match="NoPermission"):
            await run(caller, ref, "/bin/true")


async def test_a_program_runs_and_writes_where_it_is_told_to() -> None:
    async with calling() as (fake, caller):
        ref, guest = guest_of(fake)
        pid = await run(caller, ref, "/bin/sh", "-c 'echo hello; hostname' > /tmp/out 2> /tmp/err")
        (told,) = await processes(caller, ref, pid)
        assert (told.exit_code, told.owner, told.name) == (0, "root", "sh")
        assert guest.files["/tmp/out"].data == b"hello\nmachine0\n"
        pid = await run(caller, ref, "/bin/false")
        (told,) = await processes(caller, ref, pid)
        assert told.exit_code == 1
        with pytest.raises(Refused, match="FileNotFound"):
            await run(caller, ref, "/bin/gone")


async def test_a_program_takes_its_time_and_can_be_ended() -> None:
    async with calling() as (fake, caller):
        ref, _ = guest_of(fake)
        short = await run(caller, ref, "/bin/sleep", "10")
        endless = await run(caller, ref, "/bin/sleep", "infinity")
        assert [each.end_time for each in await processes(caller, ref)] == [None, None]
        fake.clock.advance(10)
        assert [each.exit_code for each in await processes(caller, ref)] == [0, None]
        kill = gm.TerminateProcessInGuestArgs(vm=ref, auth=ROOT, pid=endless)
        await caller.call(gm.TERMINATE_PROCESS_IN_GUEST, PROCESSES, kill)
        (told,) = await processes(caller, ref, endless)
        assert told.exit_code == 9
        gone = gm.TerminateProcessInGuestArgs(vm=ref, auth=ROOT, pid=short)
        with pytest.raises(Refused, match="GuestProcessNotFound"):
            await caller.call(gm.TERMINATE_PROCESS_IN_GUEST, PROCESSES, gone)


async def test_the_environment() -> None:
    async with calling() as (fake, caller):
        ref, guest = guest_of(fake)
        guest.environment["A"] = "b"
        args = gm.ReadEnvironmentVariableInGuestArgs(vm=ref, auth=ROOT, names=("A", "GONE"))
        found = await caller.call(gm.READ_ENVIRONMENT_VARIABLE_IN_GUEST, PROCESSES, args)
        assert found == ("A=b",)


# --- files ----------------------------------------------------------------------------------------


async def test_a_file_goes_in_and_comes_out_by_its_address() -> None:
    async with calling() as (fake, caller):
        ref, guest = guest_of(fake)
        when = datetime(2026, 1, 1, tzinfo=UTC)
        args = gm.InitiateFileTransferToGuestArgs(
            vm=ref,
            auth=ROOT,
            guest_file_path="/tmp/a",
            file_attributes=GuestPosixFileAttributes(permissions=0o600, modification_time=when),
            file_size=4,
            overwrite=False,
        )
        url = await caller.call(gm.INITIATE_FILE_TRANSFER_TO_GUEST, FILES, args)
        base = f"http://127.0.0.1:{fake.port}"
        assert url.startswith(f"{base}/guestFile?")
        assert (await caller.http("PUT", url.removeprefix(base), b"abc")).status == 500
        assert (await caller.http("PUT", url.removeprefix(base), b"abcd")).status == 200
        assert guest.files["/tmp/a"] == GuestFile(b"abcd", 0o600, when)
        with pytest.raises(Refused, match="FileAlreadyExists"):
            await caller.call(gm.INITIATE_FILE_TRANSFER_TO_GUEST, FILES, args)
        read = gm.InitiateFileTransferFromGuestArgs(vm=ref, auth=ROOT, guest_file_path="/tmp/a")
        info = await caller.call(gm.INITIATE_FILE_TRANSFER_FROM_GUEST, FILES, read)
        assert info.size == 4
        assert (await caller.http("GET", info.url.removeprefix(base))).body == b"abcd"
        assert (await caller.http("GET", "/guestFile?id=1&token=guessed")).status == 403


async def test_folders_and_lists() -> None:
    async with calling() as (fake, caller):
        ref, guest = guest_of(fake)
        make = gm.MakeDirectoryInGuestArgs(
            vm=ref, auth=ROOT, directory_path="/tmp/a/b", create_parent_directories=False
        )
        with pytest.raises(Refused, match="FileNotFound"):
            await caller.call(gm.MAKE_DIRECTORY_IN_GUEST, FILES, make)
        parents = gm.MakeDirectoryInGuestArgs(
            vm=ref, auth=ROOT, directory_path="/tmp/a/b", create_parent_directories=True
        )
        await caller.call(gm.MAKE_DIRECTORY_IN_GUEST, FILES, parents)
        for name in "xyz":
            guest.files[f"/tmp/a/{name}"] = GuestFile(name.encode())
        args = gm.ListFilesInGuestArgs(vm=ref, auth=ROOT, file_path="/tmp/a", max_results=3)
        found = await caller.call(gm.LIST_FILES_IN_GUEST, FILES, args)
        assert [(each.path, each.type, each.size) for each in found.files] == [
            ("b", "directory", 0),
            ("x", "file", 1),
            ("y", "file", 1),
        ]
        assert found.remaining == 1
        delete = gm.DeleteDirectoryInGuestArgs(
            vm=ref, auth=ROOT, directory_path="/tmp/a", recursive=False
        )
        with pytest.raises(Refused, match="DirectoryNotEmpty"):
            await caller.call(gm.DELETE_DIRECTORY_IN_GUEST, FILES, delete)


async def test_moving_and_removing() -> None:
    async with calling() as (fake, caller):
        ref, guest = guest_of(fake)
        guest.files["/tmp/a"] = GuestFile(b"1")
        move = gm.MoveFileInGuestArgs(
            vm=ref, auth=ROOT, src_file_path="/tmp/a", dst_file_path="/tmp/b", overwrite=False
        )
        await caller.call(gm.MOVE_FILE_IN_GUEST, FILES, move)
        assert guest.files == {"/tmp/b": GuestFile(b"1")}
        delete = gm.DeleteFileInGuestArgs(vm=ref, auth=ROOT, file_path="/tmp/b")
        await caller.call(gm.DELETE_FILE_IN_GUEST, FILES, delete)
        with pytest.raises(Refused, match="FileNotFound"):
            await caller.call(gm.DELETE_FILE_IN_GUEST, FILES, delete)


# --- the shell ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "out", "err", "files"),
    [
        ("a 'b c'", b"a b c\n", b"", {}),
        ("a > /o", b"", b"", {"/o": b"a\n"}),
        ("a >> /i", b"", b"", {"/i": b"hia\n"}),
        ("a > /o 2>&1", b"", b"", {"/o": b"a\n"}),
    ],
)
def test_redirections(arguments: str, out: bytes, err: bytes, files: dict[str, bytes]) -> None:
    guest = Guest(files={"/i": GuestFile(b"hi")})
    result = run_command(guest, "echo", arguments)
    assert (result.out, result.err) == (out, err)
    for path, data in files.items():
        assert guest.files[path].data == data


def test_input_and_programs_of_a_tests_own() -> None:
    guest = Guest(files={"/i": GuestFile(b"hi")})
    guest.programs["/x"] = lambda _, words, given: Result(given * len(words), b"oops", 3)
    assert run_command(guest, "/x", "1 2 < /i") == Result(b"hihi", b"oops", 3)
    assert run_command(guest, "/gone", "").status == 127
    run_command(guest, "/bin/sh", '-c "/x 1 < /i" > /both 2>&1')
    assert guest.files["/both"].data == b"hioops"


async def test_processes_end_with_the_machine() -> None:
    async with calling() as (fake, caller):
        ref, guest = guest_of(fake)
        await run(caller, ref, "/bin/sleep", "infinity")
        await caller.call(mm.REBOOT_GUEST, ref)
        while guest.processes:
            await anyio.lowlevel.checkpoint()
