"""What libvirt's translation leaves out and domain XML has a place for: one small part for each.

Sources are VMware's documents of the keys (Workstation and ESX: sound, USB, virtual TPM, order of
boot devices, HPET, locked memory).
"""

from __future__ import annotations

from collections.abc import Mapping

from aiovirt.config import (
    Controller,
    DomainConfig,
    Sound,
    Timer,
    Tpm,
    TpmBackend,
)
from aiovirt.drivers.common.vmx.translation import Reading, Writing, wrong

__all__ = ["read", "write"]

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
"""The words of ``bios.bootOrder``, with libvirt's."""

_DEFAULT_BOOT = ("hd",)

_SOUND_MODELS = {libvirt: vmware for vmware, libvirt in SOUND_CARDS.items()}
_USB_MODELS = {
    **{libvirt: prefix for prefix, libvirt in USB_CONTROLLERS.items()},
    **dict.fromkeys(("piix3-uhci", "ich9-uhci1", "vt82c686b-uhci", "pci-ohci"), "usb"),
    "ich9-ehci1": "ehci",
    "qemu-xhci": "usb_xhci",
}
_BOOT_WORDS = {libvirt: vmware for vmware, libvirt in BOOT_DEVICES.items()}
_MAX_DELAY_MS = 2**16 - 1


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


def _read_tpm(reading: Reading, config: DomainConfig) -> None:
    if reading.section("vtpm").switch("present"):
        backend = TpmBackend(type="emulator", version="2.0")
        config.devices.tpms.append(Tpm(model="tpm-crb", backend=backend))


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
    _read_tpm,
    _read_boot,
    _read_small,
)


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


def _write_tpm(writing: Writing, config: DomainConfig) -> None:
    for tpm in config.devices.tpms:
        if tpm.backend.type != "emulator" or tpm.backend.version == "1.2":
            raise wrong(tpm, "VMware has an emulated module of version 2.0 only")
        writing.section("vtpm").put("present", value=True)


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
    _write_tpm,
    _write_boot,
    _write_small,
)
