"""One machine as the API tells of it: its properties, kept in step with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.devices import (
    VirtualDevice,
    VirtualDisk,
    VirtualEthernetCard,
    VirtualEthernetCardDistributedVirtualPortBackingInfo,
    VirtualEthernetCardNetworkBackingInfo,
)
from aiovirt.protocols.vsphere.tables.enums import (
    ManagedEntityStatus,
    VirtualMachinePowerState,
    VirtualMachineToolsStatus,
)
from aiovirt.protocols.vsphere.tables.guest import GuestInfo, GuestNicInfo
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineConfigInfo,
    VirtualMachineConfigSummary,
    VirtualMachineFileLayoutEx,
    VirtualMachineGuestSummary,
    VirtualMachineQuickStats,
    VirtualMachineRuntimeInfo,
    VirtualMachineStorageInfo,
    VirtualMachineStorageSummary,
    VirtualMachineSummary,
    VirtualMachineUsageOnDatastore,
)
from aiovirt.protocols.vsphere.tables.storage import VirtualMachineFileLayoutExFileInfo
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.files import DatastoreFiles, folder_of, split_path
from aiovirt.testing.vsphere.machines.guest import Guest

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.site import Site

__all__ = ["OFF", "ON", "SUSPENDED", "Machine"]

ON: Final = VirtualMachinePowerState.POWERED_ON
OFF: Final = VirtualMachinePowerState.POWERED_OFF
SUSPENDED: Final = VirtualMachinePowerState.SUSPENDED

_KINDS: Final = {
    ".vmx": "config",
    ".nvram": "nvram",
    ".vmsd": "snapshotList",
    ".vmdk": "diskDescriptor",
    ".vmsn": "snapshotData",
    ".vmem": "snapshotMemory",
    ".vmss": "suspend",
    ".log": "log",
    ".vswp": "swap",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of a site.

    Attributes:
        site: The server.
        ref: Its reference.
    """

    site: Site
    ref: Ref

    # --- what it is -------------------------------------------------------------------------------

    @property
    def config(self) -> VirtualMachineConfigInfo:
        """How it is configured."""
        return self.site.world.get(self.ref, "config", VirtualMachineConfigInfo)

    @property
    def runtime(self) -> VirtualMachineRuntimeInfo:
        """What it does."""
        return self.site.world.get(self.ref, "runtime", VirtualMachineRuntimeInfo)

    @property
    def guest(self) -> Guest:
        """What is inside it."""
        return self.site.guests[self.ref]

    def install(self, guest: Guest) -> Guest:
        """Let it have another guest, from now on."""
        self.site.guests[self.ref] = guest
        self.refresh()
        return guest

    @property
    def power(self) -> VirtualMachinePowerState:
        """Whether it runs."""
        return VirtualMachinePowerState(self.runtime.power_state)

    @property
    def devices(self) -> tuple[VirtualDevice, ...]:
        """Its devices."""
        return self.config.hardware.device

    @property
    def disks(self) -> list[VirtualDisk]:
        """Its disks."""
        return [each for each in self.devices if isinstance(each, VirtualDisk)]

    @property
    def host(self) -> Ref:
        """The host that it is on."""
        host = self.runtime.host
        if host is None:
            raise faults.invalid_state()
        return host

    @property
    def path(self) -> str:
        """The datastore path of its configuration file."""
        return self.config.files.vm_path_name or ""

    @property
    def folder_path(self) -> str:
        """The datastore path of the folder that it is in."""
        return folder_of(self.path)

    @property
    def tools_run(self) -> bool:
        """Whether VMware Tools run in it."""
        return self.power == ON and self.guest.tools

    def demand(self, *states: VirtualMachinePowerState) -> None:
        """Refuse what its power state does not allow.

        Raises:
            VimFault: InvalidPowerState.
        """
        if self.power not in states:
            raise faults.invalid_power_state(self.power, states[0])

    def demand_tools(self) -> None:
        """Refuse what needs VMware Tools.

        Raises:
            VimFault: It does not run, or they do not.
        """
        self.demand(ON)
        if not self.tools_run:
            raise faults.tools_unavailable()

    # --- changing it ------------------------------------------------------------------------------

    def configure(self, **changes: object) -> None:
        """Change its configuration."""
        known = self.config
        version = str(int(known.change_version) + 1)
        changed = replace(known, change_version=version, modified=self.site.clock.now(), **changes)
        self.site.world.put(self.ref, config=changed, name=changed.name)
        self.refresh()

    def set_devices(self, devices: tuple[VirtualDevice, ...]) -> None:
        """Give it other devices."""
        self.configure(hardware=replace(self.config.hardware, device=devices))

    def run(self, **changes: object) -> None:
        """Change what it does."""
        self.site.world.put(self.ref, runtime=replace(self.runtime, **changes))
        self.tell()

    def refresh(self) -> None:
        """Let all that is told of it be as it is."""
        self.site.note_disks(self.ref, [file_of(disk) for disk in self.disks])
        datastores = self._datastores()
        self._link("datastore", datastores)
        self._link("network", self._networks())
        self.site.world.put(self.ref, layoutEx=self._layout(), storage=self._storage(datastores))
        self.tell()

    def tell(self) -> None:
        """Let its summary, and what is told of its guest, be as they are."""
        guest = self.guest_info()
        running = ManagedEntityStatus.GREEN if self.tools_run else ManagedEntityStatus.GRAY
        self.site.world.put(
            self.ref,
            guest=guest,
            guestHeartbeatStatus=running,
            summary=self._summary(guest, running),
        )

    def _link(self, name: str, refs: dict[Ref, None]) -> None:
        """Let datastores or networks know that it uses them, or does no more."""
        world = self.site.world
        before = dict.fromkeys(world.refs(self.ref, name))
        world.put(self.ref, **{name: tuple(refs)})
        for ref in refs.keys() - before.keys():
            world.append_to(ref, "vm", self.ref)
        for ref in before.keys() - refs.keys():
            if ref in world:
                world.take_from(ref, "vm", self.ref)

    # --- what is told of it -----------------------------------------------------------------------

    def guest_info(self) -> GuestInfo:
        """What VMware Tools tell."""
        guest, config = self.guest, self.config
        if not self.tools_run:
            return self._silent_guest()
        return GuestInfo(
            tools_status=VirtualMachineToolsStatus.TOOLS_OK,
            tools_running_status="guestToolsRunning",
            tools_version_status="guestToolsCurrent",
            tools_version_status2="guestToolsCurrent",
            tools_version="12352",
            guest_id=config.guest_id,
            guest_family=guest.family,
            guest_full_name=guest.full_name,
            host_name=guest.host_name,
            ip_address=guest.addresses[0] if guest.addresses else None,
            net=self._guest_nics(),
            guest_state="running",
            guest_operations_ready=True,
            interactive_guest_operations_ready=False,
            guest_state_change_supported=True,
        )

    def _silent_guest(self) -> GuestInfo:
        """What is known of a guest in which no Tools run."""
        installed = self.guest.tools
        kinds = VirtualMachineToolsStatus
        return GuestInfo(
            tools_status=kinds.TOOLS_NOT_RUNNING if installed else kinds.TOOLS_NOT_INSTALLED,
            tools_running_status="guestToolsNotRunning",
            tools_version_status2="guestToolsCurrent" if installed else "guestToolsNotInstalled",
            guest_id=self.config.guest_id,
            guest_full_name=self.config.guest_full_name,
            guest_state="running" if self.power == ON else "notRunning",
            guest_operations_ready=False,
            interactive_guest_operations_ready=False,
        )

    def _guest_nics(self) -> tuple[GuestNicInfo, ...]:
        cards = [each for each in self.devices if isinstance(each, VirtualEthernetCard)]
        return tuple(
            GuestNicInfo(
                network=_network_name(card),
                ip_address=self.guest.addresses if place == 0 else (),
                mac_address=card.mac_address,
                connected=bool(card.connectable and card.connectable.connected),
                device_config_id=card.key,
            )
            for place, card in enumerate(cards)
        )

    def _summary(self, guest: GuestInfo, heartbeat: ManagedEntityStatus) -> VirtualMachineSummary:
        known = self.site.world.objects[self.ref].properties
        values: Any = known.get("customValue", ())
        return VirtualMachineSummary(
            vm=self.ref,
            runtime=self.runtime,
            guest=VirtualMachineGuestSummary(
                guest_id=guest.guest_id,
                guest_full_name=guest.guest_full_name,
                tools_status=guest.tools_status,
                tools_version_status=guest.tools_version_status,
                tools_version_status2=guest.tools_version_status2,
                tools_running_status=guest.tools_running_status,
                host_name=guest.host_name,
                ip_address=guest.ip_address,
            ),
            config=_config_summary(self.config),
            storage=self._storage_summary(),
            quick_stats=self._quick_stats(heartbeat),
            overall_status=ManagedEntityStatus.GREEN,
            custom_value=values,
        )

    def _storage_summary(self) -> VirtualMachineStorageSummary:
        info = self.site.world.get(self.ref, "storage", VirtualMachineStorageInfo)
        usage = info.per_datastore_usage
        return VirtualMachineStorageSummary(
            committed=sum(each.committed for each in usage),
            uncommitted=sum(each.uncommitted for each in usage),
            unshared=sum(each.unshared for each in usage),
            timestamp=self.site.clock.now(),
        )

    def _quick_stats(self, heartbeat: ManagedEntityStatus) -> VirtualMachineQuickStats:
        memory = self.config.hardware.memory_mb if self.power == ON else 0
        return VirtualMachineQuickStats(
            overall_cpu_usage=120 if self.power == ON else 0,
            guest_memory_usage=memory // 4,
            host_memory_usage=memory // 2,
            guest_heartbeat_status=heartbeat,
            uptime_seconds=self._uptime(),
        )

    def _uptime(self) -> int:
        began = self.runtime.boot_time
        if began is None or self.power != ON:
            return 0
        return int((self.site.clock.now() - began).total_seconds())

    def _datastores(self) -> dict[Ref, None]:
        paths = [self.path, *(path for each in self.devices if (path := file_of(each)))]
        names = dict.fromkeys(split_path(path)[0] for path in paths if path.startswith("["))
        found = (self.site.datastore(name, self.ref) for name in names)
        return {ref: None for ref in found if ref is not None}

    def _networks(self) -> dict[Ref, None]:
        found = (_network_of(device) for device in self.devices)
        return {ref: None for ref in found if ref is not None and ref in self.site.world}

    def _layout(self) -> VirtualMachineFileLayoutEx:
        name, inner = split_path(self.folder_path)
        datastore = self.site.datastore(name, self.ref)
        found: list[str] = []
        files = DatastoreFiles(name, 0, self.site.clock)
        if datastore is not None:
            files = self.site.files[datastore]
            found = [each for each in files.folders.get(inner, ()) if each in files.files]
        return VirtualMachineFileLayoutEx(
            file=tuple(
                VirtualMachineFileLayoutExFileInfo(
                    key=key,
                    name=f"[{name}] {each}",
                    type=_KINDS.get(each[each.rfind(".") :], "log"),
                    size=files.files[each].size,
                )
                for key, each in enumerate(found)
            ),
            timestamp=self.site.clock.now(),
        )

    def _storage(self, datastores: dict[Ref, None]) -> VirtualMachineStorageInfo:
        usage = []
        for ref in datastores:
            images = self._images(ref)
            used = sum(each.allocated_kb for each in images) * 1024
            whole = sum(each.capacity_kb for each in images) * 1024
            usage.append(
                VirtualMachineUsageOnDatastore(
                    datastore=ref, committed=used, uncommitted=whole - used, unshared=used
                )
            )
        return VirtualMachineStorageInfo(
            per_datastore_usage=tuple(usage), timestamp=self.site.clock.now()
        )

    def _images(self, datastore: Ref) -> list[Any]:
        files = self.site.files[datastore]
        inner = [split_path(path) for each in self.disks if (path := file_of(each))]
        found = [files.files.get(path) for name, path in inner if name == files.name]
        return [file.disk for file in found if file is not None and file.disk is not None]


def file_of(device: VirtualDevice) -> str:
    """The file behind a device, or nothing."""
    return getattr(device.backing, "file_name", "") or ""


def _network_of(device: VirtualDevice) -> Ref | None:
    """The network that a device is on, if it is a card on one."""
    backing = device.backing
    if isinstance(backing, VirtualEthernetCardNetworkBackingInfo):
        return backing.network
    if isinstance(backing, VirtualEthernetCardDistributedVirtualPortBackingInfo):
        return Ref("DistributedVirtualPortgroup", backing.port.portgroup_key or "")
    return None


def _network_name(card: VirtualEthernetCard) -> str | None:
    backing = card.backing
    return getattr(backing, "device_name", None)


def _config_summary(config: VirtualMachineConfigInfo) -> VirtualMachineConfigSummary:
    cpu, memory, devices = config.cpu_allocation, config.memory_allocation, config.hardware.device
    return VirtualMachineConfigSummary(
        name=config.name,
        template=config.template,
        vm_path_name=config.files.vm_path_name or "",
        memory_size_mb=config.hardware.memory_mb,
        cpu_reservation=cpu.reservation if cpu else None,
        memory_reservation=memory.reservation if memory else None,
        num_cpu=config.hardware.num_cpu,
        num_ethernet_cards=sum(isinstance(each, VirtualEthernetCard) for each in devices),
        num_virtual_disks=sum(isinstance(each, VirtualDisk) for each in devices),
        uuid=config.uuid,
        instance_uuid=config.instance_uuid,
        guest_id=config.guest_id,
        guest_full_name=config.guest_full_name,
        annotation=config.annotation,
    )
