"""Changing the ``.vmx`` file of a machine that is off, so that the host knows it: whole, or not."""

from __future__ import annotations

from collections.abc import Callable

from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx
from aiovirt.drivers.esxssh.context import Context
from aiovirt.drivers.esxssh.describing import Descriptions
from aiovirt.drivers.esxssh.inventory import OFF, SUSPENDED, Machine
from aiovirt.errors import InvalidState

__all__ = ["check_off", "reload", "rewrite"]


def check_off(context: Context, machine: Machine, verb: str, hint: str | None = None) -> None:
    """See that a machine is off.

    Args:
        context: The host.
        machine: The machine.
        verb: What cannot be done otherwise, such as ``renamed``.
        hint: What else to do; without it, to stop the machine.

    Raises:
        InvalidState: It is not.
    """
    if machine.power != OFF:
        name = machine.key.name
        stop = f"aiovirt shutdown {name}"
        if machine.power == SUSPENDED:
            stop = f"aiovirt resume {name}, then {stop}"
        raise InvalidState(
            f"domain {name!r} on {context.host.where} is not off: it cannot be {verb}",
            hint=hint or stop,
        )


async def rewrite(
    context: Context, machine: Machine, change: Callable[[Vmx, DatastoreFiles], Vmx]
) -> None:
    """Change the file of a machine that is off, and let the host read it anew.

    Nothing is written where nothing changes, or where the machine runs meanwhile.

    Args:
        context: The host.
        machine: The machine, whose turn it is.
        change: Gives the file as it shall be; it may change the one that it is given.

    Raises:
        Busy: Somebody else changed the file meanwhile.
        InvalidState: The machine is not off any more.
        AiovirtError: `change` did, or the host could not; the file is as it was.

    Cancellation: as `HostFiles.replace`.
    """
    descriptions = Descriptions(context.host, context.datastores)
    files, names = descriptions.files, await descriptions.names(machine.path)
    old = await files.read(machine.path)
    new = change(Vmx.parse(old), names).to_bytes()
    if new != old:
        await files.replace(machine.path, old, new, machine.vmid)


async def reload(context: Context, machine: Machine) -> None:
    """Let the host read a machine's file anew.

    Raises:
        AiovirtError: It could not.
    """
    what = f"read the file of domain {machine.key.name!r} anew"
    await context.host.vim("vmsvc/reload", str(machine.vmid), what=what)
