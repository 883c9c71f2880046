"""Guest operations through VMware Tools: accounts, processes, environment."""

from __future__ import annotations

import math

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import guest_methods as m
from aiovirt.protocols.vsphere.tables.guest import (
    GuestAuthentication,
    GuestProcessInfo,
    GuestProgramSpec,
    NamePasswordAuthentication,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines.guest import WINDOWS, Guest, Process, Result
from aiovirt.testing.vsphere.machines.shell import run_command
from aiovirt.testing.vsphere.machines.windows import Child, run_windows

__all__ = ["enter", "settle"]

QUERY = "VirtualMachine.GuestOperations.Query"
MODIFY = "VirtualMachine.GuestOperations.Modify"
EXECUTE = "VirtualMachine.GuestOperations.Execute"

KILLED, FORCED = 9, 1


def enter(call: Call, vm: Ref, auth: GuestAuthentication, privilege: str) -> Guest:
    """The guest of a machine, for who has an account there.

    Raises:
        VimFault: The machine or its Tools do not run, or the account is wrong.
    """
    call.check(vm, "VirtualMachine", "vm")
    call.demand(privilege, vm)
    machine = call.site.machine(vm)
    if machine.power != "poweredOn":
        raise faults.invalid_power_state(machine.power)
    if not machine.tools_run:
        text = "The guest operations agent could not be contacted."
        raise faults.VimFault(f.GuestOperationsUnavailable(), text)
    if not isinstance(auth, NamePasswordAuthentication):
        raise faults.invalid_argument("auth")
    known = machine.guest.accounts.get(auth.username)
    if known is None or known != auth.password:
        text = (
            "Failed to authenticate with the guest operating system using the supplied credentials."
        )
        raise faults.VimFault(f.InvalidGuestLogin(), text)
    return machine.guest


@handles(m.VALIDATE_CREDENTIALS_IN_GUEST)
def validate_credentials(call: Call, args: m.ValidateCredentialsInGuestArgs) -> None:
    """Say whether an account is right."""
    enter(call, args.vm, args.auth, QUERY)


# --- processes ------------------------------------------------------------------------------------


@handles(m.START_PROGRAM_IN_GUEST)
def start_program(call: Call, args: m.StartProgramInGuestArgs) -> int:
    """Start a program; its number."""
    guest = enter(call, args.vm, args.auth, EXECUTE)
    spec = args.spec
    folder = spec.working_directory or None
    if folder is not None and folder not in guest.folders:
        raise faults.file_not_found(folder)
    account = _account(args.auth)
    result, children = _RUN[guest.family](guest, spec, folder or guest.temporary)
    for killed in result.kills:
        _end(call, guest.processes[killed], FORCED)
    command = f"{spec.program_path} {spec.arguments}".strip()
    whole = Child(guest.paths.basename(spec.program_path), command, result, frozenset())
    process = _begin(call, guest, whole, account, None)
    for child in children:
        _begin(call, guest, child, account, process.pid)
    return process.pid


def _run_unix(guest: Guest, spec: GuestProgramSpec, _: str) -> tuple[Result, list[Child]]:
    known = guest.program(spec.program_path)
    shell = spec.program_path.rpartition("/")[2] in {"sh", "bash"}
    if known is None and not shell:
        raise faults.file_not_found(spec.program_path)
    return run_command(guest, spec.program_path, spec.arguments), []


def _run_windows(guest: Guest, spec: GuestProgramSpec, folder: str) -> tuple[Result, list[Child]]:
    path = spec.program_path
    if not guest.is_whole(path) or guest.program(path) is None:
        raise faults.file_not_found(path)
    given = dict(each.split("=", 1) for each in spec.env_variables if "=" in each)
    # They are no additions: they define the whole set, as the API's reference says.
    return run_windows(guest, path, spec.arguments, given or guest.environment, folder)


_RUN = {"linuxGuest": _run_unix, WINDOWS: _run_windows}


def _begin(call: Call, guest: Guest, made: Child, owner: str, parent: int | None) -> Process:
    """Let a process run from now on, as long as it takes."""
    guest.last_pid += 1
    began = call.world.clock.seconds()
    process = Process(
        pid=guest.last_pid,
        name=made.name,
        command=made.command,
        owner=owner,
        began=began,
        ends=began + made.result.seconds,
        status=made.result.status,
        start_time=call.world.clock.now(),
        parent=parent,
        holds=made.holds,
    )
    guest.processes[process.pid] = process
    return process


@handles(m.LIST_PROCESSES_IN_GUEST)
def list_processes(call: Call, args: m.ListProcessesInGuestArgs) -> tuple[GuestProcessInfo, ...]:
    """Say what runs, and what ended lately."""
    guest = enter(call, args.vm, args.auth, QUERY)
    for process in guest.processes.values():
        settle(call, process)
    wanted = [each for each in guest.processes.values() if not args.pids or each.pid in args.pids]
    return tuple(_told(each) for each in wanted)


@handles(m.TERMINATE_PROCESS_IN_GUEST)
def terminate_process(call: Call, args: m.TerminateProcessInGuestArgs) -> None:
    """End a process."""
    guest = enter(call, args.vm, args.auth, EXECUTE)
    process = guest.processes.get(args.pid)
    if process is not None:
        settle(call, process)
    if process is None or process.end_time is not None:
        text = f"The process {args.pid} was not found."
        raise faults.VimFault(f.GuestProcessNotFound(pid=args.pid), text)
    _end(call, process, KILLED)


@handles(m.READ_ENVIRONMENT_VARIABLE_IN_GUEST)
def read_environment(call: Call, args: m.ReadEnvironmentVariableInGuestArgs) -> tuple[str, ...]:
    """Say what is in the environment."""
    guest = enter(call, args.vm, args.auth, QUERY)
    # In Windows capital letters are as small ones.
    same = str.lower if guest.family == WINDOWS else str
    known = {same(name): value for name, value in guest.environment.items()}
    names = args.names or tuple(guest.environment)
    return tuple(f"{name}={known[same(name)]}" for name in names if same(name) in known)


def _account(auth: GuestAuthentication) -> str:
    return auth.username if isinstance(auth, NamePasswordAuthentication) else ""


def _end(call: Call, process: Process, status: int) -> None:
    process.ends, process.status = call.world.clock.seconds(), status
    settle(call, process)


def settle(call: Call, process: Process) -> None:
    """Let a process have ended, if its time has come."""
    clock = call.world.clock
    over = not math.isinf(process.ends) and clock.seconds() >= process.ends
    if process.end_time is None and over:
        process.end_time = clock.at(process.ends)


def _told(process: Process) -> GuestProcessInfo:
    ended = process.end_time is not None
    return GuestProcessInfo(
        name=process.name,
        pid=process.pid,
        owner=process.owner,
        cmd_line=process.command,
        start_time=process.start_time,
        end_time=process.end_time,
        exit_code=process.status if ended else None,
    )
