"""The whole translation: a ``.vmx`` file becomes a domain, a domain a file, or a changed one.

It is libvirt's (``domxml-from-native`` and ``domxml-to-native``, format ``vmware-vmx``), whose test
data say what is right, and more than that where domain XML has a place for it.
"""

from __future__ import annotations

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import (
    cards,
    controllers,
    disk_writing,
    disks,
    extras,
    folders,
    host_devices,
    machine,
    ports,
    screen,
)
from aiovirt.drivers.common.vmx.files import Files
from aiovirt.drivers.common.vmx.merging import merged
from aiovirt.drivers.common.vmx.section import Section, present
from aiovirt.drivers.common.vmx.text import Vmx
from aiovirt.drivers.common.vmx.translation import Numbers, Reading, Writing, wrong

__all__ = ["domain_of", "hardware_of", "merge", "vmx_of"]

CONFIG_VERSION = 8
"""The version of the file format: no other is known."""

LOWEST_HARDWARE = 4
_PCI_EXPRESS = 7
_ROOT_PORTS = range(4, 8)
_ON_PCI_EXPRESS = ("scsi", "sata", "nvme", host_devices.PCI)
"""What newer hardware has behind its bridges."""

_READERS = (
    machine.read,
    disks.read,
    controllers.read,
    folders.read,
    cards.read,
    screen.read,
    ports.read,
    extras.read,
    host_devices.read,
)
_WRITERS = (
    machine.write,
    screen.write,
    controllers.write,
    disk_writing.write,
    folders.write,
    cards.write,
    ports.write,
    extras.write,
    host_devices.write,
)

_FAMILIES = {
    cards.FAMILY: cards.numbers,
    folders.FAMILY: folders.numbers,
    host_devices.PCI: host_devices.pci_numbers,
    host_devices.USB: host_devices.usb_numbers,
}
"""The devices that have no address of their own, and what their numbers in a file are."""


def hardware_of(vmx: Vmx) -> int:
    """The version of the virtual hardware that a file asks for.

    Raises:
        ConfigError: It says none, or one that is older than any that is known.
    """
    own = Section(vmx)
    own.needed("virtualHW.version")
    return own.number("virtualHW.version", 0, low=LOWEST_HARDWARE, high=2**16)


def domain_of(vmx: Vmx, files: Files, *, extended: bool = True) -> DomainConfig:
    """Make a domain of a file (``domxml-from-native``).

    Args:
        vmx: The file.
        files: What the host knows of files.
        extended: Whether what libvirt leaves out is told of as well: NVMe disks, the TPM, secure
            boot, cards of the host, sound, USB, timers, the boot order.  Without it the document
            is the one that libvirt gives.

    Raises:
        ConfigError: The file is incomplete, or a value cannot be: the message names key and line.
    """
    own = Section(vmx)
    own.needed("config.version")
    own.number("config.version", 0, low=CONFIG_VERSION, high=CONFIG_VERSION)
    reading = Reading(vmx, files, hardware_of(vmx), extended)
    config = DomainConfig(type="vmware")
    for read in _READERS:
        read(reading, config)
    return config


def vmx_of(config: DomainConfig, files: Files, *, hardware: int) -> Vmx:
    """Make a new file of a domain (``domxml-to-native``).

    Args:
        config: The domain, of the type ``vmware``.
        files: What the host knows of files.
        hardware: The version of the virtual hardware that the host shall give it.

    Raises:
        XMLError: VMware's hosts have no such machine: the message names the element.
        ConfigError: The host cannot understand the name of a file.
    """
    vmx = Vmx()
    own = Section(vmx)
    own.put(".encoding", "UTF-8")
    own.put("config.version", CONFIG_VERSION)
    own.put("virtualHW.version", hardware)
    _write(vmx, config, files, hardware, Numbers())
    if hardware >= _PCI_EXPRESS:
        _write_bridges(vmx)
    return vmx


def _write(vmx: Vmx, config: DomainConfig, files: Files, hardware: int, numbers: Numbers) -> None:
    if config.type != "vmware":
        raise wrong(config, f"the type cannot be {config.type!r}", expected="'vmware'")
    writing = Writing(vmx, files, hardware, numbers)
    for write in _WRITERS:
        write(writing, config)


def _write_bridges(vmx: Vmx) -> None:
    """What newer hardware sits on; a machine that was made by libvirt has it likewise."""
    if any(next(present(vmx, family), None) for family in _ON_PCI_EXPRESS):
        Section(vmx, "pciBridge0").put("present", value=True)
        for number in _ROOT_PORTS:
            bridge = Section(vmx, f"pciBridge{number}")
            bridge.say(present=True, virtualDev="pcieRootPort", functions=8)
    Section(vmx, "vmci0").put("present", value=True)


def merge(original: Vmx, config: DomainConfig, files: Files, *, extended: bool = True) -> Vmx:
    """Change a file so that it says what a domain says, and keep all that is not the domain's.

    What a domain made of the file would say, and the new one says too, stays to the byte: a kind of
    guest, a slot on the bus, all that has no place in domain XML.  What goes with a device that is
    gone goes too.

    Args:
        original: The file as it is.
        config: The domain that it shall become.
        files: What the host knows of files.
        extended: As `domain_of` was asked when the domain was made.

    Raises:
        ConfigError: The file cannot be understood, or VMware's hosts have no such machine.
    """
    hardware = hardware_of(original)
    before = domain_of(original, files, extended=extended)
    reading = Reading(original, files, hardware, extended)
    numbers = Numbers({family: known(reading) for family, known in _FAMILIES.items()})
    old, new = Vmx(), Vmx()
    _write(old, before, files, hardware, numbers)
    _write(new, config, files, hardware, numbers)
    return merged(original, old, new)
