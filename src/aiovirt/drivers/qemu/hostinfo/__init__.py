"""What the host and its QEMU binaries offer, as libvirt's two XML documents."""

from __future__ import annotations

from aiovirt.drivers.qemu.hostinfo.capabilities import capabilities_xml
from aiovirt.drivers.qemu.hostinfo.domain_capabilities import domain_capabilities_xml
from aiovirt.drivers.qemu.hostinfo.host import Host, read_host
from aiovirt.drivers.qemu.hostinfo.offers import HostOffers, read_offers
from aiovirt.drivers.qemu.hostinfo.smbios import read_smbios

__all__ = [
    "Host",
    "HostOffers",
    "capabilities_xml",
    "domain_capabilities_xml",
    "read_host",
    "read_offers",
    "read_smbios",
]
