"""What the host and its QEMU binaries offer, as libvirt's two XML documents."""

from __future__ import annotations

from aiovirt.drivers.qemu.hostinfo.capabilities import capabilities_xml
from aiovirt.drivers.qemu.hostinfo.domain_capabilities import domain_capabilities_xml
from aiovirt.drivers.qemu.hostinfo.host import Host, read_host

__all__ = ["Host", "capabilities_xml", "domain_capabilities_xml", "read_host"]
