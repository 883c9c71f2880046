"""Models of CPUs: which there are, how they compare, what several have in common."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.host import CpuComparison

__all__ = ["CpuModels"]


class CpuModels(Ability):
    """Questions about CPUs; documents are libvirt's XML: ``<cpu>``, or what contains one."""

    @operation
    async def names(self, arch: str) -> Sequence[str]:
        """The models that libvirt knows of an architecture, such as ``x86_64``.

        Raises:
            CallerError: There is no such architecture.
        """
        raise NotImplementedError

    @operation
    async def compare(
        self, cpu: str, *, fail_incompatible: bool = False, validate: bool = False
    ) -> CpuComparison:
        """How a CPU compares with the host's: `SUPERSET` says that the host's has more.

        Args:
            cpu: The CPU.
            fail_incompatible: Raise an error that says what is missing.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: The document is wrong.
        """
        raise NotImplementedError

    @operation
    async def baseline(
        self, cpus: Sequence[str], *, expand: bool = False, migratable: bool = False
    ) -> str:
        """The best CPU that all of these hosts can offer.

        Args:
            cpus: CPUs of hosts, 256 at most.
            expand: Name the features that belong to the model, too.
            migratable: Leave out features that keep a guest from being moved.

        Raises:
            ConfigError: A document is wrong, or they have nothing in common.
        """
        raise NotImplementedError

    @operation
    async def compare_with_hypervisor(
        self,
        cpu: str,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
        fail_incompatible: bool = False,
        validate: bool = False,
    ) -> CpuComparison:
        """How a CPU compares with what a hypervisor of the host can offer.

        Args:
            cpu: The CPU.
            emulator: The path of the hypervisor; None for the host's first.
            arch: The guest's architecture.
            machine: The machine type.
            virt_type: ``kvm``, or ``qemu`` for emulation.
            fail_incompatible: Raise an error that says what is missing.
            validate: Refuse what libvirt's grammar does not know.
        """
        raise NotImplementedError

    @operation
    async def baseline_of_hypervisor(
        self,
        cpus: Sequence[str],
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
        expand: bool = False,
        migratable: bool = False,
    ) -> str:
        """The best CPU that a hypervisor can offer on all of these hosts.

        Args:
            cpus: CPUs of hosts, as their domain capabilities have them, 256 at most.
            emulator: The path of the hypervisor; None for the host's first.
            arch: The guest's architecture.
            machine: The machine type.
            virt_type: ``kvm``, or ``qemu`` for emulation.
            expand: Name the features that belong to the model, too.
            migratable: Leave out features that keep a guest from being moved.
        """
        raise NotImplementedError
