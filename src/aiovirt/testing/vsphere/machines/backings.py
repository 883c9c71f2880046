"""What stands behind devices: the files of disks and drives, and the networks of cards."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables.enums import (
    VirtualDeviceConfigSpecFileOperation as FileOperation,
)
from aiovirt.protocols.vsphere.tables.networks import DVPortgroupConfigInfo
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.files import DatastoreFiles, DiskImage
from aiovirt.testing.vsphere.machines.machine import file_of

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.site import Site

__all__ = ["Backings", "Effect"]

Effect: TypeAlias = Callable[[], None]
Changed: TypeAlias = tuple[d.VirtualDevice, Effect | None]

KB: Final = 1024
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Backings:
    """The files and networks that the devices of one machine can have.

    Attributes:
        site: The server.
        name: The machine's name.
        folder: The datastore path of its folder.
        host: The host that it is on.
        running: Whether it runs.
        registering: Whether it comes from a file: then what is missing is found at its start.
    """

    site: Site
    name: str
    folder: str
    host: Ref
    running: bool
    registering: bool = False

    def added(self, index: int, device: d.VirtualDevice, operation: str | None) -> Changed:
        """A new device with what is behind it."""
        if isinstance(device, d.VirtualDisk):
            return self._new_disk(index, device, operation)
        if operation is not None:
            raise _file_operation(index, operation)
        if isinstance(device, d.VirtualEthernetCard):
            return self._card(index, self._addressed(index, device)), None
        return self._drive(index, device), None

    def edited(self, index: int, known: d.VirtualDevice, changed: d.VirtualDevice) -> Changed:
        """A changed device with what is behind it."""
        if isinstance(known, d.VirtualDisk) and isinstance(changed, d.VirtualDisk):
            return self._grown(index, known, changed)
        if isinstance(changed, d.VirtualEthernetCard):
            return self._card(index, self._addressed(index, changed)), None
        return self._drive(index, changed), None

    def removed(self, index: int, device: d.VirtualDevice, operation: str | None) -> Effect | None:
        """What is to be done when a device goes."""
        if operation is None:
            return None
        path = file_of(device)
        if operation != FileOperation.DESTROY or not isinstance(device, d.VirtualDisk) or not path:
            raise _file_operation(index, operation)
        files, inner = self.site.place(path, self.host)
        return partial(files.delete, inner)

    # --- disks ----------------------------------------------------------------------------------

    def _new_disk(self, index: int, disk: d.VirtualDisk, operation: str | None) -> Changed:
        backing = disk.backing
        if not isinstance(backing, d.VirtualDeviceFileBackingInfo):
            raise _backing(index)
        if operation is None:
            return self._known_disk(index, disk, backing), None
        if operation != FileOperation.CREATE:
            raise _file_operation(index, operation)
        if _capacity_kb(disk) <= 0:
            raise faults.invalid_device_spec(index)
        files, inner = self._disk_path(backing)
        image = self._image(disk, files, inner)
        made = self._with_image(disk, backing, files, inner, image)
        return made, partial(files.make_disk, inner, image)

    def _image(self, disk: d.VirtualDisk, files: DatastoreFiles, inner: str) -> DiskImage:
        """The image of a new disk, for which there must be room."""
        capacity = _capacity_kb(disk)
        thin = bool(getattr(disk.backing, "thin_provisioned", False))
        if files.exists(inner):
            raise faults.file_already_exists(files.path(inner))
        if not thin and capacity * KB > files.free:
            raise faults.no_disk_space(files.path(inner), files.name)
        return DiskImage(
            capacity_kb=capacity,
            allocated_kb=0 if thin else capacity,
            uuid=self.site.world.uuid(),
            thin=thin,
        )

    def _known_disk(
        self, index: int, disk: d.VirtualDisk, backing: d.VirtualDeviceFileBackingInfo
    ) -> d.VirtualDisk:
        if not backing.file_name.endswith(".vmdk"):
            raise _backing(index)
        files, inner = self.site.place(backing.file_name, self.host)
        if self.registering and inner not in files.files:
            return disk
        return self._with_image(disk, backing, files, inner, files.disk(inner))

    def _disk_path(self, backing: d.VirtualDeviceFileBackingInfo) -> tuple[DatastoreFiles, str]:
        """Where a new disk is to be; only the datastore may be given, or nothing."""
        wanted = backing.file_name or self.folder
        if backing.datastore is not None and not backing.file_name:
            wanted = f"[{self.site.files[backing.datastore].name}]"
        files, inner = self.site.place(wanted, self.host)
        if inner.endswith(".vmdk"):
            return files, inner
        own, folder = self.site.place(self.folder, self.host)
        place = f"{folder}/" if own is files and folder in files.folders else ""
        number, found = 0, f"{place}{self.name}.vmdk"
        while files.exists(found):
            number += 1
            found = f"{place}{self.name}_{number}.vmdk"
        return files, found

    def _with_image(
        self,
        disk: d.VirtualDisk,
        backing: d.VirtualDeviceFileBackingInfo,
        files: DatastoreFiles,
        inner: str,
        image: DiskImage,
    ) -> d.VirtualDisk:
        datastore = self.site.datastore(files.name, self.host)
        told = replace(backing, file_name=files.path(inner), datastore=datastore)
        if isinstance(told, d.VirtualDiskFlatVer2BackingInfo):
            told = replace(
                told,
                disk_mode=told.disk_mode or "persistent",
                uuid=image.uuid,
                thin_provisioned=image.thin,
                write_through=bool(told.write_through),
                split=bool(told.split),
            )
        return replace(
            disk,
            backing=told,
            capacity_in_kb=image.capacity_kb,
            capacity_in_bytes=image.capacity_kb * KB,
        )

    def _grown(self, index: int, known: d.VirtualDisk, changed: d.VirtualDisk) -> Changed:
        before, after = known.capacity_in_kb, _capacity_kb(changed, known)
        if after == before:
            return changed, None
        differs = getattr(known.backing, "parent", None) is not None
        if after < before or differs:
            raise faults.VimFault(
                f.InvalidDeviceOperation(device_index=index),
                f"Invalid operation for device '{index}'.",
            )
        files, inner = self.site.place(file_of(known), self.host)
        image = files.disk(inner)
        grown = DiskImage(
            capacity_kb=after,
            allocated_kb=image.allocated_kb if image.thin else after,
            uuid=image.uuid,
            adapter=image.adapter,
            thin=image.thin,
        )
        told = replace(changed, capacity_in_kb=after, capacity_in_bytes=after * KB)
        return told, partial(files.set_disk, inner, grown)

    # --- drives ---------------------------------------------------------------------------------

    def _drive(self, index: int, device: d.VirtualDevice) -> d.VirtualDevice:
        path = file_of(device)
        backing = device.backing
        if not path or not isinstance(backing, d.VirtualDeviceFileBackingInfo):
            return device
        files, inner = self.site.place(path, self.host)
        if _shows_image(device) and inner not in files.files:
            raise _backing(index)
        datastore = self.site.datastore(files.name, self.host)
        return replace(device, backing=replace(backing, datastore=datastore))

    # --- network cards --------------------------------------------------------------------------

    def _addressed(self, index: int, card: d.VirtualEthernetCard) -> d.VirtualEthernetCard:
        """The card with a MAC address."""
        connectable = card.connectable or d.VirtualDeviceConnectInfo(
            start_connected=True,
            allow_guest_control=True,
            connected=self.running,
            status="ok",
        )
        card = replace(card, connectable=connectable, wake_on_lan_enabled=True)
        kind = (card.address_type or "").lower()
        if not card.mac_address and kind != "manual":
            return self._with_new_mac(card)
        if _MAC.match(card.mac_address or "") is None:
            raise faults.invalid_device_spec(index)
        return replace(card, address_type=kind or "manual")

    def _with_new_mac(self, card: d.VirtualEthernetCard) -> d.VirtualEthernetCard:
        number = int(self.site.world.number("mac").rpartition("-")[2])
        vcenter = self.site.settings.is_vcenter
        prefix = "00:50:56:a0" if vcenter else "00:0c:29:00"
        return replace(
            card,
            mac_address=f"{prefix}:{number >> 8 & 255:02x}:{number & 255:02x}",
            address_type="assigned" if vcenter else "generated",
        )

    def _card(self, index: int, card: d.VirtualEthernetCard) -> d.VirtualEthernetCard:
        backing = card.backing
        if isinstance(backing, d.VirtualEthernetCardNetworkBackingInfo):
            network = self._network(index, backing)
            if network is None:
                return card
            name = self.site.world.get(network, "name", str)
            return replace(card, backing=replace(backing, network=network, device_name=name))
        if isinstance(backing, d.VirtualEthernetCardDistributedVirtualPortBackingInfo):
            return replace(card, backing=self._port(index, backing))
        raise _backing(index)

    def _network(self, index: int, backing: d.VirtualEthernetCardNetworkBackingInfo) -> Ref | None:
        """The network of the host that is meant; None where it may be missing."""
        known = self.site.world.refs(self.host, "network")
        if backing.network is not None:
            found = [ref for ref in known if ref == backing.network]
        else:
            named = set(self.site.world.named(backing.device_name))
            found = [ref for ref in known if ref in named and ref.kind == "Network"]
        if not found and not self.registering:
            raise _backing(index)
        return found[0] if found else None

    def _port(
        self, index: int, backing: d.VirtualEthernetCardDistributedVirtualPortBackingInfo
    ) -> d.VirtualEthernetCardDistributedVirtualPortBackingInfo:
        world, port = self.site.world, backing.port
        for ref in world.of_kind("DistributedVirtualPortgroup"):
            config = world.get(ref, "config", DVPortgroupConfigInfo)
            dvs = config.distributed_virtual_switch
            if config.key != port.portgroup_key or dvs is None:
                continue
            if world.get(dvs, "uuid", str) == port.switch_uuid:
                key = port.port_key or world.number("port", 0).rpartition("-")[2]
                return replace(backing, port=replace(port, port_key=key, connection_cookie=1))
        raise _backing(index)


def _shows_image(device: d.VirtualDevice) -> bool:
    """Whether a guest sees what is in a drive."""
    connected = device.connectable is not None and device.connectable.connected
    return connected and isinstance(device, d.VirtualCdrom | d.VirtualFloppy)


def _capacity_kb(disk: d.VirtualDisk, known: d.VirtualDisk | None = None) -> int:
    """What a disk is to have; either unit may be given, and what differs from before counts."""
    if not disk.capacity_in_bytes:
        return disk.capacity_in_kb
    if known is not None and disk.capacity_in_kb != known.capacity_in_kb:
        return disk.capacity_in_kb
    return disk.capacity_in_bytes // KB


def _backing(index: int) -> faults.VimFault:
    text = f"Invalid backing of the device '{index}'."
    return faults.VimFault(f.InvalidDeviceBacking(device_index=index), text)


def _file_operation(index: int, operation: str) -> faults.VimFault:
    fault = f.InvalidDeviceOperation(device_index=index, bad_file_op=FileOperation(operation))
    return faults.VimFault(fault, f"Invalid operation for device '{index}'.")
