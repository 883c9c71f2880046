"""What a host says that it and its hypervisors can do.

libvirt's ``<capabilities>`` and ``<domainCapabilities>`` are read; nothing is defined by them, so
that they are not held against libvirt's grammar.
"""

from __future__ import annotations

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._forms import ABSOLUTE_PATH, CPUSET
from aiovirt.config._laws import Always
from aiovirt.config._scalars import (
    Flag,
    Number,
    Size,
    Switch,
    Text,
    Uuid,
    Words,
    flag,
    number,
    size,
    text,
    uuid,
    words,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.boot import ARCHITECTURES

__all__ = [
    "CapabilitiesConfig",
    "CapabilityEnum",
    "CpuModeSupport",
    "CpuModelUse",
    "DomainCapabilitiesConfig",
    "GuestArch",
    "GuestCapabilities",
    "GuestDomain",
    "GuestMachine",
    "HostCapabilities",
    "HostCell",
    "HostCpu",
    "HostPages",
    "HostProcessor",
    "SecurityModel",
    "Supported",
]

_OS_TYPES = ("hvm", "xen", "linux", "exe", "uml")
_DOMAIN_TYPES = ("qemu", "kqemu", "kvm", "xen", "uml", "lxc", "openvz", "test")


class HostProcessor(View, tag="cpu"):
    """One logical processor of the host, and where it is."""

    id: Number = number("@id", required=True)
    socket: Number = number("@socket_id")
    die: Number = number("@die_id")
    core: Number = number("@core_id")
    siblings: Text = text("@siblings", form=CPUSET)


class HostPages(View, tag="pages"):
    """One size of memory pages that the host has, and how many of them there are."""

    size: Size = size("@size", required=True)
    count: Number = number(".")


class HostCell(View, tag="cell"):
    """A NUMA node of the host."""

    id: Number = number("@id", required=True)
    memory: Size = size("memory")
    pages: Many[HostPages] = children("pages", HostPages)
    cpus: Many[HostProcessor] = children("cpus/cpu", HostProcessor)


class HostCpu(View, tag="cpu"):
    """The host's processors: the model is the newest that they can do all of."""

    arch: Text = text("arch", known=ARCHITECTURES)
    model: Text = text("model")
    vendor: Text = text("vendor")
    sockets: Number = number("topology/@sockets", low=1)
    dies: Number = number("topology/@dies", low=1)
    cores: Number = number("topology/@cores", low=1)
    threads: Number = number("topology/@threads", low=1)
    features: Words = words("feature/@name")
    pages: Many[HostPages] = children("pages", HostPages)


class SecurityModel(View, tag="secmodel"):
    """How the host confines guests: ``selinux``, ``apparmor``, ``dac``."""

    model: Text = text("model", required=True)
    doi: Text = text("doi", required=True)


class HostCapabilities(View, tag="host"):
    """The host itself."""

    uuid: Uuid = uuid("uuid")
    cpu: One[HostCpu] = child("cpu", HostCpu, required=True)
    iommu: Switch = yes_no("iommu/@support")
    live_migration: Flag = flag("migration_features/live")
    migration_transports: Words = words("migration_features/uri_transports/uri_transport")
    cells: Many[HostCell] = children("topology/cells/cell", HostCell)
    security_models: Many[SecurityModel] = children("secmodel", SecurityModel)


class GuestMachine(View, tag="machine"):
    """A machine type.

    Attributes:
        canonical: The name that it stands for, such as ``pc-q35-7.2`` for ``q35``.
    """

    name: Text = text(".")
    canonical: Text = text("@canonical")
    max_cpus: Number = number("@maxCpus")
    deprecated: Switch = yes_no("@deprecated")


class GuestDomain(View, tag="domain"):
    """A type of domain, such as ``kvm``, and what differs for it."""

    type: Text = text("@type", known=_DOMAIN_TYPES, required=True)
    emulator: Text = text("emulator", form=ABSOLUTE_PATH)
    machines: Many[GuestMachine] = children("machine", GuestMachine)


class GuestArch(View, tag="arch"):
    """An architecture that guests may have."""

    name: Text = text("@name", known=ARCHITECTURES, required=True)
    wordsize: Number = number("wordsize", low=31, high=64, required=True)
    emulator: Text = text("emulator", form=ABSOLUTE_PATH)
    loader: Text = text("loader", form=ABSOLUTE_PATH)
    machines: Many[GuestMachine] = children("machine", GuestMachine)
    domains: Many[GuestDomain] = children("domain", GuestDomain)

    _laws_ = (Always(("domains",)),)


class GuestCapabilities(View, tag="guest"):
    """A kind of guest that can run: a kind of system on an architecture."""

    os_type: Text = text("os_type", known=_OS_TYPES, required=True)
    arch: One[GuestArch] = child("arch", GuestArch, required=True)


class CapabilitiesConfig(View, tag="capabilities"):
    """What a host is, and which guests can run on it."""

    _shown_ = ("guests",)

    host: One[HostCapabilities] = child("host", HostCapabilities, required=True)
    guests: Many[GuestCapabilities] = children("guest", GuestCapabilities)

    def guest(self, arch: str, domain_type: str | None = None) -> GuestCapabilities | None:
        """The first kind of guest on this architecture, of this type of domain, or None."""
        for each in self.guests:
            types = {domain.type for domain in each.arch.domains}
            if each.arch.name == arch and domain_type in {None, *types}:
                return each
        return None


class CapabilityEnum(View, tag="enum"):
    """The values that a setting may have here."""

    name: Text = text("@name", required=True)
    values: Words = words("value")


class Supported(View, tag="device"):
    """A device or feature, whether it is there, and the values that its settings may have."""

    supported: Switch = yes_no("@supported", required=True)
    enums: Many[CapabilityEnum] = children("enum", CapabilityEnum)

    def values(self, name: str) -> tuple[str, ...]:
        """The values that the setting `name` may have; none when nothing is said of it."""
        return next((each.values for each in self.enums if each.name == name), ())


class CpuModelUse(View, tag="model"):
    """A model of processor, and whether this host can do all of it."""

    name: Text = text(".")
    usable: Text = text("@usable", known=("yes", "no", "unknown"))
    deprecated: Switch = yes_no("@deprecated")
    vendor: Text = text("@vendor")


class CpuModeSupport(Supported, tag="mode"):
    """A way to say what processor guests have, such as ``host-model``."""

    name: Text = text("@name", required=True)
    models: Many[CpuModelUse] = children("model", CpuModelUse)


class DomainCapabilitiesConfig(View, tag="domainCapabilities"):
    """What one hypervisor can do for guests of one type, architecture and machine.

    Attributes:
        path: The hypervisor's program.
        loaders: The firmware that is installed.
    """

    _shown_ = ("path", "domain", "machine", "arch", "max_vcpus")

    path: Text = text("path", form=ABSOLUTE_PATH, required=True)
    domain: Text = text("domain", required=True)
    machine: Text = text("machine")
    arch: Text = text("arch", required=True)
    max_vcpus: Number = number("vcpu/@max", required=True)
    iothreads: Switch = yes_no("iothreads/@supported", required=True)
    os: One[Supported] = child("os", Supported)
    loaders: Words = words("os/loader/value")
    cpu_modes: Many[CpuModeSupport] = children("cpu/mode", CpuModeSupport)

    def cpu_mode(self, name: str) -> CpuModeSupport | None:
        """What is said of one way to say the processor, or None."""
        return next((each for each in self.cpu_modes if each.name == name), None)

    def device(self, name: str) -> Supported:
        """What is said of a device, such as ``disk``; false when nothing is."""
        return Supported._within_(self, ("devices", name))

    def feature(self, name: str) -> Supported:
        """What is said of a feature, such as ``backup``; false when nothing is."""
        return Supported._within_(self, ("features", name))
