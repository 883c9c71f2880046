"""Devices of the host that the guest has to itself, and those that clients lend it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Final

from aiovirt.config import (
    CharacterDevice,
    Device,
    Disk,
    DiskSource,
    Hostdev,
    MdevHostdev,
    PciHostdev,
    ScsiHostdev,
    Smartcard,
    UsbHostdev,
    UsbRule,
    VhostHostdev,
    element,
)
from aiovirt.config.devices.hostdev import ScsiHostSource
from aiovirt.drivers.qemu.argv.chardevs import chardev
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.places import drive_place
from aiovirt.drivers.qemu.argv.storage.images import chain_of
from aiovirt.drivers.qemu.argv.storage.nodes import nodes_of
from aiovirt.drivers.qemu.argv.storage.secrets import image_objects
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.words import as_json, on_off
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.naming import alias_of
from aiovirt.model.addresses import CcidAddress, UsbAddress

__all__ = ["hostdevs", "hubs", "redirections", "smartcards"]


def hostdevs(guest: Guest) -> Iterator[str]:
    """Devices of the host.

    Raises:
        XMLError: One does not say which it is.
    """
    for device in guest.config.devices.hostdevs:
        if model_of(device, guest.family).driver:
            yield from _words(device, guest)


@singledispatch
def _words(device: Hostdev, _guest: Guest) -> Iterator[str]:
    raise Hostdev.type.error(device, f"QEMU is given no devices of type {device.type!r}")


@_words.register
def _usb(device: UsbHostdev, guest: Guest) -> Iterator[str]:
    source = device.source
    props: dict[str, object] = dict(usb_place(guest, device))
    if source.address:
        bus, number = source.address.bus or 0, source.address.device or 0
        props["hostdevice"] = f"/dev/bus/usb/{bus:03}/{number:03}"
    else:
        props |= {"vendorid": source.vendor or 0, "productid": source.product or 0}
    reset = source.guest_reset
    if reset is not None:
        props |= {"guest-reset": reset != "off", "guest-resets-all": reset == "on"}
    yield from ("-device", guest.device(device, props))


@_words.register
def _pci(device: PciHostdev, guest: Guest) -> Iterator[str]:
    place = device.source.address
    if not place:
        raise PciHostdev.source.error(
            device, "the device of the host has no address", expected="<address …/>"
        )
    yield from ("-device", guest.device(device, {"host": str(place.value)}))


@_words.register
def _mediated(device: MdevHostdev, guest: Guest) -> Iterator[str]:
    on_pci = device.model == "vfio-pci"
    shown = device.display if device.display is not None or not on_pci else False
    props = {
        "sysfsdev": f"/sys/bus/mdev/devices/{device.uuid}",
        "display": on_off(shown),
        "ramfb": True if device.ramfb else None,
    }
    yield from ("-device", guest.device(device, props))


@_words.register
def _scsi(device: ScsiHostdev, guest: Guest) -> Iterator[str]:
    name = f"libvirt-{device.alias}-backend"
    source = device.source
    if source.protocol == "iscsi":
        yield from _iscsi(guest, device, source)
    else:
        path = guest.resources.scsi.get(device.alias or "")
        if path is None:
            raise ScsiHostdev.source.error(
                device, "it was not found out which SCSI device of the host this is"
            )
        storage = {"driver": "host_device", "filename": path, "node-name": name}
        yield from ("-blockdev", as_json({**storage, "read-only": device.readonly}))
    shared = True if device.shareable else None
    props = {**drive_place(guest, device), "share-rw": shared, "drive": name}
    yield from ("-device", guest.device(device, props))


def _iscsi(guest: Guest, device: ScsiHostdev, source: ScsiHostSource) -> Iterator[str]:
    """An iSCSI target is the storage of a disk without its format."""
    node = element(source.copy())
    assert node is not None  # noqa: S101  it was just made
    disk = Disk(type="network", source=DiskSource._wrap_(node))
    image = next(chain_of(disk, 0, iter(())))
    for options in image_objects(image, guest.resources.folder):
        yield from ("-object", as_json(options))
    storage = next(iter(nodes_of(image)))
    read_only = device.readonly
    storage |= {"node-name": f"libvirt-{device.alias}-backend", "read-only": read_only}
    storage.pop("auto-read-only")
    storage.pop("discard")
    yield from ("-blockdev", as_json(storage))


@_words.register
def _scsi_host(device: VhostHostdev, guest: Guest) -> Iterator[str]:
    fd = guest.resources.vhost.get(device.alias or "", -1)
    yield from ("-device", guest.device(device, {"wwpn": device.wwpn, "vhostfd": str(fd)}))


def redirections(guest: Guest) -> Iterator[str]:
    """USB devices that a client lends, and which of them may be lent."""
    devices = guest.config.devices
    rules = [_rule(rule) for each in devices.redirfilters for rule in each.rules]
    for device in devices.redirdevs:
        yield from chardev(guest, _character(device), spice="usbredir", dbus="org.qemu.usbredir")
        props = {
            "chardev": f"char{device.alias}",
            "filter": "|".join(rules) or None,
            **usb_place(guest, device),
        }
        yield from ("-device", guest.device(device, props))


def _character(device: Device) -> CharacterDevice:
    """A device by its host's end, of which all character devices have the same fields."""
    node = element(device)
    assert node is not None  # noqa: S101  it is in a document
    return CharacterDevice._wrap_(node)


def _rule(rule: UsbRule) -> str:
    """``class:vendor:product:version:allow``, with -1 for any."""
    parts = (rule.usb_class, rule.vendor, rule.product)
    version = rule.version
    if version is not None and "." in version:
        major, minor = version.split(".")  # in decimal digits, as USB writes them
        version = f"0x{int(major):02d}{minor:0<2}"
    allow = "1" if rule.allow else "0"
    return ":".join([*(part or "-1" for part in parts), version or "-1", allow])


def hubs(guest: Guest) -> Iterator[str]:
    """USB hubs, each after what it is plugged into."""
    for device in sorted(guest.config.devices.hubs, key=_depth):
        yield from ("-device", guest.device(device, usb_place(guest, device)))


def _depth(device: Device) -> tuple[int, str]:
    address = device.address
    port = (address.port or "") if isinstance(address, UsbAddress) else ""
    return port.count("."), port


def smartcards(guest: Guest) -> Iterator[str]:
    """Smartcards: the host's, made of certificates, or a client's.

    Raises:
        XMLError: One is in no reader.
    """
    for device in guest.config.devices.smartcards:
        if device.mode == "passthrough":
            yield from chardev(guest, _character(device), spice="smartcard")
            props: dict[str, object] = {"chardev": f"char{alias_of(device)}"}
        elif device.mode == "host":
            props = {"backend": "nss-emulated"}
        else:
            props = {
                "backend": "certificates",
                **{f"cert{n}": name for n, name in enumerate(device.certificates, start=1)},
                "db": device.database or _DATABASE,
            }
        address = device.address
        if not isinstance(address, CcidAddress):
            raise Smartcard.address.error(device, "the smartcard is in no reader")
        bus = f"{guest.bus_of('ccid', address.controller)}.0"
        yield from ("-device", guest.device(device, {**props, "bus": bus}))


_DATABASE: Final = "/etc/pki/nssdb"
