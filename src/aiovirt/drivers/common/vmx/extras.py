"""What libvirt's translation leaves out and domain XML has a place for: one small part for each.

Sources are VMware's documents of the keys (Workstation and ESX: sound, USB, virtual TPM, DirectPath
I/O, boot order, HPET, locked memory).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aiovirt.config import (
    Controller,
    DomainConfig,
    PciHostdev,
    PciHostSource,
    Sound,
    Timer,
    Tpm,
    TpmBackend,
    UsbHostdev,
)
from aiovirt.config.shared.pci import PciPlace
from aiovirt.drivers.common.vmx.section import Section, present
from aiovirt.drivers.common.vmx.translation import Reading, Writing, wrong
from aiovirt.model.addresses import PciAddress

__all__ = ["PCI_FAMILY", "numbers", "read", "write"]

PCI_FAMILY = "pciPassthru"

SOUND_CARDS: Mapping[str, str] = {"es1371": "es1370", "sb16": "sb16", "hdaudio": "ich6"}
"""The ``virtualDev`` of the sound card, with libvirt's word for the nearest."""

USB_CONTROLLERS: Mapping[str, str] = {
    "usb": "piix4-uhci",
    "ehci": "ehci",
    "usb_xhci": "nec-xhci",
}
"""What has the keys of a USB controller, with libvirt's word for the nearest."""

BOOT_DEVICES: Mapping[str, str] = {
    "hdd": "hd",
    "cdrom": "cdrom",
    "floppy": "fd",
    "ethernet": "network",
}
"""The words of ``bios.bootOrder``, with libvirt\'s."""

_DEFAULT_BOOT = ("hd",)

_SOUND_MODELS = {libvirt: vmware for vmware, libvirt in SOUND_CARDS.items()}
_USB_MODELS = {
    **{libvirt: prefix for prefix, libvirt in USB_CONTROLLERS.items()},
    **dict.fromkeys(("piix3-uhci", "ich9-uhci1", "vt82c686b-uhci", "pci-ohci"), "usb"),
    "ich9-ehci1": "ehci",
    "qemu-xhci": "usb_xhci",
}
_BOOT_WORDS = {libvirt: vmware for vmware, libvirt in BOOT_DEVICES.items()}
_PCI_ID = re.compile(r"([0-9]{1,5}):([0-9]{1,3}):([0-9]{1,2})\.([0-7])")
_USB_ID = re.compile(
    r"(?:vid:|0x)(?P<vendor>[0-9a-f]{1,4})(?: pid:|:0x)(?P<product>[0-9a-f]{1,4})(?: .*)?"
)
_MAX_DELAY_MS = 2**16 - 1
_AUTO_CONNECT = "usb.autoConnect"
_USB_DEVICES = 16


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of all of it, where it is asked for.

    Raises:
        ConfigError: A value cannot be.
    """
    if not reading.extended:
        return
    for part in _READERS:
        part(reading, config)


def _read_sound(reading: Reading, config: DomainConfig) -> None:
    section = reading.section("sound")
    if section.switch("present"):
        model = section.choice("virtualDev", SOUND_CARDS) or SOUND_CARDS["es1371"]
        config.devices.sounds.append(Sound(model=model))


def _read_usb(reading: Reading, config: DomainConfig) -> None:
    found = (prefix for prefix in USB_CONTROLLERS if reading.section(prefix).switch("present"))
    for index, prefix in enumerate(found):
        model = USB_CONTROLLERS[prefix]
        config.controllers.append(Controller(type="usb", index=index, model=model))


def _read_usb_devices(reading: Reading, config: DomainConfig) -> None:
    section = reading.section(_AUTO_CONNECT)
    for number in range(_USB_DEVICES):
        found = _USB_ID.fullmatch(section.word(f"device{number}") or "")
        if found is not None:
            vendor, product = int(found["vendor"], 16), int(found["product"], 16)
            config.devices.hostdevs.append(UsbHostdev.of(vendor, product))


def _read_tpm(reading: Reading, config: DomainConfig) -> None:
    if reading.section("vtpm").switch("present"):
        backend = TpmBackend(type="emulator", version="2.0")
        config.devices.tpms.append(Tpm(model="tpm-crb", backend=backend))


def _read_passed(reading: Reading, config: DomainConfig) -> None:
    for _, section in present(reading.vmx, PCI_FAMILY):
        source = PciHostSource(address=PciPlace.of(_pci_address(section)))
        config.devices.hostdevs.append(PciHostdev(mode="subsystem", type="pci", source=source))


def _pci_address(section: Section) -> PciAddress:
    """The address of a card of the host: all four numbers are decimal."""
    said = section.needed("id")
    found = _PCI_ID.fullmatch(said)
    domain, bus, slot, function = (0, 0, 0, 0) if found is None else map(int, found.groups())
    highest = PciAddress.HIGHEST
    if found is None or bus > highest["bus"] or slot > highest["slot"]:
        section.refuse_value("id", said, "decimal numbers such as 00000:129:00.0")
    return PciAddress(domain, bus, slot, function)


def _read_boot(reading: Reading, config: DomainConfig) -> None:
    section = reading.section("bios")
    said = section.word("bootOrder") or ""
    words = [word.strip() for word in said.split(",")]
    known = [BOOT_DEVICES[word] for word in words if word in BOOT_DEVICES]
    config.os.boot = dict.fromkeys(known)
    delay = section.number("bootDelay", 0, low=0)
    if delay:
        config.os.boot_menu = True
        config.os.boot_menu_timeout = min(delay, _MAX_DELAY_MS)


def _read_small(reading: Reading, config: DomainConfig) -> None:
    if reading.section("hpet0").switch("present"):
        config.clock.timers.append(Timer(name="hpet", present=True))
    if reading.section("sched.mem").switch("pin"):
        config.memory_backing.locked = True


_READERS = (
    _read_sound,
    _read_usb,
    _read_usb_devices,
    _read_tpm,
    _read_passed,
    _read_boot,
    _read_small,
)


def numbers(reading: Reading) -> list[tuple[str, int]]:
    """By what each card of the host is known when a file is changed, its address, and its number.

    Raises:
        ConfigError: An address cannot be.
    """
    found = present(reading.vmx, PCI_FAMILY)
    return [(str(_pci_address(section)), number) for number, section in found]


def write(writing: Writing, config: DomainConfig) -> None:
    """Write all of it that the domain has.

    Raises:
        XMLError: VMware has no such device.
    """
    for part in _WRITERS:
        part(writing, config)


def _write_sound(writing: Writing, config: DomainConfig) -> None:
    for sound in list(config.devices.sounds)[:1]:
        model = sound.model or ""
        if model not in _SOUND_MODELS:
            expected = ", ".join(map(repr, _SOUND_MODELS))
            raise wrong(sound, f"the sound card cannot be {model!r}", expected=expected)
        section = writing.section("sound")
        section.say(present=True, virtualDev=_SOUND_MODELS[model], fileName="-1", autodetect=True)


def _write_usb(writing: Writing, config: DomainConfig) -> None:
    for controller in config.controllers:
        if controller.type == "usb" and controller.model != "none":
            prefix = _USB_MODELS.get(controller.model or "", "usb")
            writing.section(prefix).put("present", value=True)


def _write_usb_devices(writing: Writing, config: DomainConfig) -> None:
    devices = (each for each in config.devices.hostdevs if isinstance(each, UsbHostdev))
    for number, device in enumerate(devices):
        writing.section(_AUTO_CONNECT).put(f"device{number}", _usb_id(device))


def _usb_id(device: UsbHostdev) -> str:
    source = device.source
    if source.vendor is None or source.product is None:
        expected = "<vendor/> and <product/>"
        raise wrong(device, "the device is named by its place", expected=expected)
    return f"0x{source.vendor:04x}:0x{source.product:04x}"


def _write_tpm(writing: Writing, config: DomainConfig) -> None:
    for tpm in config.devices.tpms:
        if tpm.backend.type != "emulator" or tpm.backend.version == "1.2":
            raise wrong(tpm, "VMware has an emulated module of version 2.0 only")
        writing.section("vtpm").put("present", value=True)


def _write_passed(writing: Writing, config: DomainConfig) -> None:
    places = list(_passed(config))
    assigned = writing.numbers.assign(PCI_FAMILY, [str(place) for place in places])
    for at, number in zip(places, assigned, strict=True):
        section = writing.section(f"{PCI_FAMILY}{number}")
        section.say(present=True, id=f"{at.domain:05d}:{at.bus:03d}:{at.slot:02d}.{at.function}")


def _passed(config: DomainConfig) -> Iterator[PciAddress]:
    for device in config.devices.hostdevs:
        if isinstance(device, PciHostdev):
            yield device.source.address.value
        elif not isinstance(device, UsbHostdev):
            raise wrong(device, f"VMware passes no device of type {device.type!r} through")


def _write_boot(writing: Writing, config: DomainConfig) -> None:
    section = writing.section("bios")
    order = config.os.boot
    if order and order != _DEFAULT_BOOT:
        section.put("bootOrder", ",".join(_BOOT_WORDS[word] for word in order))
    if config.os.boot_menu and config.os.boot_menu_timeout:
        section.put("bootDelay", config.os.boot_menu_timeout)


def _write_small(writing: Writing, config: DomainConfig) -> None:
    timers = {timer.name: timer.present for timer in config.clock.timers}
    if timers.get("hpet"):
        writing.section("hpet0").put("present", value=True)
    if config.memory_backing.locked:
        writing.section("sched.mem").put("pin", value=True)


_WRITERS = (
    _write_sound,
    _write_usb,
    _write_usb_devices,
    _write_tpm,
    _write_passed,
    _write_boot,
    _write_small,
)
