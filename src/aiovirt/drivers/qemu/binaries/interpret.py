"""From QEMU's answers about itself to `BinaryCapabilities`; no I/O.

The answers have the forms of QEMU's QAPI schema (``qapi/machine.json``, ``machine-target.json``,
``qom.json``, ``control.json``); what is not needed of them is dropped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from aiovirt.drivers.qemu.binaries.capabilities import (
    BinaryCapabilities,
    CPUModel,
    Feature,
    Machine,
)
from aiovirt.errors import ProtocolError
from aiovirt.protocols.qmp.schema import Schema

__all__ = ["QUERIES", "Query", "interpret"]


class Query(msgspec.Struct, frozen=True):
    """A command to send, with its arguments.

    Attributes:
        command: The QMP command.
        arguments: Its arguments.
        optional: Whether a binary may lack it (it is for one architecture, or newer).
    """

    command: str
    arguments: dict[str, object] = {}
    optional: bool = False


QUERIES: Final[dict[str, Query]] = {
    "version": Query("query-version"),
    "target": Query("query-target"),
    "machines": Query("query-machines"),
    "cpus": Query("query-cpu-definitions", optional=True),
    "devices": Query("qom-list-types", {"implements": "device", "abstract": False}),
    "objects": Query("qom-list-types", {"implements": "user-creatable", "abstract": False}),
    "accelerators": Query("qom-list-types", {"implements": "accel", "abstract": False}),
    "kvm": Query("query-kvm"),
    "options": Query("query-command-line-options"),
    "schema": Query("query-qmp-schema"),
    "gic": Query("query-gic-capabilities", optional=True),
    "tpm": Query("query-tpm-models", optional=True),
}
"""What a binary is asked, by the name under which `interpret` wants the answer."""

# A command that QEMU's schema lets pass where the feature is there.
_SIGNS: Final[dict[str, tuple[str, dict[str, object]]]] = {
    Feature.VNC: ("query-vnc", {}),
    Feature.SPICE: ("query-spice", {}),
    Feature.SCREENDUMP_PNG: ("screendump", {"filename": "f", "format": "png"}),
    Feature.NETDEV_USER: ("netdev_add", {"type": "user", "id": "n"}),
    Feature.IO_URING: ("blockdev-add", {"driver": "file", "filename": "f", "aio": "io_uring"}),
    Feature.CHARDEV_SPICEVMC: (
        "chardev-add",
        {"id": "c", "backend": {"type": "spicevmc", "data": {"type": "vdagent"}}},
    ),
    Feature.CHARDEV_VDAGENT: (
        "chardev-add",
        {"id": "c", "backend": {"type": "qemu-vdagent", "data": {}}},
    ),
}

# QEMU's names of targets where libvirt has another.
_ARCHES: Final = {"i386": "i686", "arm": "armv7l"}


class _VersionTriple(msgspec.Struct):
    major: int
    minor: int
    micro: int


class _Version(msgspec.Struct):
    qemu: _VersionTriple
    package: str = ""


class _Target(msgspec.Struct):
    arch: str


class _Machine(msgspec.Struct, rename="kebab"):
    name: str
    alias: str | None = None
    is_default: bool = False
    cpu_max: int = 1
    deprecated: bool = False
    default_cpu_type: str | None = None
    default_ram_id: str | None = None


class _CPU(msgspec.Struct, rename="kebab"):
    name: str
    typename: str
    unavailable_features: list[str] | None = None
    deprecated: bool = False


class _Type(msgspec.Struct):
    name: str


class _KVM(msgspec.Struct):
    enabled: bool
    present: bool


class _Parameter(msgspec.Struct):
    name: str


class _Option(msgspec.Struct):
    option: str
    parameters: list[_Parameter]


class _GIC(msgspec.Struct):
    version: int
    emulated: bool
    kernel: bool


class _Answers(msgspec.Struct):
    version: _Version
    target: _Target
    machines: list[_Machine]
    devices: list[_Type]
    objects: list[_Type]
    accelerators: list[_Type]
    kvm: _KVM
    options: list[_Option]
    schema: list[dict[str, object]]
    cpus: list[_CPU] = []
    gic: list[_GIC] = []
    tpm: list[str] = []


def interpret(path: str, answers: Mapping[str, object]) -> BinaryCapabilities:
    """What a binary can do.

    Args:
        path: The binary.
        answers: What it answered to `QUERIES`; those of optional queries may be missing.

    Raises:
        ProtocolError: An answer does not have the form that QEMU's schema gives it.
    """
    try:
        found = msgspec.convert(answers, _Answers)
        schema = Schema(found.schema)
    except msgspec.ValidationError as error:
        raise ProtocolError(
            f"{path} describes itself in a way that QEMU does not: {error}"
        ) from error
    version = found.version
    return BinaryCapabilities(
        path=path,
        version=(version.qemu.major, version.qemu.minor, version.qemu.micro),
        package=version.package,
        arch=_ARCHES.get(found.target.arch, found.target.arch),
        accelerators=_accelerators(found),
        machines=tuple(_machine(machine) for machine in found.machines),
        cpu_models=tuple(_cpu_model(cpu) for cpu in found.cpus),
        devices=_names(found.devices),
        objects=_names(found.objects),
        commands=schema.commands,
        options=frozenset(option.option for option in found.options),
        features=_features(schema, found.options),
        gic_versions=_gic_versions(found),
        tpm_models=tuple(found.tpm),
    )


def _names(types: Iterable[_Type]) -> frozenset[str]:
    return frozenset(type_.name for type_ in types)


def _accelerators(found: _Answers) -> tuple[str, ...]:
    usable = {"kvm": found.kvm.enabled, "tcg": "tcg-accel" in _names(found.accelerators)}
    return tuple(name for name, can in usable.items() if can)


def _machine(found: _Machine) -> Machine:
    return Machine(
        name=found.name,
        alias=found.alias,
        max_cpus=found.cpu_max,
        default=found.is_default,
        deprecated=found.deprecated,
        default_cpu=found.default_cpu_type,
        ram_id=found.default_ram_id,
    )


def _cpu_model(found: _CPU) -> CPUModel:
    missing = found.unavailable_features
    return CPUModel(
        name=found.name,
        type=found.typename,
        usable=None if missing is None else not missing,
        deprecated=found.deprecated,
    )


def _features(schema: Schema, options: Sequence[_Option]) -> frozenset[str]:
    features = {name for name, sign in _SIGNS.items() if not schema.check_command(*sign)}
    by_name = {option.option: option for option in options}
    # without libseccomp the option is there, but takes nothing
    sandbox = by_name.get("sandbox")
    if sandbox is not None and sandbox.parameters:
        features.add(Feature.SANDBOX)
    if "action" in by_name:
        features.add(Feature.ACTION)
    return frozenset(features)


def _gic_versions(found: _Answers) -> tuple[int, ...]:
    kvm = found.kvm.enabled
    usable = {gic.version for gic in found.gic if (gic.kernel if kvm else gic.emulated)}
    return tuple(sorted(usable))
