"""What a domain may ask of one binary and machine type, as libvirt's domain capabilities XML.

A device model is listed when both this driver and the binary have it, so the document never
promises what a start would refuse.  The form is that of libvirt's domaincaps.rng.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from aiovirt.drivers.qemu.argv.hyperv import SWITCHES
from aiovirt.drivers.qemu.binaries.capabilities import (
    BinaryCapabilities,
    CPUModel,
    CPUOffer,
    Machine,
)
from aiovirt.drivers.qemu.binaries.firmwares import Firmware
from aiovirt.drivers.qemu.devices.families import Family, family_of
from aiovirt.drivers.qemu.devices.firmware import INTERFACES, is_for
from aiovirt.drivers.qemu.devices.machine import default_machine
from aiovirt.drivers.qemu.hostinfo.cpus import X86, host_model
from aiovirt.drivers.qemu.hostinfo.domain_devices import devices, enumerated, objects_of
from aiovirt.drivers.qemu.hostinfo.offers import NOTHING_BESIDE, HostOffers
from aiovirt.drivers.qemu.hostinfo.xml import Element, choices, make, supported, to_text
from aiovirt.errors import ConfigError, Unsupported
from aiovirt.host.cpus import cpu_element, table

__all__ = ["domain_capabilities_xml"]

# CPU models that are modes of their own in libvirt; "max" is a model, too, where it has no map
_MODES: Final = ("host",)
_MEMORY_SOURCES: Final = {
    "file": "memory-backend-file",
    "anonymous": "memory-backend-ram",
    "memfd": "memory-backend-memfd",
}


def domain_capabilities_xml(
    binary: BinaryCapabilities,
    machine: str | None = None,
    virt_type: str | None = None,
    host: HostOffers = NOTHING_BESIDE,
) -> str:
    """The document that ``virsh domcapabilities`` prints.

    Args:
        binary: The QEMU binary.
        machine: A machine type or its alias; the binary's default when None.
        virt_type: ``kvm`` or ``qemu``; the best usable when None.
        host: What the host has beside the binary.

    Raises:
        ConfigError: The binary has no such machine type, or cannot use KVM.
        Unsupported: This driver does not build the machine type.
    """
    found, family = _machine(binary, machine)
    virt_type = virt_type or ("kvm" if binary.kvm else "qemu")
    if virt_type not in ({"kvm", "qemu"} if binary.kvm else {"qemu"}):
        raise ConfigError(f"{binary.path} cannot run {virt_type} domains on this host")
    return to_text(
        make(
            "domainCapabilities",
            make("path", binary.path),
            make("domain", virt_type),
            make("machine", found.name),
            make("arch", binary.arch),
            make("vcpu", max=found.max_cpus),
            supported("iothreads", yes="iothread" in binary.objects),
            _os(binary, found, host),
            _cpu(binary, virt_type),
            enumerated("memoryBacking", "sourceType", objects_of(binary, _MEMORY_SOURCES)),
            devices(binary, family, host),
            _features(binary, virt_type),
        )
    )


def _machine(binary: BinaryCapabilities, name: str | None) -> tuple[Machine, Family]:
    name = name or default_machine(binary) or ""
    found = binary.machine(name)
    if found is None:
        what = f"machine type {name!r}" if name else "default machine type: name one"
        raise ConfigError(f"{binary.path} has no {what}", field="machine")
    return found, _family(found, binary)


def _family(machine: Machine, binary: BinaryCapabilities) -> Family:
    found = family_of(machine.name, binary.arch)
    if found is None:
        raise Unsupported("qemu", f"machine type {machine.name}")
    return found


def _os(binary: BinaryCapabilities, machine: Machine, host: HostOffers) -> Element:
    """The firmwares that are chosen by their kind, and the images that they are in."""
    fitting = [each for each in host.firmwares if is_for(each, machine.name, binary.arch)]
    kinds = {kind for each in fitting for kind in each.interface_types}
    words = (word for word, kind in INTERFACES.items() if kind in kinds)
    return supported("os", choices("firmware", words), _loader(fitting))


def _loader(firmwares: Sequence[Firmware]) -> Element:
    images = (each.mapping.executable for each in firmwares)
    secure = any({"requires-smm", "secure-boot"} <= set(each.features) for each in firmwares)
    return supported(
        "loader",
        *(make("value", path) for path in dict.fromkeys(e.filename for e in images if e)),
        choices("type", ("rom", "pflash")),
        choices("readonly", ("yes", "no")),
        choices("secure", _SECURE[secure]),
    )


_SECURE: Final = {True: ("yes", "no"), False: ("no",)}


def _cpu(binary: BinaryCapabilities, virt_type: str) -> Element:
    kvm = virt_type == "kvm"
    migratable = choices("hostPassthroughMigratable", ("on", "off"))
    best = host_model(binary, virt_type)
    return make(
        "cpu",
        supported("mode", migratable, yes=kvm, name="host-passthrough"),
        supported("mode", choices("maximumMigratable", ("on", "off")), name="maximum"),
        cpu_element(best, "mode", name="host-model", supported="yes")
        if best is not None
        else supported("mode", yes=False, name="host-model"),
        supported("mode", *_cpu_models(binary, virt_type), name="custom"),
    )


def _cpu_models(binary: BinaryCapabilities, virt_type: str) -> Iterator[Element]:
    """The models that libvirt has a name for, too; of x86 it knows who makes them."""
    offer = binary.offers.get(virt_type)
    known = table().models if binary.arch in X86 else None
    for model in binary.cpu_models:
        if model.name in _MODES or (known is not None and model.name not in known):
            continue
        vendor = known[model.name].vendor if known is not None else None
        yield make(
            "model",
            model.name,
            usable=_usable(offer, model),
            deprecated="yes" if model.deprecated else None,
            vendor=vendor or "unknown",
        )


def _usable(offer: CPUOffer | None, model: CPUModel) -> str:
    blocked = offer.blocked.get(model.name) if offer is not None else None
    return "unknown" if blocked is None else "no" if blocked else "yes"


def _features(binary: BinaryCapabilities, virt_type: str) -> Element:
    gic = choices("version", binary.gic_versions)
    return make(
        "features",
        supported("gic", gic, yes=bool(binary.gic_versions)),
        supported("vmcoreinfo", yes="vmcoreinfo" in binary.devices),
        supported("genid", yes="vmgenid" in binary.devices),
        supported("backingStoreInput"),
        supported("backup", yes=binary.commands >= _BACKUP),
        *_encrypted(binary),
        supported("hyperv", choices("features", _enlightenments(binary, virt_type)))
        if binary.arch in X86
        else None,
    )


_BACKUP: Final = frozenset({"blockdev-backup", "block-dirty-bitmap-merge", "transaction"})


def _encrypted(binary: BinaryCapabilities) -> Iterator[Element]:
    """Memory that the host cannot read: told only of what the driver asks the host for."""
    if binary.arch == "s390x":
        yield supported("s390-pv", yes="s390-pv-guest" in binary.objects)
    yield supported("sev", yes=False)
    yield supported("sgx", yes=False)


def _enlightenments(binary: BinaryCapabilities, virt_type: str) -> Iterator[str]:
    """What the host has for Windows guests, and what needs nothing of it."""
    offer = binary.offers.get(virt_type)
    there = {*(offer.enlightenments if offer is not None else ()), "spinlocks", "vendor-id"}
    return (
        word for word in (*SWITCHES, "spinlocks", "vendor_id") if word.replace("_", "-") in there
    )
