"""What ``device.getdevices`` prints, as hosts have it: with commas that end nothing."""

from __future__ import annotations

from aiovirt.config import Disk, DomainConfig, Interface
from aiovirt.drivers.common.vmx.places import Place
from aiovirt.drivers.esxssh.hardware import Hardware, LiveDevice, read_hardware
from aiovirt.drivers.esxssh.plugging import shown_as_it_runs
from aiovirt.protocols.esxcli import VimObject, parse_vim

PRINTED = """\
Devices:

(vim.vm.VirtualHardware) {
   numCPU = 2,
   device = (vim.vm.device.VirtualDevice) [
      (vim.vm.device.VirtualAHCIController) {
         key = 15000,
         connectable = (vim.vm.device.VirtualDevice.ConnectInfo) null,
         controllerKey = 100,
         unitNumber = 24,
         busNumber = 0,
         device = (int) [
            16000
         ]
      },
      (vim.vm.device.ParaVirtualSCSIController) {
         key = 1001,
         controllerKey = 100,
         busNumber = 1,
         hotAddRemove = true,
      },
      (vim.vm.device.VirtualUSB) {
         key = 0,
         controllerKey = 7000,
         unitNumber = 0,
      },
      (vim.vm.device.VirtualCdrom) {
         key = 16000,
         backing = (vim.vm.device.VirtualCdrom.IsoBackingInfo) {
            fileName = "[datastore1] iso/debian.iso",
            datastore = 'vim.Datastore:5e0026d9-a647150e-d8a8-4cedfb76e9d5',
            backingObjectId = <unset>
         },
         connectable = (vim.vm.device.VirtualDevice.ConnectInfo) {
            startConnected = true,
            allowGuestControl = true,
            connected = false,
            status = "ok"
         },
         controllerKey = 15000,
         unitNumber = 0
      },
      (vim.vm.device.VirtualDisk) {
         key = 2017,
         backing = (vim.vm.device.VirtualDisk.FlatVer2BackingInfo) {
            fileName = "[datastore1] web1/web1.vmdk",
         },
         connectable = (vim.vm.device.VirtualDevice.ConnectInfo) null,
         controllerKey = 1001,
         unitNumber = 1,
      },
      (vim.vm.device.VirtualVmxnet3) {
         key = 4000,
         connectable = (vim.vm.device.VirtualDevice.ConnectInfo) {
            connected = false,
         },
         controllerKey = 100,
         unitNumber = 7,
         macAddress = "00:0C:29:AA:BB:CC",
         uptCompatibilityEnabled = false,
      }
   ]
}
"""


def printed() -> Hardware:
    found = parse_vim(PRINTED)
    assert isinstance(found, VimObject)
    return read_hardware(found.objects("device"))


def test_drives_are_known_by_their_places_and_cards_by_their_addresses() -> None:
    medium, disk = "[datastore1] iso/debian.iso", "[datastore1] web1/web1.vmdk"
    assert printed() == Hardware(
        {
            Place("sata", 0, 0): LiveDevice("VirtualCdrom", 16000, medium, connected=False),
            Place("scsi", 1, 1): LiveDevice("VirtualDisk", 2017, disk, connected=None),
        },
        {"00:0c:29:aa:bb:cc": LiveDevice("VirtualVmxnet3", 4000, None, connected=False)},
        frozenset({("sata", 0), ("scsi", 1)}),
    )


def test_what_is_not_connected_is_not_there() -> None:
    drive = Disk(type="file", device="cdrom")
    drive.target.dev, drive.target.bus = "sda", "sata"
    drive.source.file = "[datastore1] iso/debian.iso"
    cards = [Interface(type="bridge", mac=f"00:0c:29:aa:bb:{last}") for last in ("cc", "dd")]
    config = DomainConfig(type="vmware", disks=[drive], interfaces=cards)
    shown_as_it_runs(config, printed())
    assert config.disks[0].path is None
    assert [card.link for card in config.interfaces] == ["down", None]
