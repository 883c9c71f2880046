"""The domain itself: machine type, accelerator, CPU, clock, actions; what libvirt fills in.

Knows nothing of devices.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from aiovirt.config import VCPU, BootDevice, Clock, DomainConfig, OperatingSystem, element
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities, Machine
from aiovirt.drivers.qemu.devices.families import FAMILIES, Family, family_of
from aiovirt.model.units import Bytes

__all__ = ["default_machine", "family_for", "settle_domain"]

_ACTIONS: Final = {"on_poweroff": "destroy", "on_reboot": "restart", "on_crash": "destroy"}
_ALSO: Final = (("i686", "x86_64"), ("armv7l", "aarch64"), ("ppc64le", "ppc64"))
"""Architectures that a binary of another one runs as well."""

_VIRT_TYPES: Final = ("qemu", "kvm")


def family_for(config: DomainConfig) -> Family:
    """The family of a domain's machine type.

    Raises:
        XMLError: This driver builds no such machine.
    """
    machine, arch = config.os.machine or "", config.os.arch or ""
    family = family_of(machine, arch)
    if family is None:
        known = ", ".join(f"{family.name} ({'/'.join(family.arches)})" for family in FAMILIES)
        raise OperatingSystem.machine.error(
            config.os,
            f"the QEMU driver builds no {f'{arch} machine'.strip()} of type {machine!r}",
            expected=known,
        )
    return family


def settle_domain(config: DomainConfig, binary: BinaryCapabilities) -> Family:
    """Fill in what the domain itself leaves open, and check what it says.

    Raises:
        XMLError: The binary cannot do what it says.
    """
    _settle_type(config, binary)
    machine = _settle_machine(config, binary)
    family = family_for(config)
    _settle_vcpus(config, machine)
    _settle_memory(config)
    _settle_cpu(config, binary, machine)
    if config.uuid is None:
        config.uuid = uuid4()
    root = element(config)
    node = None if root is None else root.find("genid")
    if node is not None and not (node.text or "").strip():
        node.text = str(uuid4())
    if config.clock.offset is None:
        config.clock = Clock(offset="utc")
    for name, action in _ACTIONS.items():
        if getattr(config, name) is None:
            setattr(config, name, action)
    if not config.os.kernel and not config.os.boot and not _has_boot_order(config):
        config.os.boot = ("hd",)
    return family


def _has_boot_order(config: DomainConfig) -> bool:
    bootable = (device for device in config.devices.all() if isinstance(device, BootDevice))
    return any(device.boot_order is not None for device in bootable)


def _settle_type(config: DomainConfig, binary: BinaryCapabilities) -> None:
    if config.type not in _VIRT_TYPES:
        raise DomainConfig.type.error(
            config, f"the QEMU driver runs no {config.type} domains", expected="qemu or kvm"
        )
    if config.type == "kvm" and not binary.kvm:
        raise DomainConfig.type.error(
            config,
            f"{binary.path} cannot use KVM here",
            hint="load the kvm module and get access to /dev/kvm, or use type='qemu'",
        )
    if config.type == "qemu" and "tcg" not in binary.accelerators:
        raise DomainConfig.type.error(config, f"{binary.path} emulates nothing", expected="kvm")
    if config.os.type != "hvm":
        raise OperatingSystem.type.error(config.os, "QEMU runs whole machines", expected="hvm")


def _settle_machine(config: DomainConfig, binary: BinaryCapabilities) -> Machine:
    if config.emulator is None:
        config.emulator = binary.path
    if config.os.arch is None:
        config.os.arch = binary.arch
    if config.os.arch != binary.arch and (config.os.arch, binary.arch) not in _ALSO:
        raise OperatingSystem.arch.error(
            config.os, f"{binary.path} emulates {binary.arch}, not {config.os.arch}"
        )
    name = config.os.machine or default_machine(binary)
    machine = binary.machine(name) if name else None
    if machine is None:
        raise OperatingSystem.machine.error(
            config.os, f"{binary.path} has no machine type {name!r}", expected="one it lists"
        )
    config.os.machine = machine.name
    return machine


def default_machine(binary: BinaryCapabilities) -> str | None:
    """The machine type of a domain that names none; None where there is no sensible one."""
    if binary.default_machine is not None:
        return binary.default_machine.name
    # ARM has no default in QEMU; libvirt's is virt
    return next((f.name for f in FAMILIES if binary.arch in f.arches), None)


def _settle_vcpus(config: DomainConfig, machine: Machine) -> None:
    if config.vcpus is None:
        config.vcpus = 1
    if config.vcpus > machine.max_cpus:
        raise VCPU.max.error(
            config.vcpu,
            f"{config.vcpus} virtual CPUs on a {machine.name}",
            expected=f"at most {machine.max_cpus}",
        )
    if config.vcpu.placement is None:
        config.vcpu.placement = "static"


def _settle_memory(config: DomainConfig) -> None:
    cells = [cell.memory or 0 for cell in config.cpu.numa]
    if config.memory is None and cells:
        config.memory = Bytes(sum(cells))
    if config.memory is None:
        raise DomainConfig.memory.error(config, "the domain has no memory", expected="<memory>")
    if config.current_memory is None:
        config.current_memory = config.memory


def _settle_cpu(config: DomainConfig, binary: BinaryCapabilities, machine: Machine) -> None:
    """Without a model it is the one QEMU would take: written down, so that it stays the same.

    On 64-bit ARM that one has 32 bits only (``cortex-a15``), so there it is the fullest.
    """
    cpu = config.cpu
    if cpu.mode is not None or cpu.model is not None:
        return
    if config.os.arch == "aarch64":
        cpu.mode = "host-passthrough" if config.type == "kvm" else "maximum"
        return
    names = {model.type: model.name for model in binary.cpu_models}
    name = names.get(machine.default_cpu or "")
    if name is not None:
        cpu.mode, cpu.match, cpu.check = "custom", "exact", "none"
        cpu.model, cpu.fallback = name, "forbid"
