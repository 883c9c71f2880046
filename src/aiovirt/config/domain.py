"""`DomainConfig`: the configuration of a domain as a view over libvirt's ``<domain>``."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config import _rules
from aiovirt.config._children import Many, One, child, children, via
from aiovirt.config._document import Document
from aiovirt.config._forms import ONE_LINE, VARIABLE_NAME
from aiovirt.config._laws import With
from aiovirt.config._scalars import (
    Number,
    PathText,
    Size,
    Text,
    Uuid,
    Words,
    number,
    size,
    text,
    uuid,
    words,
)
from aiovirt.config._view import View
from aiovirt.config.boot import OperatingSystem
from aiovirt.config.clock import Clock
from aiovirt.config.cpu import CPU
from aiovirt.config.devices import Devices
from aiovirt.config.devices.chardev import Channel, Console, Serial
from aiovirt.config.devices.disk import Disk
from aiovirt.config.devices.graphics import Graphics, Video
from aiovirt.config.devices.interface import Interface
from aiovirt.config.devices.misc import Controller, Input, Memballoon, Rng
from aiovirt.config.features import Features
from aiovirt.config.memory import VCPU, MemoryBacking
from aiovirt.config.metadata import Metadata
from aiovirt.errors import XMLError

__all__ = ["DomainConfig", "QemuCommandline", "QemuEnv"]

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
_WITH_SERIAL = ("qemu", "kvm")


class QemuEnv(View, tag="qemu:env"):
    """A variable of QEMU's environment; its value may be secret, and is in no repr."""

    _shown_ = ("name",)

    name: Text = text("@name", form=VARIABLE_NAME, required=True)
    value: Text = text("@value")


class QemuCommandline(View, tag="qemu:commandline"):
    """Arguments handed to QEMU as they are; libvirt and aiovirt promise nothing about them."""

    _shown_ = ()

    args: Words = words("qemu:arg/@value")
    env: Many[QemuEnv] = children("qemu:env", QemuEnv)


class DomainConfig(Document, tag="domain"):
    """The configuration of a domain.

    Made from Python arguments, it holds what they say and little beyond: the type ``qemu``
    (emulated), with ``kvm`` to be asked for, ``hvm`` as the kind of machine, and for these two
    types a serial port when no serial port or console is named, so that there is something to
    talk to.  What else is missing is the driver's choice.

    Attributes:
        type: The hypervisor: ``qemu``, ``kvm``, ….
        id: The number of the running domain; none in a configuration that is only stored.
        memory: What the guest has at the start.
        current_memory: What the balloon leaves it of that.
        max_memory: What memory can be plugged up to; needs `max_memory_slots`.
        vcpus: The number of virtual CPUs; `vcpu` has more about them.
    """

    _shown_ = ("name", "type", "uuid")

    type: Text = text("@type", known=DOMAIN_TYPES, required=True)
    id: Number = number("@id")
    name: Text = text("name", required=True)
    uuid: Uuid = uuid("uuid")
    title: Text = text("title", form=ONE_LINE)
    description: Text = text("description")
    metadata: One[Metadata] = child("metadata", Metadata)
    max_memory: Size = size("maxMemory")
    max_memory_slots: Number = number("maxMemory/@slots", low=1)
    memory: Size = size("memory")
    current_memory: Size = size("currentMemory")
    memory_backing: One[MemoryBacking] = child("memoryBacking", MemoryBacking)
    vcpu: One[VCPU] = child("vcpu", VCPU)
    vcpus: Number = via("vcpu", VCPU.max)
    iothreads: Number = number("iothreads")
    os: One[OperatingSystem] = child("os", OperatingSystem)
    features: One[Features] = child("features", Features)
    cpu: One[CPU] = child("cpu", CPU)
    clock: One[Clock] = child("clock", Clock)
    on_poweroff: Text = text("on_poweroff", known=ACTIONS)
    on_reboot: Text = text("on_reboot", known=ACTIONS)
    on_crash: Text = text("on_crash", known=(*ACTIONS, "coredump-destroy", "coredump-restart"))
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
    qemu_commandline: One[QemuCommandline] = child("qemu:commandline", QemuCommandline)

    _laws_ = (
        With(("max_memory",), "max_memory_slots"),
        With(("max_memory_slots",), "max_memory"),
    )

    def _complete_(self) -> None:
        """What a domain made from Python arguments cannot be without."""
        if self.type is None:
            self.type = "qemu"
        if self.os.type is None:
            self.os.type = "exe" if self.type == "lxc" else "hvm"
        self._add_serial()

    def _add_serial(self) -> None:
        """Give a guest of QEMU that names neither serial port nor console something to talk to."""
        if self.type in _WITH_SERIAL and not self.serials and not self.consoles:
            self.serials.append(Serial.pty())

    def _rules_(self) -> Iterator[XMLError]:
        """What must hold between fields."""
        yield from _rules.naming(self.name, lambda *what: DomainConfig.name.error(self, *what))
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
