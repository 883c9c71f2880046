"""The machines of a host: their numbers, names, UUIDs, files and states.

A machine's number (``Vmid``) is the host's and stays while it is registered; its UUID is the one of
its BIOS, as libvirt has it.  ``vim-cmd vmsvc/getallvms`` prints names and notes without any
quoting, so only numbers are taken from it, and all else from each machine's summary.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from uuid import UUID

from aiovirt._tasks import gather
from aiovirt.drivers.common.vmx.escapes import unescape_name
from aiovirt.drivers.esxssh.failures import refusal
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.errors import ConfigError, NotFound, ProtocolError
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.protocols.esxcli import DatastorePath, VimObject, VimReference, find_vim

__all__ = ["OFF", "ON", "SUSPENDED", "Inventory", "Machine"]

ON, OFF, SUSPENDED = "poweredOn", "poweredOff", "suspended"

BATCH = 32
"""Machines whose summaries one command asks for."""

REASONS = {
    ON: StateReason.RUNNING_UNKNOWN,
    OFF: StateReason.SHUTOFF_UNKNOWN,
    SUSPENDED: StateReason.PAUSED_UNKNOWN,
}
"""The host does not tell why a machine is in its state."""

_NUMBER = re.compile(r"^\s*([0-9]+)\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as the host told of it.

    Attributes:
        vmid: Its number on the host.
        key: UUID and name.
        path: Its ``.vmx`` file.
        power: `ON`, `OFF` or `SUSPENDED`.
        booted: When it was started, as the host writes it; empty for one that is off.
        summary: All that the host told.
    """

    vmid: int
    key: DomainKey
    path: DatastorePath
    power: str
    booted: str
    summary: VimObject

    @property
    def active(self) -> bool:
        """Whether it runs or is suspended."""
        return self.power != OFF


def read_machine(vmid: int, summary: VimObject) -> Machine | None:
    """The machine of a summary; None for one whose configuration the host cannot read."""
    name, uuid = summary.text("config.name"), summary.text("config.uuid")
    path, power = summary.text("config.vmPathName"), summary.text("runtime.powerState")
    if not name or not uuid or not path or power not in REASONS:
        return None
    try:
        key = DomainKey(UUID(uuid), unescape_name(name))
        return Machine(
            vmid,
            key,
            DatastorePath.parse(path),
            power,
            summary.text("runtime.bootTime") or "",
            summary,
        )
    except (ValueError, ConfigError):
        return None


class Inventory:
    """Finds machines; remembers numbers, and of our own changes why states are as they are."""

    def __init__(self, host: EsxHost) -> None:
        self._host = host
        self._numbers: dict[UUID, int] = {}
        self._reasons: dict[UUID, tuple[str, StateReason]] = {}

    # --- looking ------------------------------------------------------------------------------

    async def machines(self) -> list[Machine]:
        """All machines, sorted by name.

        Raises:
            ConnectionLost: The connection ended.
        """
        what = "list its machines"
        listing = await self._host.link.run("vim-cmd vmsvc/getallvms", what)
        if listing.status:
            raise refusal(listing, f"{self._host.where} did not {what}")
        numbers = sorted(set(map(int, _NUMBER.findall(listing.text))))
        machines = await self._batches(numbers)
        self._numbers = {machine.key.uuid: machine.vmid for machine in machines}
        return sorted(machines, key=lambda machine: machine.key.name)

    async def _batches(self, numbers: Sequence[int]) -> list[Machine]:
        """Those of these machines that are there, asked for in some commands at once."""
        batches = [numbers[at : at + BATCH] for at in range(0, len(numbers), BATCH)]
        if len(batches) == 1:
            return await self._summaries(batches[0])
        found = await gather(*(partial(self._summaries, batch) for batch in batches))
        return [machine for batch in found for machine in batch]

    async def _summaries(self, numbers: Sequence[int]) -> list[Machine]:
        """Those of these machines that are there."""
        mark = f"@{secrets.token_hex(16)}"
        script = "".join(f"echo; echo {mark} {n}; vim-cmd vmsvc/get.summary {n}; " for n in numbers)
        output = await self._host.link.run(script, "tell of its machines")
        parts = re.split(rf"^{mark} ([0-9]+)\n", output.text, flags=re.MULTILINE)
        found = (_summary(int(n), text) for n, text in zip(parts[1::2], parts[2::2], strict=True))
        return [machine for machine in found if machine is not None]

    async def get(self, key: DomainKey) -> Machine:
        """The machine of a key, as it is now.

        Raises:
            NotFound: It is not there (any more).
        """
        number = self._numbers.get(key.uuid)
        for machine in await self._summaries([number]) if number is not None else ():
            if machine.key.uuid == key.uuid:
                return machine
        for machine in await self.machines():
            if machine.key.uuid == key.uuid:
                return machine
        raise NotFound(
            f"{self._host.where} has no domain {key.name!r} with UUID {key.uuid}",
            hint="it may have been unregistered; aiovirt list --all shows what is there",
        )

    async def by_name(self, name: str) -> Machine:
        """The machine of that name.

        Raises:
            NotFound: There is none; names that are near are the hint.
        """
        machines = await self.machines()
        for machine in machines:
            if machine.key.name == name:
                return machine
        near = get_close_matches(name, [machine.key.name for machine in machines], n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else None
        raise NotFound(f"{self._host.where} has no domain {name!r}", hint=hint)

    # --- what is told of them -----------------------------------------------------------------

    def reason(self, machine: Machine) -> StateReason:
        """Its state, with the reason where we brought it there."""
        power, reason = self._reasons.get(machine.key.uuid, ("", None))
        return reason if reason is not None and power == machine.power else REASONS[machine.power]

    def remember(self, machine: Machine, power: str, reason: StateReason) -> None:
        """Keep in mind why a machine is in a state."""
        self._reasons[machine.key.uuid] = (power, reason)

    def record(self, machine: Machine, automatic: Iterable[int] = ()) -> DomainRecord:
        """Its line of a listing.

        Args:
            machine: The machine.
            automatic: The numbers of those that start with the host.
        """
        return DomainRecord(
            machine.key,
            machine.vmid if machine.active else None,
            self.reason(machine),
            autostart=machine.vmid in set(automatic),
        )


def _summary(number: int, text: str) -> Machine | None:
    try:
        found = find_vim(text)
    except ProtocolError:
        return None
    for each in found:
        if isinstance(each, VimObject) and each.get("vm") == _reference(number):
            return read_machine(number, each)
    return None


def _reference(number: int) -> VimReference:
    return VimReference("vim.VirtualMachine", str(number))
