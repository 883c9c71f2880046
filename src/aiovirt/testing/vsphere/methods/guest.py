"""Guest operations through VMware Tools: accounts, processes, environment."""

from __future__ import annotations

import math

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import guest_methods as m
from aiovirt.protocols.vsphere.tables.guest import (
    GuestAuthentication,
    GuestProcessInfo,
    NamePasswordAuthentication,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines.guest import Guest, Process
from aiovirt.testing.vsphere.machines.shell import run_command

__all__ = ["enter"]

QUERY = "VirtualMachine.GuestOperations.Query"
MODIFY = "VirtualMachine.GuestOperations.Modify"
EXECUTE = "VirtualMachine.GuestOperations.Execute"

KILLED = 9


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
    known = guest.program(spec.program_path)
    shell = spec.program_path.rpartition("/")[2] in {"sh", "bash"}
    if known is None and not shell:
        raise faults.file_not_found(spec.program_path)
    if spec.working_directory is not None and spec.working_directory not in guest.folders:
        raise faults.file_not_found(spec.working_directory)
    result = run_command(guest, spec.program_path, spec.arguments)
    guest.last_pid += 1
    began = call.world.clock.seconds()
    guest.processes[guest.last_pid] = Process(
        pid=guest.last_pid,
        name=spec.program_path.rpartition("/")[2],
        command=f"{spec.program_path} {spec.arguments}".strip(),
        owner=_account(args.auth),
        began=began,
        ends=began + result.seconds,
        status=result.status,
        start_time=call.world.clock.now(),
    )
    return guest.last_pid


@handles(m.LIST_PROCESSES_IN_GUEST)
def list_processes(call: Call, args: m.ListProcessesInGuestArgs) -> tuple[GuestProcessInfo, ...]:
    """Say what runs, and what ended lately."""
    guest = enter(call, args.vm, args.auth, QUERY)
    for process in guest.processes.values():
        _settle(call, process)
    wanted = [each for each in guest.processes.values() if not args.pids or each.pid in args.pids]
    return tuple(_told(each) for each in wanted)


@handles(m.TERMINATE_PROCESS_IN_GUEST)
def terminate_process(call: Call, args: m.TerminateProcessInGuestArgs) -> None:
    """End a process."""
    guest = enter(call, args.vm, args.auth, EXECUTE)
    process = guest.processes.get(args.pid)
    if process is not None:
        _settle(call, process)
    if process is None or process.end_time is not None:
        text = f"The process {args.pid} was not found."
        raise faults.VimFault(f.GuestProcessNotFound(pid=args.pid), text)
    process.ends, process.status = call.world.clock.seconds(), KILLED
    _settle(call, process)


@handles(m.READ_ENVIRONMENT_VARIABLE_IN_GUEST)
def read_environment(call: Call, args: m.ReadEnvironmentVariableInGuestArgs) -> tuple[str, ...]:
    """Say what is in the environment."""
    guest = enter(call, args.vm, args.auth, QUERY)
    names = args.names or tuple(guest.environment)
    return tuple(f"{name}={guest.environment[name]}" for name in names if name in guest.environment)


def _account(auth: GuestAuthentication) -> str:
    return auth.username if isinstance(auth, NamePasswordAuthentication) else ""


def _settle(call: Call, process: Process) -> None:
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
