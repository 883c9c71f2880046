"""`CpuModels` of the in-memory host: its processor is a plain one of the table of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import DRIVER
from aiovirt.drivers.test.resources.machine import HOST_MODEL
from aiovirt.errors import CallerError, ConfigError, Unsupported
from aiovirt.host.cpus import Cpu, common_cpu, compared, names_of, read_cpu
from aiovirt.interfaces import CpuModels
from aiovirt.interfaces.ability import immediate
from aiovirt.model.host import CpuComparison

__all__ = ["TestCpuModels"]

_OTHER_ARCHES: Final = ("riscv64", "riscv32", "loongarch64", "mips", "sparc", "alpha")
_X86: Final = ("x86_64", "i686", None)
_HOST: Final = Cpu(HOST_MODEL, vendor="Intel")


def _check_arch(document: str) -> None:
    """See that a document is about a CPU of ours.

    Raises:
        Unsupported: It is of another architecture.
    """
    arch = read_cpu(document).arch
    if arch not in _X86:
        raise Unsupported(DRIVER, "CpuModels", f"CPUs of {arch}")


class TestCpuModels(TestAbility, CpuModels):
    """See `aiovirt.interfaces.CpuModels`."""

    @immediate
    async def names(self, arch: str) -> Sequence[str]:
        """See `CpuModels`."""
        found = names_of(arch)
        if found is None and arch in _OTHER_ARCHES:
            raise Unsupported(DRIVER, "CpuModels.names", f"CPUs of {arch}")
        if found is None:
            raise CallerError(f"there is no architecture {arch!r}")
        return found

    async def compare(
        self, cpu: str, *, fail_incompatible: bool = False, validate: bool = False
    ) -> CpuComparison:
        """See `CpuModels`."""
        del validate
        _check_arch(cpu)
        return compared(_HOST, cpu, fail_incompatible=fail_incompatible)

    async def baseline(
        self, cpus: Sequence[str], *, expand: bool = False, migratable: bool = False
    ) -> str:
        """See `CpuModels`."""
        for cpu in cpus:
            _check_arch(cpu)
        return common_cpu(cpus, expand=expand, migratable=migratable)

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
        """See `CpuModels`; the hypervisor offers what the host has."""
        _check(emulator, arch, machine, virt_type)
        return await self.compare(cpu, fail_incompatible=fail_incompatible, validate=validate)

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
        """See `CpuModels`; the hypervisor offers what the host has."""
        _check(emulator, arch, machine, virt_type)
        return common_cpu(cpus, expand=expand, migratable=migratable, hosts=False)


def _check(_emulator: str | None, arch: str | None, _machine: str | None, kind: str | None) -> None:
    """See that the host has such guests.

    Raises:
        ConfigError: It has not.
    """
    if arch not in _X86:
        raise ConfigError(f"the host has no guests of {arch}", field="arch")
    if kind is not None and kind not in {"test", "qemu", "kvm"}:
        raise ConfigError(f"the host has no guests of type {kind!r}", field="virttype")
