"""What the host is and can do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

from anyio import to_thread

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.binaries import find_emulator, host_arch, known_emulators
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.hostinfo import (
    capabilities_xml,
    domain_capabilities_xml,
    read_host,
    read_offers,
    read_smbios,
)
from aiovirt.drivers.qemu.hostinfo.confinements import Confinement, confinements
from aiovirt.errors import ConfigError
from aiovirt.host.cpus import read_host_cpu
from aiovirt.interfaces import HostInfo, immediate
from aiovirt.model.host import SecurityModel

__all__ = ["LIBRARY_VERSION", "QemuHostInfo"]

LIBRARY_VERSION = (9, 0, 0)
"""The libvirt whose protocol and words this driver follows: clients go by it."""

_MOST_VCPUS = {"kvm": 1024, "qemu": 255, None: 255}
"""libvirt's answers where nothing else is asked (what clients expect)."""


class QemuHostInfo(QemuAbility, HostInfo):
    """Questions to the host and to its QEMU binaries."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._binaries = engine.binaries

    @immediate
    async def hostname(self) -> str:
        """See `HostInfo.hostname`."""
        return socket.gethostname()

    @immediate
    async def driver_type(self) -> str:
        """See `HostInfo.driver_type`."""
        return self.driver_name

    @immediate
    async def library_version(self) -> tuple[int, int, int]:
        """See `HostInfo.library_version`."""
        return LIBRARY_VERSION

    @immediate
    async def canonical_uri(self) -> str:
        """See `HostInfo.canonical_uri`."""
        shown = self._engine.shown
        return str(shown) if shown else f"qemu:///embed?root={self._engine.root.path}"

    @immediate
    async def is_secure(self) -> bool:
        """See `HostInfo.is_secure`."""
        return True

    async def version(self) -> str:
        """See `HostInfo.version`."""
        binary = await self._binaries.get(find_emulator(host_arch()))
        return f"QEMU {'.'.join(map(str, binary.version))}"

    async def capabilities(self) -> str:
        """See `HostInfo.capabilities`."""
        host = await to_thread.run_sync(read_host)
        processor = await to_thread.run_sync(read_host_cpu)
        emulators = [await self._binaries.get(path) for _, path in known_emulators()]
        return capabilities_xml(host, emulators, processor, self._confinements())

    async def domain_capabilities(
        self,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
    ) -> str:
        """See `HostInfo.domain_capabilities`."""
        path = Path(emulator) if emulator else find_emulator(arch or host_arch())
        binary, host = await self._binaries.get(path), await read_offers()
        return domain_capabilities_xml(binary, machine, virt_type, host)

    async def sysinfo(self) -> str:
        """See `HostInfo.sysinfo`."""
        return await to_thread.run_sync(read_smbios)

    @immediate
    async def max_vcpus(self, *, virt_type: str | None = None) -> int:
        """See `HostInfo.max_vcpus`."""
        most = _MOST_VCPUS.get((virt_type or "qemu").lower())
        if most is None:
            raise ConfigError(f"there are no guests of type {virt_type!r} here", field="type")
        return most

    @immediate
    async def security_model(self) -> SecurityModel:
        """See `HostInfo.security_model`."""
        first = next(self._confinements())
        return SecurityModel(first.model, first.doi)

    def _confinements(self) -> Iterator[Confinement]:
        return confinements(self._engine.settings.owner)
