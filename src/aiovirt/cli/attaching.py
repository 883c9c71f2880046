"""Verbs that plug disks and interfaces in and out by options, without an XML file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from xml.etree import ElementTree as ET

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.device_documents import add, address, device_text, pci_address, rates
from aiovirt.cli.failures import UsageError
from aiovirt.cli.hotplug import NOW, Where
from aiovirt.cli.results import Plain, done
from aiovirt.errors import NotFound

if TYPE_CHECKING:
    from aiovirt.config import Disk, DomainConfig, Interface, View
    from aiovirt.objects import Domain

__all__ = ["attach_disk", "attach_interface", "detach_disk", "detach_interface"]

PrintArg = Annotated[bool, about("Print the device's XML instead.")]

_PCI = re.compile(r"(?:([0-9a-fA-F]{4}):)?([0-9a-fA-F]{2}):([0-9a-fA-F]{2})\.([0-7])")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class DiskForm:
    """How a disk is made."""

    targetbus: Annotated[str | None, about("The bus, such as virtio or scsi.")] = None
    driver: Annotated[str | None, about("The driver's name, such as qemu.")] = None
    subdriver: Annotated[str | None, about("The image's format, such as qcow2.")] = None
    iothread: Annotated[str | None, about("The number of its IO thread.")] = None
    cache: Annotated[str | None, about("none, writeback, writethrough, directsync, unsafe.")] = None
    io: Annotated[str | None, about("threads, native or io_uring.")] = None
    type: Annotated[str | None, about("disk, cdrom, floppy or lun.")] = None
    mode: Annotated[Literal["readonly", "shareable"] | None, about("Who may write.")] = None
    sourcetype: Annotated[
        Literal["file", "block", "network"] | None, about("What the source is; else seen.")
    ] = None
    serial: Annotated[str | None, about("Its serial number.")] = None
    wwn: Annotated[str | None, about("Its world wide name.")] = None
    alias: Annotated[str | None, about("Its alias; it begins with ua-.")] = None
    rawio: Annotated[bool, about("Let the guest send raw commands.")] = False
    address: Annotated[str | None, about("Where it sits, such as pci:0000.00.07.0.")] = None
    multifunction: Annotated[bool, about("With a PCI address: others share its slot.")] = False
    source_protocol: Annotated[str | None, about("The protocol of a network disk.")] = None
    source_host_name: Annotated[str | None, about("Its server: HOST[:PORT].")] = None
    source_host_transport: Annotated[str | None, about("tcp, rdma or unix.")] = None
    source_host_socket: Annotated[str | None, about("The path of its socket.")] = None

    def element(self, source: str, target: str) -> ET.Element:
        """The disk.

        Raises:
            UsageError: An address is wrong.
        """
        kind = self._kind(source)
        disk = ET.Element("disk", {"type": kind})
        if self.type is not None:
            disk.set("device", self.type)
        if self.rawio:
            disk.set("rawio", "yes")
        add(
            disk,
            "driver",
            name=self.driver,
            type=self.subdriver,
            iothread=self.iothread,
            cache=self.cache,
            io=self.io,
        )
        self._source(disk, kind, source)
        add(disk, "target", dev=target, bus=self.targetbus)
        if self.mode is not None:
            ET.SubElement(disk, self.mode)
        add(disk, "serial", self.serial)
        add(disk, "alias", name=self.alias)
        add(disk, "wwn", self.wwn)
        if self.address is not None:
            add(disk, "address", **address(self.address, multifunction=self.multifunction))
        return disk

    def _kind(self, source: str) -> str:
        """What the source is, as virsh sees it: it looks on this machine."""
        if self.sourcetype is not None:
            return self.sourcetype
        if self.source_protocol is not None:
            return "network"
        return "block" if source and Path(source).is_block_device() else "file"

    def _source(self, disk: ET.Element, kind: str, source: str) -> None:
        if kind == "block":
            add(disk, "source", dev=source)
        elif kind == "network":
            place = ET.SubElement(disk, "source")
            for name, word in (("protocol", self.source_protocol), ("name", source)):
                if word:
                    place.set(name, word)
            host, _, port = (self.source_host_name or "").partition(":")
            add(
                place,
                "host",
                transport=self.source_host_transport,
                name=host or None,
                port=port or None,
                socket=self.source_host_socket,
            )
        else:
            add(disk, "source", file=source)


NO_FORM = DiskForm()


async def attach_disk(
    domain: DomainArg,
    source: Annotated[str, about("The image, block device or name of a network disk.")],
    target: Annotated[str, about("How the guest sees it, such as vdb.")],
    *,
    form: DiskForm = NO_FORM,
    print_xml: PrintArg = False,
    where: Where = NOW,
    session: SessionArg,
) -> Plain:
    """Plug a disk in.

    For example:

        aiovirt attach-disk web1 /var/lib/images/data.qcow2 vdb --subdriver qcow2 --persistent
        aiovirt attach-disk web1 /dev/vg/data vdc --cache none
    """
    text = device_text(form.element(source, target))
    if print_xml:
        return Plain(text, {"xml": text}, [target])
    vm = await session.domain(domain)
    await vm.attach(text, **await where.of(vm))
    return done(vm.key, "attached", "Disk attached successfully", device=target)


async def detach_disk(
    domain: DomainArg,
    target: Annotated[str, about("How the guest sees it, such as vdb; or its image.")],
    *,
    print_xml: PrintArg = False,
    where: Where = NOW,
    session: SessionArg,
) -> Plain:
    """Pull a disk out.

    For example:

        aiovirt detach-disk web1 vdb --persistent
    """
    vm = await session.domain(domain)
    disk = disk_of(vm, await _config(vm, where), target)
    return await _detach(vm, disk, where, "Disk", target, print_xml=print_xml)


def disk_of(vm: Domain, config: DomainConfig, name: str) -> Disk:
    """The disk with that target, or with that image.

    Raises:
        NotFound: There is none.
    """
    for disk in config.disks:
        if name in {disk.target.dev, disk.path}:
            return disk
    known = ", ".join(disk.target.dev or "" for disk in config.disks)
    raise NotFound(
        f"domain '{vm.name}' has no disk {name!r}", hint=f"it has: {known}" if known else None
    )


# --- interfaces ---------------------------------------------------------------------------------


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceForm:
    """How an interface is made."""

    target: Annotated[str | None, about("Its name on the host.")] = None
    mac: Annotated[str | None, about("Its MAC address.")] = None
    script: Annotated[str | None, about("The script that connects it.")] = None
    model: Annotated[str | None, about("What the guest sees, such as virtio.")] = None
    alias: Annotated[str | None, about("Its alias; it begins with ua-.")] = None
    inbound: Annotated[str | None, about("AVERAGE[,PEAK[,BURST[,FLOOR]]] in KiB/s, KiB.")] = None
    outbound: Annotated[str | None, about("AVERAGE[,PEAK[,BURST]] in KiB/s, KiB.")] = None
    managed: Annotated[bool, about("Take a PCI device from the host, and give it back.")] = False
    source_mode: Annotated[Literal["server", "client"] | None, about("Of a vhostuser socket.")] = (
        None
    )

    def element(self, kind: str, source: str) -> ET.Element:
        """The interface.

        Raises:
            UsageError: An address or a rate is wrong.
        """
        interface = ET.Element("interface", {"type": kind})
        if self.managed:
            interface.set("managed", "yes")
        self._source(interface, kind, source)
        add(interface, "target", dev=self.target)
        add(interface, "mac", address=self.mac)
        add(interface, "script", path=self.script)
        add(interface, "model", type=self.model)
        add(interface, "alias", name=self.alias)
        inbound, outbound = rates("--inbound", self.inbound), rates("--outbound", self.outbound)
        if inbound or outbound:
            bandwidth = ET.SubElement(interface, "bandwidth")
            add(bandwidth, "inbound", **inbound)
            add(bandwidth, "outbound", **outbound)
        return interface

    def _source(self, interface: ET.Element, kind: str, source: str) -> None:
        if kind == "hostdev":
            found = _PCI.fullmatch(source)
            if found is None:
                raise UsageError(f"{source!r} is no PCI address", hint="such as 0000:00:19.0")
            parts = [int(word or "0", 16) for word in found.groups()]
            add(ET.SubElement(interface, "source"), "address", **pci_address(parts))
        elif kind == "vhostuser":
            add(interface, "source", type="unix", path=source, mode=self.source_mode)
        else:
            add(interface, "source", **{_SOURCES[kind]: source})


_SOURCES = {"network": "network", "bridge": "bridge", "direct": "dev"}
NO_INTERFACE_FORM = InterfaceForm()


async def attach_interface(
    domain: DomainArg,
    kind: Annotated[
        Literal["network", "bridge", "direct", "hostdev", "vhostuser"],
        Parameter(name="--type", help="What it is connected to."),
    ],
    source: Annotated[str, about("The network, bridge, device, PCI address or socket.")],
    *,
    form: InterfaceForm = NO_INTERFACE_FORM,
    print_xml: PrintArg = False,
    where: Where = NOW,
    session: SessionArg,
) -> Plain:
    """Plug a network interface in.

    For example:

        aiovirt attach-interface web1 network default --model virtio --persistent
        aiovirt attach-interface web1 bridge br0 --mac 52:54:00:11:22:33
    """
    text = device_text(form.element(kind, source))
    if print_xml:
        return Plain(text, {"xml": text}, [source])
    vm = await session.domain(domain)
    await vm.attach(text, **await where.of(vm))
    return done(vm.key, "attached", "Interface attached successfully", mac=form.mac)


async def detach_interface(
    domain: DomainArg,
    kind: Annotated[str, Parameter(name="--type", help="What it is connected to.")],
    *,
    mac: Annotated[str | None, about("Its MAC address; needed where there are several.")] = None,
    print_xml: PrintArg = False,
    where: Where = NOW,
    session: SessionArg,
) -> Plain:
    """Pull a network interface out.

    For example:

        aiovirt detach-interface web1 network --mac 52:54:00:11:22:33 --persistent
    """
    vm = await session.domain(domain)
    found = _interface(vm, await _config(vm, where), kind, mac)
    name = str(found.mac)
    return await _detach(vm, found, where, "Interface", name, print_xml=print_xml)


def _interface(vm: Domain, config: DomainConfig, kind: str, mac: str | None) -> Interface:
    """The only interface of that type, or the one with that address.

    Raises:
        NotFound: There is none.
        UsageError: There are several.
    """
    of_kind = [item for item in config.interfaces if item.type == kind]
    found = [item for item in of_kind if mac is None or str(item.mac).lower() == mac.lower()]
    if not found:
        known = ", ".join(f"{item.type} {item.mac}" for item in config.interfaces)
        raise NotFound(
            f"domain '{vm.name}' has no interface {kind} {mac or ''}".rstrip(),
            hint=f"it has: {known}" if known else None,
        )
    if len(found) > 1:
        known = ", ".join(str(item.mac) for item in found)
        raise UsageError(f"domain '{vm.name}' has several of them", hint=f"--mac of: {known}")
    return found[0]


async def _config(vm: Domain, where: Where) -> DomainConfig:
    """The configuration that a device is looked for in."""
    return await vm.config(inactive=where.config and not where.live)


async def _detach(
    vm: Domain, device: View, where: Where, what: str, name: str, *, print_xml: bool
) -> Plain:
    if print_xml:
        text = device.to_xml()
        return Plain(text.rstrip("\n"), {"xml": text}, [name])
    await vm.detach(device, **await where.of(vm))
    return done(vm.key, "detached", f"{what} detached successfully", device=name)
