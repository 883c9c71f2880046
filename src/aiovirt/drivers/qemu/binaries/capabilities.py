"""What is known of one QEMU binary: plain values, small enough to be read at every start.

Knows neither how they are found out (`probe`) nor where they are kept (`cache`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Final

import msgspec

__all__ = ["BinaryCapabilities", "CPUModel", "CPUOffer", "Feature", "Machine", "Properties"]


class Machine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A machine type of a binary.

    Attributes:
        name: The canonical name, such as ``pc-q35-7.2``.
        alias: The name that means the newest of its family, such as ``q35``, or None.
        max_cpus: The most virtual CPUs it takes.
        default: Whether QEMU takes it when none is asked for.
        deprecated: Whether QEMU announces its removal.
        default_cpu: The CPU type it takes when none is asked for, or None.
        ram_id: The id a memory backend must have to be its RAM, or None.
        numa_mem: Whether NUMA cells can be told by their sizes alone.
    """

    name: str
    alias: str | None = None
    max_cpus: int = 1
    default: bool = False
    deprecated: bool = False
    default_cpu: str | None = None
    ram_id: str | None = None
    numa_mem: bool = False


class CPUModel(msgspec.Struct, frozen=True, omit_defaults=True):
    """A CPU model of a binary.

    Attributes:
        name: What ``-cpu`` takes.
        type: Its QOM type.
        usable: Whether the accelerator that was probed can run it; None when QEMU does not say.
        deprecated: Whether QEMU announces its removal.
    """

    name: str
    type: str
    usable: bool | None = None
    deprecated: bool = False


class CPUOffer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The CPUs that a binary has with one accelerator. Features are numbers of words.

    Attributes:
        words: QEMU's names of features, each once: there are some thousand mentions of them.
        blocked: For each CPU model what the accelerator cannot give it; None where QEMU does not
            say.
        known: What its best CPU may have.
        features: What that has.
        movable: What of it does not keep a guest from being moved.
        vendor: The string of its vendor.
        signature: Its family, model and stepping, or None.
        enlightenments: What the host's KVM has for Windows guests, in QEMU's words without ``hv-``.
    """

    words: tuple[str, ...] = ()
    blocked: dict[str, tuple[int, ...] | None] = {}
    known: tuple[int, ...] = ()
    features: tuple[int, ...] = ()
    movable: tuple[int, ...] = ()
    vendor: str = ""
    signature: tuple[int, int, int] | None = None
    enlightenments: tuple[str, ...] = ()

    def names(self, numbers: Iterable[int]) -> frozenset[str]:
        """The features of these numbers."""
        return frozenset(self.words[number] for number in numbers)


class Properties(msgspec.Struct, frozen=True, dict=True, omit_defaults=True):
    """What devices may be told, ``driver``, ``id`` and ``bus`` apart, which any may.

    Attributes:
        words: QEMU's names of properties, each once.
        numbers: For each device that was asked about the numbers of its properties.
    """

    words: tuple[str, ...] = ()
    numbers: dict[str, tuple[int, ...]] = {}

    def of(self, driver: str) -> frozenset[str] | None:
        """The properties of a device, or None where they are not known."""
        if driver not in self._found and driver in self.numbers:
            self._found[driver] = frozenset(self.words[each] for each in self.numbers[driver])
        return self._found.get(driver)

    @cached_property
    def _found(self) -> dict[str, frozenset[str]]:
        return {}


class Feature:
    """Names of abilities that are read from QEMU's QMP schema and its command-line options."""

    SANDBOX: Final = "sandbox"
    ACTION: Final = "action"
    VNC: Final = "vnc"
    SPICE: Final = "spice"
    SCREENDUMP_PNG: Final = "screendump-png"
    NETDEV_USER: Final = "netdev-user"
    IO_URING: Final = "io_uring"
    CHARDEV_SPICEVMC: Final = "chardev-spicevmc"
    CHARDEV_VDAGENT: Final = "chardev-qemu-vdagent"
    SDL: Final = "sdl"
    EGL_HEADLESS: Final = "egl-headless"
    DBUS_DISPLAY: Final = "dbus-display"


class BinaryCapabilities(msgspec.Struct, frozen=True, dict=True):
    """What one QEMU binary can do on this host.

    Attributes:
        path: The binary, as it was asked for.
        version: Major, minor and micro.
        package: The packager's words, such as ``Debian 1:7.2+dfsg-7``, possibly empty.
        arch: The guest architecture in libvirt's words, such as ``x86_64`` or ``aarch64``.
        accelerators: The usable ones, best first: ``kvm``, ``tcg``.
        machines: Its machine types.
        cpu_models: Its CPU models, judged under the first accelerator.
        devices: The types ``-device`` takes.
        objects: The types ``-object`` takes.
        commands: Its QMP commands.
        options: Its long command-line options as ``query-command-line-options`` lists them.
        features: Which of `Feature` it has.
        gic_versions: Interrupt controller versions of an ARM binary, empty for others.
        tpm_models: TPM front ends.
        tpm_backends: What can be behind them.
        offers: The CPUs that it has by kinds of guests, ``kvm`` and ``qemu``.
        properties: What the devices that were asked about may be told.
        block_drivers: The drivers that block nodes can have.
        netdevs: What can be behind a network card.
    """

    path: str
    version: tuple[int, int, int]
    package: str
    arch: str
    accelerators: tuple[str, ...]
    machines: tuple[Machine, ...]
    cpu_models: tuple[CPUModel, ...]
    devices: frozenset[str]
    objects: frozenset[str]
    commands: frozenset[str]
    options: frozenset[str]
    features: frozenset[str]
    gic_versions: tuple[int, ...] = ()
    tpm_models: tuple[str, ...] = ()
    tpm_backends: tuple[str, ...] = ()
    offers: dict[str, CPUOffer] = {}
    properties: Properties = Properties()
    block_drivers: frozenset[str] = frozenset()
    netdevs: frozenset[str] = frozenset()

    @cached_property
    def _machines_by_name(self) -> dict[str, Machine]:
        names = {machine.name: machine for machine in self.machines}
        return names | {machine.alias: machine for machine in self.machines if machine.alias}

    def machine(self, name: str) -> Machine | None:
        """The machine type of this name or alias, or None."""
        return self._machines_by_name.get(name)

    @property
    def default_machine(self) -> Machine | None:
        """The machine type QEMU takes when none is asked for, or None (as on ARM)."""
        return next((machine for machine in self.machines if machine.default), None)

    @property
    def kvm(self) -> bool:
        """Whether KVM is in the binary and can be used on this host by this user."""
        return "kvm" in self.accelerators

    def has(self, feature: str) -> bool:
        """Whether it has one of `Feature`."""
        return feature in self.features
