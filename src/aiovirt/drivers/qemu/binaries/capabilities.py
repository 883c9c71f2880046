"""What is known of one QEMU binary: plain values, small enough to be read at every start.

Knows neither how they are found out (`probe`) nor where they are kept (`cache`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import msgspec

__all__ = ["BinaryCapabilities", "CPUModel", "Feature", "Machine"]


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
    """

    name: str
    alias: str | None = None
    max_cpus: int = 1
    default: bool = False
    deprecated: bool = False
    default_cpu: str | None = None
    ram_id: str | None = None


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
