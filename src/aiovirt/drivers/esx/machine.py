"""A machine as the inventory has it, and what libvirt makes of its states."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from aiovirt.drivers.common.vmx.escapes import unescape_name
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState as Power
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineQuestionInfo,
    VirtualMachineSnapshotInfo,
)

__all__ = ["OFF", "ON", "REASONS", "SUSPENDED", "Machine", "number_of", "read_machine"]

ON: Final = Power.POWERED_ON
OFF: Final = Power.POWERED_OFF
SUSPENDED: Final = Power.SUSPENDED

REASONS: Final[Mapping[str, StateReason]] = {
    ON: StateReason.RUNNING_UNKNOWN,
    OFF: StateReason.SHUTOFF_UNKNOWN,
    SUSPENDED: StateReason.PAUSED_UNKNOWN,
}
"""The state of each power state, where nobody knows why it is so. As libvirt has it."""

_NUMBER = re.compile(r"(?:vm-)?([0-9]+)")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one machine without asking.

    Attributes:
        ref: The object.
        key: UUID and name.
        power: Its power state; a text where the server has a new one.
        template: Whether it is a template, which never runs.
        memory_mib: Its memory.
        memory_limit_mib: How much of that it gets of its host's at most; -1 for all.
        vcpus: Its processors.
        host: Where it is, or None.
        booted: When it was started, or None.
        question: The question that it waits with for an answer, or None.
        version: What changes with each change of its configuration.
        snapshot: Its snapshots, or None without any.
    """

    ref: Ref
    key: DomainKey
    power: Power | str
    template: bool
    memory_mib: int
    memory_limit_mib: int
    vcpus: int
    host: Ref | None
    booted: datetime | None
    question: VirtualMachineQuestionInfo | None
    version: str
    snapshot: VirtualMachineSnapshotInfo | None

    @property
    def name(self) -> str:
        """Its name, unescaped."""
        return self.key.name

    @property
    def active(self) -> bool:
        """Whether it runs or is suspended."""
        return self.power != OFF

    @property
    def number(self) -> int | None:
        """The number that libvirt has for it while it is active."""
        return number_of(self.ref) if self.active else None

    def record(self, reason: StateReason, *, autostart: bool = False) -> DomainRecord:
        """Its line of a listing."""
        return DomainRecord(self.key, self.number, reason, autostart=autostart)


class _Wire(NamedTuple):
    """What `DomainKey.from_wire` takes: it makes no UUID before one is asked for."""

    uuid: bytes
    name: str


def number_of(ref: Ref) -> int | None:
    """The number of a machine: ``vm-9`` is 9, as libvirt has it, and ESX's ``9`` is, too."""
    found = _NUMBER.fullmatch(ref.value)
    return int(found[1]) if found else None


def read_machine(ref: Ref, known: Mapping[str, Any]) -> Machine:
    """The machine of an object's properties; what the server left out is empty.

    A machine whose configuration its host cannot read has no UUID; libvirt gives it one of zeros.
    """
    uuid = known.get("config.uuid")
    return Machine(
        ref=ref,
        key=DomainKey.from_wire(_Wire(_bytes(uuid), unescape_name(known.get("name") or ""))),
        power=known.get("runtime.powerState") or OFF,
        template=known.get("config.template") is True,
        memory_mib=known.get("config.hardware.memoryMB") or 0,
        memory_limit_mib=known.get("config.memoryAllocation.limit", -1),
        vcpus=known.get("config.hardware.numCPU") or 0,
        host=known.get("runtime.host"),
        booted=known.get("runtime.bootTime"),
        question=known.get("runtime.question"),
        version=known.get("config.changeVersion") or "",
        snapshot=known.get("snapshot"),
    )


def _bytes(uuid: str | None) -> bytes:
    try:
        return UUID(uuid).bytes if uuid else bytes(16)
    except ValueError:
        return bytes(16)
