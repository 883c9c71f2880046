"""What the host is: its name, its version, what its machines may be, its SMBIOS."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from aiovirt.config.making import make, to_text
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.hosts import host_of, hosts_of
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import ConfigError, Unsupported
from aiovirt.interfaces import HostInfo, immediate
from aiovirt.protocols.vsphere.tables.hosts import HostBIOSInfo, HostSystemInfo

__all__ = ["EsxHostInfo"]

_SYSTEM: Final = "hardware.systemInfo"
_BIOS: Final = "hardware.biosInfo"
_DNS: Final = "config.network.dnsConfig"
_VCPUS: Final = "capability.maxSupportedVcpus"
_VIRT: Final = "vmware"
_ARCHES: Final = (("i686", "32"), ("x86_64", "64"))


class EsxHostInfo(EsxAbility, HostInfo):
    """See `HostInfo`. A URI that means several hosts tells what is true of all of them."""

    async def hostname(self) -> str:
        """See `HostInfo.hostname`: with its domain; of several hosts it is the vCenter's."""
        hosts = hosts_of(self.session)
        if len(hosts) != 1:
            return self.session.uri.host or ""
        known = await self.session.get(hosts[0], _DNS, what="tell its name")
        dns: Any = known.get(_DNS)
        if dns is None or not dns.host_name:
            return self.session.tree.name(hosts[0])
        return f"{dns.host_name}.{dns.domain_name}" if dns.domain_name else str(dns.host_name)

    @immediate
    async def version(self) -> str:
        """See `HostInfo.version`, as ``ESX 8.0.2``; a vCenter tells its own, as with libvirt."""
        return f"{DRIVER} {self.session.about.version}"

    @immediate
    async def driver_type(self) -> str:
        """See `HostInfo.driver_type`."""
        return DRIVER

    @immediate
    async def canonical_uri(self) -> str:
        """See `HostInfo.canonical_uri`: the one that it was opened with."""
        return str(self.session.uri)

    @immediate
    async def is_secure(self) -> bool:
        """See `HostInfo.is_secure`: TLS is, if somebody is trusted by more than being there."""
        parameters = self.session.parameters
        return parameters.transport == "https" and not parameters.no_verify

    async def max_vcpus(self, *, virt_type: str | None = None) -> int:
        """See `HostInfo.max_vcpus`: what each of the hosts can give one machine.

        Raises:
            Unsupported: None tells.
        """
        if virt_type not in {None, _VIRT}:
            raise ConfigError(f"the host has no guests of type {virt_type!r}", field="type")
        what = "tell how many processors a domain may have"
        found = await self.session.get_many(hosts_of(self.session), [_VCPUS], what=what)
        told = [int(each[_VCPUS]) for each in found.values() if each.get(_VCPUS)]
        if not told:
            raise Unsupported(DRIVER, "HostInfo.max_vcpus", "the host does not tell")
        return min(told)

    async def _identity(self) -> UUID | None:
        """The host's UUID; of several hosts that of the vCenter."""
        hosts = hosts_of(self.session)
        text = self.session.about.instance_uuid
        if len(hosts) == 1:
            system = (await self.session.get(hosts[0], _SYSTEM)).get(_SYSTEM)
            text = None if system is None else system.uuid
        try:
            return UUID(text) if text else None
        except ValueError:  # some makers write something else there
            return None

    async def capabilities(self) -> str:
        """See `HostInfo.capabilities`."""
        identity = await self._identity()
        ways = make("uri_transports", make("uri_transport", "vpxmigr"))
        host = make(
            "host",
            make("uuid", str(identity)) if identity else None,
            make("cpu", make("arch", "x86_64")),
            make("power_management"),
            make("iommu", support="no"),
            make("migration_features", make("live"), ways),
        )
        guests = [
            make(
                "guest",
                make("os_type", "hvm"),
                make("arch", make("wordsize", size), make("domain", type=_VIRT), name=name),
            )
            for name, size in _ARCHES
        ]
        return to_text(make("capabilities", host, *guests))

    async def sysinfo(self) -> str:
        """See `HostInfo.sysinfo`: maker, model, serial number, and the firmware.

        Raises:
            NotFound: The URI means several hosts.
        """
        host = host_of(self.session, "tell its SMBIOS")
        known = await self.session.get(host, _SYSTEM, _BIOS, what="tell its SMBIOS")
        parts = [_bios(known.get(_BIOS)), _system(known.get(_SYSTEM))]
        told = [make(tag, *entries) for tag, entries in parts if entries]
        if not told:
            raise ConfigError(f"{self.session.where} tells nothing of its SMBIOS")
        return to_text(make("sysinfo", *told, type="smbios"))


def _entries(values: dict[str, str | None]) -> list[Any]:
    return [make("entry", text, name=name) for name, text in values.items() if text]


def _bios(bios: HostBIOSInfo | None) -> tuple[str, list[Any]]:
    if bios is None:
        return "bios", []
    day = bios.release_date.strftime("%m/%d/%Y") if bios.release_date else None
    return "bios", _entries({"vendor": bios.vendor, "version": bios.bios_version, "date": day})


def _system(system: HostSystemInfo | None) -> tuple[str, list[Any]]:
    if system is None:
        return "system", []
    tags = [
        each.identifier_value
        for each in system.other_identifying_info
        if each.identifier_type.key == "ServiceTag"
    ]
    return "system", _entries(
        {
            "manufacturer": system.vendor,
            "product": system.model,
            "serial": system.serial_number or next(iter(tags), None),
            "uuid": system.uuid,
        }
    )
