"""What the host is and can do."""

from __future__ import annotations

import socket
from pathlib import Path

from anyio import to_thread

from aiovirt.drivers.qemu.binaries import find_emulator, host_arch, known_emulators
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.hostinfo import capabilities_xml, domain_capabilities_xml, read_host
from aiovirt.interfaces import HostInfo

__all__ = ["QemuHostInfo"]


class QemuHostInfo(HostInfo):
    """Questions to the host and to its QEMU binaries."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._binaries = engine.binaries

    async def hostname(self) -> str:
        """See `HostInfo.hostname`."""
        return socket.gethostname()

    async def version(self) -> str:
        """See `HostInfo.version`."""
        binary = await self._binaries.get(find_emulator(host_arch()))
        return f"QEMU {'.'.join(map(str, binary.version))}"

    async def capabilities(self) -> str:
        """See `HostInfo.capabilities`."""
        host = await to_thread.run_sync(read_host)
        emulators = [await self._binaries.get(path) for _, path in known_emulators()]
        return capabilities_xml(host, emulators)

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
        return domain_capabilities_xml(await self._binaries.get(path), machine, virt_type)
