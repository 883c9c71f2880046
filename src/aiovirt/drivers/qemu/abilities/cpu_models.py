"""Models of CPUs: what the host's processor is, and what QEMU can give to guests on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anyio import to_thread

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.binaries import find_emulator, host_arch
from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.hostinfo.cpus import X86, blocked_models, host_model, known_features
from aiovirt.errors import CallerError, ConfigError, Unsupported
from aiovirt.host.cpus import common_cpu, compared, names_of, read_host_cpu
from aiovirt.interfaces import CpuModels, immediate
from aiovirt.model.host import CpuComparison

__all__ = ["QemuCpuModels"]


class QemuCpuModels(QemuAbility, CpuModels):
    """libvirt's models, beside this host's processor and its QEMU binaries."""

    @immediate
    async def names(self, arch: str) -> Sequence[str]:
        """See `CpuModels.names`."""
        found = names_of(arch)
        if found is None:
            raise CallerError(f"there is no architecture {arch!r}")
        return found

    async def compare(
        self, cpu: str, *, fail_incompatible: bool = False, validate: bool = False
    ) -> CpuComparison:
        """See `CpuModels.compare`: what is read is always checked."""
        del validate
        found = await to_thread.run_sync(read_host_cpu)
        host = found.cpu if found is not None else None
        return compared(host, cpu, fail_incompatible=fail_incompatible)

    @immediate
    async def baseline(
        self, cpus: Sequence[str], *, expand: bool = False, migratable: bool = False
    ) -> str:
        """See `CpuModels.baseline`."""
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
        """See `CpuModels.compare_with_hypervisor`."""
        del validate
        binary, kind = await self._hypervisor(emulator, arch, machine, virt_type)
        host = host_model(binary, kind)
        if host is None:
            why = f"{binary.path} does not tell the CPU of {kind} guests"
            raise Unsupported(self.driver_name, "compare_with_hypervisor", why)
        return compared(host, cpu, fail_incompatible=fail_incompatible)

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
        """See `CpuModels.baseline_of_hypervisor`."""
        binary, kind = await self._hypervisor(emulator, arch, machine, virt_type)
        offer = binary.offers.get(kind)
        if offer is None or not offer.blocked or binary.arch not in X86:
            why = f"{binary.path} tells no models of CPUs of {kind} guests"
            raise Unsupported(self.driver_name, "baseline_of_hypervisor", why)
        return common_cpu(
            cpus,
            expand=expand,
            migratable=migratable,
            hosts=False,
            models=blocked_models(offer),
            features=known_features(offer, migratable=migratable),
        )

    async def _hypervisor(
        self, emulator: str | None, arch: str | None, machine: str | None, virt_type: str | None
    ) -> tuple[BinaryCapabilities, str]:
        """The binary that is meant, and the kind of its guests.

        Raises:
            ConfigError: The host has no such one.
        """
        path = Path(emulator) if emulator else find_emulator(arch or host_arch())
        binary = await self._engine.binaries.get(path)
        if arch is not None and arch != binary.arch:
            raise ConfigError(f"{path} runs no guests of {arch}", field="arch")
        if machine is not None and binary.machine(machine) is None:
            raise ConfigError(f"{path} has no machine type {machine!r}", field="machine")
        kind = virt_type or ("kvm" if binary.kvm else "qemu")
        if kind not in ({"kvm", "qemu"} if binary.kvm else {"qemu"}):
            raise ConfigError(f"{path} cannot run {kind} guests on this host", field="virttype")
        return binary, kind
