"""What a domain may ask of one binary and machine type, as libvirt's domain capabilities XML.

A device model is listed when both this driver and the binary have it, so the document never
promises what a start would refuse.  The form is that of libvirt's domaincaps.rng.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiovirt.drivers.qemu.binaries.capabilities import (
    BinaryCapabilities,
    CPUModel,
    Feature,
    Machine,
)
from aiovirt.drivers.qemu.devices.families import Family, family_of
from aiovirt.drivers.qemu.devices.machine import default_machine
from aiovirt.drivers.qemu.devices.models import RNGS, VIDEOS, VIRTIO_BLK, Model, driver_of
from aiovirt.drivers.qemu.hostinfo.xml import Element, choices, make, supported, to_text
from aiovirt.errors import ConfigError, Unsupported

__all__ = ["domain_capabilities_xml"]

_USABLE: Final = {True: "yes", False: "no", None: "unknown"}
# CPU models that are modes of their own in libvirt
_MODES: Final = ("host", "max")
_DISK_BUSES: Final = (
    ("ide", "ide-hd"),
    ("fdc", "floppy"),
    ("scsi", "scsi-hd"),
    ("virtio", "virtio-blk-device"),
    ("usb", "usb-storage"),
    ("sata", "ide-hd"),
)
_BACKEND_MODELS: Final = {"random": "rng-random", "egd": "rng-egd", "builtin": "rng-builtin"}
_MEMORY_SOURCES: Final = {
    "file": "memory-backend-file",
    "anonymous": "memory-backend-ram",
    "memfd": "memory-backend-memfd",
}


def domain_capabilities_xml(
    binary: BinaryCapabilities, machine: str | None = None, virt_type: str | None = None
) -> str:
    """The document that ``virsh domcapabilities`` prints.

    Args:
        binary: The QEMU binary.
        machine: A machine type or its alias; the binary's default when None.
        virt_type: ``kvm`` or ``qemu``; the best usable when None.

    Raises:
        ConfigError: The binary has no such machine type, or cannot use KVM.
        Unsupported: This driver does not build the machine type.
    """
    found, family = _machine(binary, machine)
    virt_type = virt_type or ("kvm" if binary.kvm else "qemu")
    if virt_type not in ({"kvm", "qemu"} if binary.kvm else {"qemu"}):
        raise ConfigError(f"{binary.path} cannot run {virt_type} domains on this host")
    mmio = family.pci_root is None
    return to_text(
        make(
            "domainCapabilities",
            make("path", binary.path),
            make("domain", virt_type),
            make("machine", found.name),
            make("arch", binary.arch),
            make("vcpu", max=found.max_cpus),
            supported("iothreads", yes="iothread" in binary.objects),
            _os(),
            _cpu(binary, virt_type),
            _enumerated("memoryBacking", "sourceType", _objects(binary, _MEMORY_SOURCES)),
            make(
                "devices",
                _disk(binary, family),
                _enumerated("graphics", "type", _graphics(binary)),
                _enumerated("video", "modelType", [*_models(binary, VIDEOS, mmio=mmio), "none"]),
                supported("hostdev", yes=False),
                _rng(binary, mmio=mmio),
                supported("filesystem", yes=False),
                supported("tpm", yes=False),
                _redirdev(binary, family),
                _enumerated("channel", "type", _channels(binary)),
            ),
            _features(binary),
        )
    )


def _machine(binary: BinaryCapabilities, name: str | None) -> tuple[Machine, Family]:
    name = name or default_machine(binary)
    found = binary.machine(name) if name else None
    if found is None:
        what = f"machine type {name!r}" if name else "default machine type: name one"
        raise ConfigError(f"{binary.path} has no {what}", field="machine")
    family = family_of(found.name, binary.arch)
    if family is None:
        raise Unsupported("qemu", f"machine type {found.name}")
    return found, family


def _os() -> Element:
    return supported(
        "os",
        choices("firmware", ()),
        supported(
            "loader",
            choices("type", ("rom", "pflash")),
            choices("readonly", ("yes", "no")),
            choices("secure", ("no",)),
        ),
    )


def _cpu(binary: BinaryCapabilities, virt_type: str) -> Element:
    kvm = virt_type == "kvm"
    migratable = choices("hostPassthroughMigratable", ("on", "off"))
    listed = sorted((m for m in binary.cpu_models if m.name not in _MODES), key=lambda m: m.name)
    # judged under the accelerator that was probed, which is the first one
    judged = virt_type == ("kvm" if binary.accelerators[0] == "kvm" else "qemu")
    return make(
        "cpu",
        supported("mode", migratable, yes=kvm, name="host-passthrough"),
        supported("mode", choices("maximumMigratable", ("on", "off")), name="maximum"),
        supported("mode", name="host-model"),
        supported("mode", *(_cpu_model(m, judged=judged) for m in listed), name="custom"),
    )


def _cpu_model(model: CPUModel, *, judged: bool) -> Element:
    return make(
        "model",
        model.name,
        usable=_USABLE[model.usable if judged else None],
        deprecated="yes" if model.deprecated else None,
        vendor="unknown",
    )


def _enumerated(tag: str, name: str, values: list[str]) -> Element:
    return supported(tag, choices(name, values), yes=bool(values))


def _objects(binary: BinaryCapabilities, types: Mapping[str, str]) -> list[str]:
    return [word for word, type_ in types.items() if type_ in binary.objects]


def _models(binary: BinaryCapabilities, models: Mapping[str, Model], *, mmio: bool) -> list[str]:
    """The models that this binary has and that can be plugged into the machine."""
    return [
        word
        for word, model in models.items()
        if driver_of(model, mmio=mmio) in binary.devices
        and (not mmio or (model.virtio and not model.variant))
    ]


def _disk(binary: BinaryCapabilities, family: Family) -> Element:
    buses = [bus for bus, driver in _DISK_BUSES if driver in binary.devices]
    missing = {
        "ide": "ide" not in family.builtin_controllers,
        "fdc": not family.floppy,
        "usb": family.usb_model is None,
        "sata": family.pci_root is None,
    }
    return supported(
        "disk",
        choices("diskDevice", ("disk", "cdrom", "floppy") if family.floppy else ("disk", "cdrom")),
        choices("bus", (bus for bus in buses if not missing.get(bus))),
        choices("model", _models(binary, VIRTIO_BLK, mmio=family.pci_root is None)),
    )


def _graphics(binary: BinaryCapabilities) -> list[str]:
    return [kind for kind in (Feature.VNC, Feature.SPICE) if binary.has(kind)]


def _rng(binary: BinaryCapabilities, *, mmio: bool) -> Element:
    models = _models(binary, RNGS, mmio=mmio)
    backends = choices("backendModel", _objects(binary, _BACKEND_MODELS))
    return supported("rng", choices("model", models), backends, yes=bool(models))


def _redirdev(binary: BinaryCapabilities, family: Family) -> Element:
    usable = family.usb_model is not None and "usb-redir" in binary.devices
    return supported("redirdev", choices("bus", ("usb",)), yes=usable)


def _channels(binary: BinaryCapabilities) -> list[str]:
    spice = ["spicevmc"] if binary.has(Feature.CHARDEV_SPICEVMC) else []
    return ["pty", "unix", *spice]


def _features(binary: BinaryCapabilities) -> Element:
    gic = choices("version", binary.gic_versions)
    return make(
        "features",
        supported("gic", gic, yes=bool(binary.gic_versions)),
        supported("vmcoreinfo", yes="vmcoreinfo" in binary.devices),
        supported("genid", yes=False),
        supported("backingStoreInput", yes=False),
        supported("backup", yes=False),
        supported("sev", yes=False),
        supported("sgx", yes=False),
    )
