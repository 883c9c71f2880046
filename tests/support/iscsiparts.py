"""An iSCSI adapter with one target and one unit, for a simulated host."""

from __future__ import annotations

from aiovirt.protocols.vsphere.tables import storage as s
from aiovirt.testing.vsphere import FakeVSphere
from aiovirt.testing.vsphere.making import filled

__all__ = ["DISK", "TARGET", "give_iscsi"]

TARGET = "iqn.2026-01.com.example:store1"
DISK = "/vmfs/devices/disks/naa.600140512345"
_LUN = "key-vim.host.ScsiDisk-0200"


def give_iscsi(fake: FakeVSphere) -> None:
    """Let the host of a simulated ESX have them."""
    adapter = filled(
        s.HostInternetScsiHba,
        device="vmhba64",
        is_software_based=True,
        i_scsi_name="iqn.1998-01.com.vmware:esx",
        configured_static_target=(
            s.HostInternetScsiHbaStaticTarget(address="192.0.2.5", port=3260, i_scsi_name=TARGET),
        ),
    )
    transport = s.HostInternetScsiTargetTransport(i_scsi_name=TARGET, i_scsi_alias="")
    target = s.HostScsiTopologyTarget(
        key="target-0",
        target=0,
        lun=(s.HostScsiTopologyLun(key="lun-0", lun=0, scsi_lun=_LUN),),
        transport=transport,
    )
    disk = filled(
        s.HostScsiDisk,
        key=_LUN,
        uuid="0200000000600140512345",
        device_name=DISK,
        device_path=DISK,
        capacity=s.HostDiskDimensionsLba(block_size=512, block=2048),
    )
    interface = s.HostScsiTopologyInterface(key="if-0", adapter="vmhba64", target=(target,))
    info = s.HostStorageDeviceInfo(
        host_bus_adapter=(adapter,),
        scsi_lun=(disk,),
        scsi_topology=s.HostScsiTopology(adapter=(interface,)),
        software_internet_scsi_enabled=True,
    )
    (system,) = fake.site.world.of_kind("HostStorageSystem")
    fake.site.world.put(system, storageDeviceInfo=info)
