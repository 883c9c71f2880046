"""`DomainConfig`: the configuration of a domain as a view over libvirt's ``<domain>``."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config import _rules
from aiovirt.config._children import Many, One, child, children, via
from aiovirt.config._document import Document
from aiovirt.config._forms import ONE_LINE, UUID_FORM, either, shaped
from aiovirt.config._laws import Only, With
from aiovirt.config._scalars import (
    Number,
    PathText,
    Size,
    Switch,
    Text,
    Uuid,
    number,
    on_off,
    size,
    text,
    uuid,
)
from aiovirt.config.boot import OperatingSystem
from aiovirt.config.clock import Clock
from aiovirt.config.containers import IdMap, LxcNamespaces
from aiovirt.config.cpu import CPU
from aiovirt.config.devices import Devices
from aiovirt.config.devices.chardev import Channel, Console, Serial
from aiovirt.config.devices.controller import Controller
from aiovirt.config.devices.disk import Disk
from aiovirt.config.devices.graphics import Graphics
from aiovirt.config.devices.input import Input
from aiovirt.config.devices.interface import Interface
from aiovirt.config.devices.iotune import ThrottleGroup
from aiovirt.config.devices.misc import Memballoon, Rng
from aiovirt.config.devices.video import Video
from aiovirt.config.features import Features
from aiovirt.config.memory import VCPU, MemoryBacking
from aiovirt.config.metadata import Metadata
from aiovirt.config.passthrough import (
    BhyveCommandline,
    QemuCapabilities,
    QemuCommandline,
    QemuOverride,
    XenCommandline,
)
from aiovirt.config.perf import Perf, PowerManagement
from aiovirt.config.security import KeyWrap, LaunchSecurity, SecurityLabel
from aiovirt.config.sysinfo import Sysinfo
from aiovirt.config.tuning.cputune import CpuTune
from aiovirt.config.tuning.limits import BlkioTune, MemTune, Resource
from aiovirt.config.tuning.numatune import NumaTune
from aiovirt.config.tuning.threads import DefaultIothread, IothreadIds, VcpuStates
from aiovirt.errors import XMLError

__all__ = ["DomainConfig"]

DOMAIN_TYPES = (
    "qemu",
    "kvm",
    "hvf",
    "xen",
    "lxc",
    "bhyve",
    "openvz",
    "vz",
    "vmware",
    "hyperv",
    "vbox",
    "phyp",
    "test",
    "uml",
    "parallels",
    "kqemu",
)
ACTIONS = ("destroy", "restart", "preserve", "rename-restart")
_NO_MEMORY = frozenset({"openvz", "test"})
_WITH_LOADER = ("hvm", "xen", "linux", "xenpvh")
_WITH_SERIAL = ("qemu", "kvm")


class DomainConfig(Document, tag="domain"):
    """The configuration of a domain.

    Made from Python arguments, it holds what they say and little beyond: the type ``qemu``
    (emulated), with ``kvm`` to be asked for, ``hvm`` as the kind of machine, and for these two
    types a serial port when no serial port or console is named, so that there is something to
    talk to, and ACPI when no feature is, so that it can be asked to shut down.  What else is
    missing is the driver's choice.

    Attributes:
        type: The hypervisor: ``qemu``, ``kvm``, ….
        id: The number of the running domain; none in a configuration that is only stored.
        memory: What the guest has at the start.
        current_memory: What the balloon leaves it of that.
        max_memory: What memory can be plugged up to; needs `max_memory_slots`.
        vcpus: The number of virtual CPUs; `vcpu` has more about them.
        genid: What the guest knows itself by, which must change when it is taken back in time;
            empty where the host shall make one.
        memory_dump_core: Whether a core dump of the hypervisor has the guest's memory in it.
        vcpu_states: The virtual CPUs one by one.
        iothreads: How many I/O threads there are; `iothread_ids` has them one by one.
        bootloader: The host's program that finds the kernel (Xen, bhyve).
        labels: How it is confined, by each security driver of the host.
        qemu_deprecation: What QEMU does when it is asked for what it will not have for long.
    """

    _shown_ = ("name", "type", "uuid")

    type: Text = text("@type", known=DOMAIN_TYPES, required=True)
    id: Number = number("@id")
    name: Text = text("name", required=True)
    uuid: Uuid = uuid("uuid")
    genid: Text = text("genid", form=either(UUID_FORM, shaped("", "nothing, for a new one")))
    title: Text = text("title", form=ONE_LINE)
    description: Text = text("description")
    metadata: One[Metadata] = child("metadata", Metadata)
    max_memory: Size = size("maxMemory")
    max_memory_slots: Number = number("maxMemory/@slots", low=1)
    memory: Size = size("memory")
    memory_dump_core: Switch = on_off("memory/@dumpCore")
    current_memory: Size = size("currentMemory")
    blkiotune: One[BlkioTune] = child("blkiotune", BlkioTune)
    memtune: One[MemTune] = child("memtune", MemTune)
    memory_backing: One[MemoryBacking] = child("memoryBacking", MemoryBacking)
    vcpu: One[VCPU] = child("vcpu", VCPU)
    vcpus: Number = via("vcpu", VCPU.max)
    vcpu_states: One[VcpuStates] = child("vcpus", VcpuStates)
    iothreads: Number = number("iothreads")
    iothread_ids: One[IothreadIds] = child("iothreadids", IothreadIds)
    default_iothread: One[DefaultIothread] = child("defaultiothread", DefaultIothread)
    throttle_groups: Many[ThrottleGroup] = children("throttlegroups/throttlegroup", ThrottleGroup)
    cputune: One[CpuTune] = child("cputune", CpuTune)
    numatune: One[NumaTune] = child("numatune", NumaTune)
    resource: One[Resource] = child("resource", Resource)
    sysinfos: Many[Sysinfo] = children("sysinfo", Sysinfo)
    bootloader: Text = text("bootloader")
    bootloader_args: Text = text("bootloader_args")
    os: One[OperatingSystem] = child("os", OperatingSystem)
    idmap: One[IdMap] = child("idmap", IdMap)
    features: One[Features] = child("features", Features)
    cpu: One[CPU] = child("cpu", CPU)
    clock: One[Clock] = child("clock", Clock)
    on_poweroff: Text = text("on_poweroff", known=ACTIONS)
    on_reboot: Text = text("on_reboot", known=ACTIONS)
    on_crash: Text = text("on_crash", known=(*ACTIONS, "coredump-destroy", "coredump-restart"))
    on_lockfailure: Text = text("on_lockfailure", known=("poweroff", "restart", "pause", "ignore"))
    pm: One[PowerManagement] = child("pm", PowerManagement)
    perf: One[Perf] = child("perf", Perf)
    devices: One[Devices] = child("devices", Devices)
    emulator: PathText = via("devices", Devices.emulator)
    disks: Many[Disk] = via("devices", Devices.disks)
    controllers: Many[Controller] = via("devices", Devices.controllers)
    interfaces: Many[Interface] = via("devices", Devices.interfaces)
    serials: Many[Serial] = via("devices", Devices.serials)
    consoles: Many[Console] = via("devices", Devices.consoles)
    channels: Many[Channel] = via("devices", Devices.channels)
    inputs: Many[Input] = via("devices", Devices.inputs)
    graphics: Many[Graphics] = via("devices", Devices.graphics)
    videos: Many[Video] = via("devices", Devices.videos)
    memballoon: One[Memballoon] = via("devices", Devices.memballoon)
    rngs: Many[Rng] = via("devices", Devices.rngs)
    labels: Many[SecurityLabel] = children("seclabel", SecurityLabel)
    keywrap: One[KeyWrap] = child("keywrap", KeyWrap)
    launch_security: One[LaunchSecurity] = child("launchSecurity", LaunchSecurity)
    qemu_commandline: One[QemuCommandline] = child("qemu:commandline", QemuCommandline)
    qemu_capabilities: One[QemuCapabilities] = child("qemu:capabilities", QemuCapabilities)
    qemu_deprecation: Text = text(
        "qemu:deprecation/@behavior", known=("none", "omit", "reject", "crash"), required=True
    )
    qemu_override: One[QemuOverride] = child("qemu:override", QemuOverride)
    lxc_namespaces: One[LxcNamespaces] = child("lxc:namespace", LxcNamespaces)
    bhyve_commandline: One[BhyveCommandline] = child("bhyve:commandline", BhyveCommandline)
    xen_commandline: One[XenCommandline] = child("xen:commandline", XenCommandline)
    vmware_datacenter_path: Text = text("vmware:datacenterpath")

    _laws_ = (
        With(("max_memory",), "max_memory_slots"),
        With(("max_memory_slots",), "max_memory"),
        Only(_WITH_LOADER, ("bootloader", "bootloader_args"), by="os.type"),
    )

    def _complete_(self) -> None:
        """What a domain made from Python arguments cannot be without."""
        if self.type is None:
            self.type = "qemu"
        if self.os.type is None:
            self.os.type = "exe" if self.type == "lxc" else "hvm"
        self._add_serial()
        self._add_features()

    def _add_serial(self) -> None:
        """Give a guest of QEMU that names neither serial port nor console something to talk to."""
        if self.type in _WITH_SERIAL and not self.serials and not self.consoles:
            self.serials.append(Serial.pty())

    def _add_features(self) -> None:
        """Let a guest of QEMU of whose features nothing is said be turned off from outside."""
        if self.type in _WITH_SERIAL and not self.features:
            self.features.acpi = self.features.apic = True

    def _rules_(self) -> Iterator[XMLError]:
        """What must hold between fields."""
        yield from _rules.naming(
            self.name,
            lambda *what: DomainConfig.name.error(self, *what),
            slash=self.type == "vmware",
        )
        yield from self._memory_rules()
        yield from _rules.topology(self.cpu, self.vcpu.max)
        yield from _rules.boot_order(self.os, self.devices.all())
        yield from _rules.unique_devices(self.devices.all())
        yield from _rules.unique_targets(self.disks)

    def _memory_rules(self) -> Iterator[XMLError]:
        if self.memory == 0 and self.type not in _NO_MEMORY:
            yield DomainConfig.memory.error(self, "the memory is 0", expected="more than 0")
        limit = self.max_memory or self.memory
        if limit is not None and self.current_memory is not None and self.current_memory > limit:
            yield DomainConfig.current_memory.error(
                self,
                f"the current memory, {self.current_memory}, is more than there can be",
                expected=f"at most {limit}",
            )
