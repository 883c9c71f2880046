"""Commands about what a QEMU binary can do."""

from __future__ import annotations

from typing import ClassVar

from aiovirt.protocols.qmp.commands._base import Command, Value
from aiovirt.protocols.qmp.commands.devices import PropertyInfo

__all__ = [
    "CommandInfo",
    "CommandLineOption",
    "CommandLineParameter",
    "CpuDefinition",
    "CpuModel",
    "CpuModelExpansion",
    "DeviceListProperties",
    "HumanMonitorCommand",
    "KvmInfo",
    "MachineInfo",
    "QomListTypes",
    "QomTypeInfo",
    "QueryCommandLineOptions",
    "QueryCommands",
    "QueryCpuDefinitions",
    "QueryCpuModelExpansion",
    "QueryKvm",
    "QueryMachines",
    "QueryQmpSchema",
    "QueryTarget",
    "TargetInfo",
]


class MachineInfo(Value, frozen=True):
    """A machine type."""

    name: str
    cpu_max: int
    hotpluggable_cpus: bool
    numa_mem_supported: bool = False
    deprecated: bool = False
    alias: str | None = None
    is_default: bool = False
    default_cpu_type: str | None = None
    default_ram_id: str | None = None


class QueryMachines(Command[list[MachineInfo]], frozen=True):
    """All machine types."""

    qmp_name: ClassVar[str] = "query-machines"
    result: ClassVar[object] = list[MachineInfo]


class CpuDefinition(Value, frozen=True):
    """A CPU model; `unavailable_features` is None where that is not known."""

    name: str
    typename: str
    static: bool
    deprecated: bool = False
    migration_safe: bool | None = None
    unavailable_features: list[str] | None = None
    alias_of: str | None = None


class QueryCpuDefinitions(Command[list[CpuDefinition]], frozen=True):
    """All CPU models; not every target has this command."""

    qmp_name: ClassVar[str] = "query-cpu-definitions"
    result: ClassVar[object] = list[CpuDefinition]


class CpuModel(Value, frozen=True):
    """A CPU model by name, with properties that differ from its own."""

    name: str
    props: dict[str, object] | None = None


class CpuModelExpansion(Value, frozen=True):
    """The result of `QueryCpuModelExpansion`."""

    model: CpuModel


class QueryCpuModelExpansion(Command[CpuModelExpansion], frozen=True):
    """What a CPU model stands for; `type` is ``static`` or ``full``."""

    qmp_name: ClassVar[str] = "query-cpu-model-expansion"
    result: ClassVar[object] = CpuModelExpansion
    type: str
    model: CpuModel


class CommandLineParameter(Value, frozen=True):
    """A parameter of an option."""

    name: str
    type: str
    help: str | None = None
    default: str | None = None


class CommandLineOption(Value, frozen=True):
    """An option of QEMU's command line."""

    option: str
    parameters: list[CommandLineParameter]


class QueryCommandLineOptions(Command[list[CommandLineOption]], frozen=True):
    """All options of the command line, or the one named."""

    qmp_name: ClassVar[str] = "query-command-line-options"
    result: ClassVar[object] = list[CommandLineOption]
    option: str | None = None


class CommandInfo(Value, frozen=True):
    """A QMP command."""

    name: str


class QueryCommands(Command[list[CommandInfo]], frozen=True):
    """All QMP commands."""

    qmp_name: ClassVar[str] = "query-commands"
    result: ClassVar[object] = list[CommandInfo]


class KvmInfo(Value, frozen=True):
    """Whether KVM is compiled in (`present`) and used (`enabled`)."""

    enabled: bool
    present: bool


class QueryKvm(Command[KvmInfo], frozen=True):
    """Whether KVM is used."""

    qmp_name: ClassVar[str] = "query-kvm"
    result: ClassVar[object] = KvmInfo


class TargetInfo(Value, frozen=True):
    """The architecture that a binary emulates."""

    arch: str


class QueryTarget(Command[TargetInfo], frozen=True):
    """The architecture."""

    qmp_name: ClassVar[str] = "query-target"
    result: ClassVar[object] = TargetInfo


class QomTypeInfo(Value, frozen=True):
    """A type of objects."""

    name: str
    abstract: bool = False
    parent: str | None = None


class QomListTypes(Command[list[QomTypeInfo]], frozen=True):
    """All types, or those that implement one; `abstract` includes abstract ones."""

    qmp_name: ClassVar[str] = "qom-list-types"
    result: ClassVar[object] = list[QomTypeInfo]
    implements: str | None = None
    abstract: bool | None = None


class DeviceListProperties(Command[list[PropertyInfo]], frozen=True):
    """The properties of a device type."""

    qmp_name: ClassVar[str] = "device-list-properties"
    result: ClassVar[object] = list[PropertyInfo]
    typename: str


class HumanMonitorCommand(Command[str], frozen=True):
    """Run a line of the human monitor, and return what it prints."""

    qmp_name: ClassVar[str] = "human-monitor-command"
    result: ClassVar[object] = str
    command_line: str
    cpu_index: int | None = None


class QueryQmpSchema(Command[list[dict[str, object]]], frozen=True):
    """The schema of all commands and events; `schema` makes use of it."""

    qmp_name: ClassVar[str] = "query-qmp-schema"
    result: ClassVar[object] = list[dict[str, object]]
