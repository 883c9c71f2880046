"""Power operations: by the host, and by the guest's own will through VMware Tools."""

from __future__ import annotations

from collections.abc import Callable

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import machine_methods as m
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines import power
from aiovirt.testing.vsphere.machines.machine import OFF, ON, SUSPENDED, Machine
from aiovirt.testing.vsphere.machines.making import Home, move


@handles(m.POWER_ON_VM_TASK)
def power_on_vm(call: Call, args: m.PowerOnVMTaskArgs) -> Ref:
    """Start a machine, on another host if one is named."""
    call.check(args.host, "HostSystem", "host")

    def work() -> None:
        machine = _machine(call)
        machine.demand(OFF, SUSPENDED)
        if args.host is not None and args.host != machine.host:
            folder = call.world.get(call.this, "parent", Ref)
            pool = call.world.find(call.this, "resourcePool", Ref)
            move(machine, Home(folder, pool, args.host))
        power.power_on(machine, call.user)

    return call.task(work, name="VirtualMachine.powerOn")


@handles(m.POWER_OFF_VM_TASK)
def power_off_vm(call: Call, _: Empty) -> Ref:
    """Stop a machine at once."""
    return _power_task(call, power.power_off, "VirtualMachine.powerOff")


@handles(m.SUSPEND_VM_TASK)
def suspend_vm(call: Call, _: Empty) -> Ref:
    """Save a machine's memory and stop it."""
    return _power_task(call, power.suspend, "VirtualMachine.suspend")


@handles(m.RESET_VM_TASK)
def reset_vm(call: Call, _: Empty) -> Ref:
    """Start a machine anew at once."""
    return _power_task(call, power.reset, "VirtualMachine.reset")


def _power_task(call: Call, do: Callable[[Machine, str], None], name: str) -> Ref:
    return call.task(lambda: do(_machine(call), call.user), name=name)


@handles(m.SHUTDOWN_GUEST)
def shutdown_guest(call: Call, _: Empty) -> None:
    """Ask the guest to end."""
    _ask(call, e.VmGuestShutdownEvent, "shutdown", power.shut_down)


@handles(m.REBOOT_GUEST)
def reboot_guest(call: Call, _: Empty) -> None:
    """Ask the guest to start anew."""
    _ask(call, e.VmGuestRebootEvent, "reboot", power.reboot)


@handles(m.STANDBY_GUEST)
def standby_guest(call: Call, _: Empty) -> None:
    """Ask the guest to sleep."""
    _ask(call, e.VmGuestStandbyEvent, "standby", power.stand_by)


def _ask(call: Call, kind: type[e.Event], what: str, do: Callable[[Machine], None]) -> None:
    """Ask a guest for something; it does it after the answer, if it obeys."""
    machine = _machine(call)
    call.site.tasks.demand_idle(call.this)
    machine.demand_tools()
    power.post(machine, kind, f"guest OS {what}", call.user)
    if machine.guest.obeys:
        call.site.soon(lambda: do(machine))


@handles(m.TERMINATE_VM)
def terminate_vm(call: Call, _: Empty) -> None:
    """Kill a machine's process."""
    machine = _machine(call)
    machine.demand(ON)
    power.power_off(machine, call.user)


@handles(m.ANSWER_VM)
def answer_vm(call: Call, args: m.AnswerVMArgs) -> None:
    """Answer what a machine asks."""
    machine = _machine(call)
    question = machine.runtime.question
    if question is None or question.id != args.question_id:
        raise faults.invalid_argument("questionId")
    if args.answer_choice not in {each.key for each in question.choice.choice_info}:
        raise faults.invalid_argument("answerChoice")
    machine.run(question=None)


def _machine(call: Call) -> Machine:
    return call.site.machine(call.this)
