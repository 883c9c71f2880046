"""Changing the configuration of a machine that is there, by a definition.

What the API has a word for goes by that, also while the machine runs, as far as its host adds
memory and processors to it then.  All else is in the machine's ``.vmx`` file alone, which is
merged, written and read anew; that needs the machine to be off.
"""

from __future__ import annotations

from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import Vmx, merge
from aiovirt.drivers.common.vmx.section import UNLIMITED, Section
from aiovirt.drivers.esx.documents import Document, read_vmx
from aiovirt.drivers.esx.files import datacenter_of
from aiovirt.drivers.esx.machine import OFF, Machine
from aiovirt.drivers.esx.making import put_vmx
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import AiovirtError, InvalidState, NotFound
from aiovirt.protocols.vsphere.tables.base import SharesInfo
from aiovirt.protocols.vsphere.tables.enums import SharesLevel
from aiovirt.protocols.vsphere.tables.inventory import ResourceAllocationInfo
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec
from aiovirt.protocols.vsphere.tables.machine_methods import RECONFIG_VM_TASK, ReconfigVMTaskArgs

__all__ = ["reconfigure", "redefine"]

_SPOKEN: Final = frozenset(
    {
        "displayname",
        "memsize",
        "numvcpus",
        "cpuid.corespersocket",
        "annotation",
        "sched.mem.max",
        "sched.mem.minsize",
        "sched.cpu.shares",
        "uuid.bios",
    }
)
"""The keys of a file that the API has words for."""


async def reconfigure(
    session: Session, machine: Machine, spec: VirtualMachineConfigSpec, *, what: str
) -> None:
    """Change a machine by the API.

    Raises:
        AiovirtError: The server refused.
    """
    await session.change(RECONFIG_VM_TASK, machine, ReconfigVMTaskArgs(spec=spec), what=what)
    await session.inventory.refresh(machine.ref)


async def redefine(session: Session, machine: Machine, config: DomainConfig) -> None:
    """Make a machine what a definition says; what that does not speak of stays.

    Raises:
        ConfigError: Something in it is wrong; nothing was changed.
        InvalidState: It changes what cannot be changed while the machine is not off.
        AiovirtError: The server refused; the machine is as it was.
    """
    document = await read_vmx(session, machine)
    original = document.vmx
    wanted = merge(original, config, document.files)
    changed = {key for key in _keys(original, wanted) if original.get(key) != wanted.get(key)}
    if not changed:
        return
    if changed <= _SPOKEN:
        what = f"define domain {machine.name!r}"
        await reconfigure(session, machine, _spec(wanted, changed), what=what)
        return
    further = ", ".join(sorted(changed - _SPOKEN))
    if not document.own:
        raise NotFound(
            f"cannot define domain {machine.name!r}: {further} would change, and its file "
            f"{document.path} cannot be read",
            hint="the account needs the privileges Datastore.Browse and Datastore.FileManagement",
        )
    if machine.power != OFF:
        raise InvalidState(
            f"cannot define domain {machine.name!r} while it is not off: {further} would change",
            hint="stop it first, or change its devices by attach-device and the like",
        )
    await _write(session, machine, document, wanted)


def _keys(original: Vmx, wanted: Vmx) -> set[str]:
    return {key.lower() for each in (original, wanted) for key in each}


def _spec(wanted: Vmx, changed: set[str]) -> VirtualMachineConfigSpec:
    own = Section(wanted)
    memory = {"sched.mem.max", "sched.mem.minsize"} & changed
    return VirtualMachineConfigSpec(
        name=own.text("displayName") if "displayname" in changed else None,
        uuid=str(own.uuid("uuid.bios")) if "uuid.bios" in changed else None,
        annotation=(own.text("annotation") or "") if "annotation" in changed else None,
        memory_mb=own.number("memsize", 0) if "memsize" in changed else None,
        num_cpus=own.number("numvcpus", 1) if "numvcpus" in changed else None,
        num_cores_per_socket=own.number("cpuid.coresPerSocket", 1)
        if "cpuid.corespersocket" in changed
        else None,
        memory_allocation=_allocation(own) if memory else None,
        cpu_allocation=_shares(own) if "sched.cpu.shares" in changed else None,
    )


def _allocation(own: Section) -> ResourceAllocationInfo:
    return ResourceAllocationInfo(
        limit=own.number("sched.mem.max", UNLIMITED),
        reservation=max(own.number("sched.mem.minsize", 0), 0),
    )


def _shares(own: Section) -> ResourceAllocationInfo:
    """The weight of its processors: a word, or a number; normal where the file says nothing."""
    word = own.word("sched.cpu.shares") or "normal"
    levels = {str(level) for level in SharesLevel}
    if word in levels:
        # The number counts for custom weights only, and must be there all the same.
        return ResourceAllocationInfo(shares=SharesInfo(level=SharesLevel(word), shares=0))
    weight = own.number("sched.cpu.shares", 0)
    return ResourceAllocationInfo(shares=SharesInfo(level=SharesLevel.CUSTOM, shares=weight))


async def _write(session: Session, machine: Machine, document: Document, wanted: Vmx) -> None:
    path, datacenter = document.path, datacenter_of(session, machine)
    try:
        await put_vmx(session, machine.ref, path, datacenter, wanted)
    except AiovirtError:
        await put_vmx(session, machine.ref, path, datacenter, document.vmx)
        raise
    await session.inventory.refresh(machine.ref)
