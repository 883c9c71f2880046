"""From QEMU's answers about itself to `BinaryCapabilities`; no I/O.

The answers have the forms of QEMU's QAPI schema (``qapi/machine.json``, ``machine-target.json``,
``qom.json``, ``control.json``); what is not needed of them is dropped here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from aiovirt.drivers.qemu.binaries.capabilities import (
    BinaryCapabilities,
    CPUModel,
    CPUOffer,
    Feature,
    Machine,
    Properties,
)
from aiovirt.errors import ProtocolError
from aiovirt.protocols.qmp.schema import Schema

__all__ = ["EMULATED", "PARTS", "QUERIES", "Query", "interpret", "lacking_parts"]


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


def _expansion(model: str, **props: bool) -> Query:
    """All that a CPU model has. ``host`` is there with KVM only; others lack ``migratable``."""
    wanted = {"name": model, "props": {name.replace("_", "-"): on for name, on in props.items()}}
    return Query("query-cpu-model-expansion", {"type": "full", "model": wanted}, optional=True)


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
    "tpm_behind": Query("query-tpm-types", optional=True),
    "host_cpu": _expansion("host", migratable=False),
    "moved_cpu": _expansion("host", migratable=True),
    "max_cpu": _expansion("max", migratable=False),
    "windows_cpu": _expansion("host", hv_passthrough=True),
}
"""What a binary is asked, by the name under which `interpret` wants the answer."""

EMULATED: Final = {name: QUERIES[name] for name in ("cpus", "max_cpu")}
"""What one that can use KVM is asked once more without it."""

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

# A kind of display that is in an enumeration of QEMU's where it was built with it.
_DISPLAYS: Final = {
    Feature.SDL: "sdl",
    Feature.EGL_HEADLESS: "egl-headless",
    Feature.DBUS_DISPLAY: "dbus",
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
    numa_mem_supported: bool = False


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


class _Property(msgspec.Struct):
    name: str


class _Parameter(msgspec.Struct):
    name: str


class _Option(msgspec.Struct):
    option: str
    parameters: list[_Parameter]


class _GIC(msgspec.Struct):
    version: int
    emulated: bool
    kernel: bool


class _Model(msgspec.Struct):
    props: dict[str, object] = {}


class _Expansion(msgspec.Struct):
    model: _Model


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
    tpm_behind: list[str] = []
    host_cpu: _Expansion | None = None
    moved_cpu: _Expansion | None = None
    max_cpu: _Expansion | None = None
    windows_cpu: _Expansion | None = None
    properties: dict[str, list[_Property] | None] = {}


class _Emulated(msgspec.Struct):
    cpus: list[_CPU] = []
    max_cpu: _Expansion | None = None


def interpret(
    path: str, answers: Mapping[str, object], emulated: Mapping[str, object] | None = None
) -> BinaryCapabilities:
    """What a binary can do.

    Args:
        path: The binary.
        answers: What it answered to `QUERIES`; those of optional queries may be missing.  Beside
            them ``properties``: what it told of each device that it was asked about, None where
            it ended instead, as it would with a guest that has one.
        emulated: What it answered to `EMULATED` without KVM, if it can use that.

    Raises:
        ProtocolError: An answer does not have the form that QEMU's schema gives it.
    """
    try:
        found = msgspec.convert(answers, _Answers)
        without = None if emulated is None else msgspec.convert(emulated, _Emulated)
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
        devices=_devices(found),
        objects=_names(found.objects),
        block_drivers=schema.cases("blockdev-add"),
        netdevs=schema.cases("netdev_add"),
        commands=schema.commands,
        options=frozenset(option.option for option in found.options),
        features=_features(schema, found.options),
        gic_versions=_gic_versions(found),
        tpm_models=tuple(found.tpm),
        tpm_backends=tuple(found.tpm_behind),
        offers=_offers(found, without),
        properties=_properties(found),
    )


def _offers(found: _Answers, without: _Emulated | None) -> dict[str, CPUOffer]:
    """The CPUs with each accelerator: the answers are about the best one."""
    if not found.kvm.enabled:
        return {"qemu": _offer(found.cpus, found.max_cpu)}
    best = _offer(found.cpus, found.host_cpu, found.moved_cpu)
    offers = {"kvm": msgspec.structs.replace(best, enlightenments=_enlightenments(found))}
    if without is not None:
        offers["qemu"] = _offer(without.cpus, without.max_cpu)
    return offers


def _offer(
    cpus: Iterable[_CPU], best: _Expansion | None, moved: _Expansion | None = None
) -> CPUOffer:
    numbers: dict[str, int] = {}

    def numbered(names: Iterable[str]) -> tuple[int, ...]:
        return tuple(numbers.setdefault(name, len(numbers)) for name in names)

    props = best.model.props if best is not None else {}
    features = _set(props)
    movable = [name for name in features if moved is None or moved.model.props.get(name) is True]
    family, model, stepping = (_number(props.get(name)) for name in _SIGNATURE)
    return CPUOffer(
        blocked={
            cpu.name: None if (missing := cpu.unavailable_features) is None else numbered(missing)
            for cpu in cpus
        },
        known=numbered(name for name, value in props.items() if isinstance(value, bool)),
        features=numbered(features),
        movable=numbered(movable),
        vendor=str(props.get("vendor", "")),
        signature=(family, model, stepping) if family else None,
        words=tuple(numbers),
    )


def _enlightenments(found: _Answers) -> tuple[str, ...]:
    """What a CPU has that is given all of the host's enlightenments."""
    props = found.windows_cpu.model.props if found.windows_cpu is not None else {}
    return tuple(name[3:] for name in _set(props) if name.startswith("hv-"))


_SIGNATURE: Final = ("family", "model", "stepping")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _set(props: Mapping[str, object]) -> list[str]:
    return [name for name, value in props.items() if value is True]


def _names(types: Iterable[_Type]) -> frozenset[str]:
    return frozenset(type_.name for type_ in types)


def _devices(found: _Answers) -> frozenset[str]:
    """The types that can be made: some are there without the module that has a part of them."""
    names = _names(found.devices)
    fatal = {driver for driver, told in found.properties.items() if told is None}
    return names - fatal - lacking_parts(names)


def _properties(found: _Answers) -> Properties:
    words: dict[str, int] = {}
    numbers = {
        driver: tuple(words.setdefault(each.name, len(words)) for each in told)
        for driver, told in found.properties.items()
        if told is not None
    }
    return Properties(tuple(words), numbers)


PARTS: Final = {
    "virtio-gpu-gl-pci": "virtio-gpu-gl-device",
    "virtio-vga-gl": "virtio-gpu-gl-device",
}
"""Devices that are made of another, without which QEMU 7.2 aborts at any mention of them."""


def lacking_parts(names: Collection[str]) -> frozenset[str]:
    """The devices that cannot be made with these, as what they are made of is not among them."""
    return frozenset(whole for whole, part in PARTS.items() if part not in names)


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
        numa_mem=found.numa_mem_supported,
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
    features |= {
        name
        for name, kind in _DISPLAYS.items()
        if not schema.check_result("query-display-options", {"type": kind})
    }
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
