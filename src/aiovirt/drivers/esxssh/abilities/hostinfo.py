"""What the host is: its name, its version, its processors and its memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from aiovirt._tasks import gather
from aiovirt.config.making import make, to_text
from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.describing import hardware_version
from aiovirt.errors import ConfigError, ProtocolError
from aiovirt.interfaces import HostInfo, HostResources
from aiovirt.model.host import HostCpuMap, HostCpuStats, HostMemoryStats, NodeInfo
from aiovirt.protocols.esxcli import VimObject

__all__ = ["EsxHostInfo", "EsxHostResources"]

_ARCH = "x86_64"
_MIB = 1024**2
_PERCENT = 100
_BYTE = re.compile(r"0x([0-9a-fA-F]{1,2})")
_UUID_BYTES = 16

MAX_VCPUS = {7: 8, 8: 32, 9: 64, 10: 64, 11: 128, 13: 128, 14: 128, 17: 128}
"""Version of the virtual hardware -> virtual processors of a machine at most (VMware's
configuration maximums)."""
_MOST_VCPUS = 768


class _Asking(EsxAbility):
    """Asks what both abilities need."""

    async def summary(self) -> VimObject:
        """All that the host tells of itself."""
        return await self.host.look("hostsvc/hostsummary", what="tell of itself")

    async def needed(self, path: str) -> int:
        """A number of the summary."""
        return _number(await self.summary(), path)


def _number(summary: VimObject, path: str) -> int:
    found = summary.number(path)
    if found is None:
        raise ProtocolError(f"vim-cmd hostsvc/hostsummary told no {path}")
    return found


class EsxHostInfo(_Asking, HostInfo):
    """See `HostInfo`."""

    async def hostname(self) -> str:
        """See `HostInfo.hostname`: with its domain, where it has one."""
        fields = await self.host.fields("system", "hostname", "get", what="tell its name")
        name = fields.get("FullyQualifiedDomainName") or fields.get("HostName")
        if not name:
            raise ProtocolError("esxcli system hostname get told no name")
        return name

    async def version(self) -> str:
        """See `HostInfo.version`, as ``VMware ESXi 8.0.2``."""
        fields = await self.host.fields("system", "version", "get", what="tell its version")
        return f"{fields.get('Product', 'VMware ESXi')} {fields.get('Version', '')}".strip()

    async def driver_type(self) -> str:
        """See `HostInfo.driver_type`."""
        return DRIVER

    async def canonical_uri(self) -> str:
        """See `HostInfo.canonical_uri`: the one that it was opened with."""
        return str(self.context.uri)

    async def is_secure(self) -> bool:
        """See `HostInfo.is_secure`: SSH is."""
        return True

    async def max_vcpus(self, *, virt_type: str | None = None) -> int:
        """See `HostInfo.max_vcpus`: of the newest virtual hardware of the host."""
        if virt_type not in {None, "vmware"}:
            raise ConfigError(f"the host has no guests of type {virt_type!r}", field="type")
        return MAX_VCPUS.get(hardware_version(self.host.product), _MOST_VCPUS)

    async def capabilities(self) -> str:
        """See `HostInfo.capabilities`."""
        fields = await self.host.fields("hardware", "platform", "get", what="tell its hardware")
        identity = _read_uuid(fields.get("UUID", ""))
        domain = make("domain", type="vmware")
        host = make(
            "host",
            make("uuid", str(identity)) if identity else None,
            make("cpu", make("arch", _ARCH)),
        )
        arches = (("i686", "32"), (_ARCH, "64"))
        guests = [
            make(
                "guest",
                make("os_type", "hvm"),
                make(
                    "arch",
                    make("wordsize", size),
                    domain if name == _ARCH else make("domain", type="vmware"),
                    name=name,
                ),
            )
            for name, size in arches
        ]
        return to_text(make("capabilities", host, *guests))

    async def sysinfo(self) -> str:
        """See `HostInfo.sysinfo`: maker, model and serial number."""
        fields = await self.host.fields("hardware", "platform", "get", what="tell its hardware")
        identity = _read_uuid(fields.get("UUID", ""))
        told = {
            "manufacturer": fields.get("VendorName"),
            "product": fields.get("ProductName"),
            "serial": fields.get("SerialNumber"),
            "uuid": str(identity) if identity else None,
        }
        entries = [make("entry", text, name=name) for name, text in told.items() if text]
        return to_text(make("sysinfo", make("system", *entries), type="smbios"))


def _read_uuid(text: str) -> UUID | None:
    """A UUID that is written as its bytes, ``0x44 0x45 …``."""
    data = bytes(int(each, 16) for each in _BYTE.findall(text))
    return UUID(bytes=data) if len(data) == _UUID_BYTES else None


class EsxHostResources(_Asking, HostResources):
    """See `HostResources`."""

    async def _cpus(self) -> Mapping[str, str]:
        what = "tell of its processors"
        return await self.host.fields("hardware", "cpu", "global", "get", what=what)

    async def node_info(self) -> NodeInfo:
        """See `HostResources.node_info`."""
        summary, memory = await gather(
            self.summary,
            lambda: self.host.fields("hardware", "memory", "get", what="tell of its memory"),
        )
        sockets = _number(summary, "hardware.numCpuPkgs")
        cores, threads = (
            _number(summary, "hardware.numCpuCores"),
            _number(summary, "hardware.numCpuThreads"),
        )
        nodes = int(memory.get("NUMANodeCount") or 1) or 1
        nodes = nodes if sockets % nodes == 0 else 1
        return NodeInfo(
            model=_ARCH,
            memory=int(memory["PhysicalMemory"]),
            cpus=threads,
            mhz=_number(summary, "hardware.cpuMhz"),
            nodes=nodes,
            sockets=sockets // nodes,
            cores=cores // sockets,
            threads=threads // cores,
        )

    async def cpu_map(self) -> HostCpuMap:
        """See `HostResources.cpu_map`: all are on."""
        count = int((await self._cpus())["CPUThreads"])
        return HostCpuMap(count, frozenset(range(count)))

    async def cpu_stats(self, *, cpu: int = -1) -> HostCpuStats:
        """See `HostResources.cpu_stats`: how much of all is used, and of each nothing."""
        if cpu >= 0:
            raise ConfigError("the host tells of all processors together only", field="cpu")
        summary = await self.summary()
        mhz = _number(summary, "hardware.cpuMhz") * _number(summary, "hardware.numCpuCores")
        used = _number(summary, "quickStats.overallCpuUsage")
        return HostCpuStats(utilization=min(_PERCENT, _PERCENT * used // max(mhz, 1)))

    async def memory_stats(self, *, cell: int = -1) -> HostMemoryStats:
        """See `HostResources.memory_stats`: of the whole host."""
        if cell >= 0:
            raise ConfigError("the host tells of all memory together only", field="cell")
        summary = await self.summary()
        total = _number(summary, "hardware.memorySize")
        used = _number(summary, "quickStats.overallMemoryUsage") * _MIB
        return HostMemoryStats(total=total, free=max(total - used, 0))

    async def free_memory(self) -> int:
        """See `HostResources.free_memory`."""
        return (await self.memory_stats()).free or 0
