"""How a domain boots: machine, firmware, kernel, order of boot devices."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._scalars import Number, Switch, Text, Words, number, text, words, yes_no
from aiovirt.config._view import View

__all__ = ["Loader", "Nvram", "OperatingSystem"]


class Loader(View, tag="loader"):
    """The firmware: a ROM, or a flash image with `Nvram` for its variables."""

    path: Text = text(".")
    readonly: Switch = yes_no("@readonly")
    secure: Switch = yes_no("@secure")
    stateless: Switch = yes_no("@stateless")
    type: Text = text("@type", known=("rom", "pflash"))
    format: Text = text("@format", known=("raw", "qcow2"))


class Nvram(View, tag="nvram"):
    """The file with the firmware's variables, and the template it is made of."""

    path: Text = text(".")
    template: Text = text("@template")
    format: Text = text("@format", known=("raw", "qcow2"))


class OperatingSystem(View, tag="os"):
    """How the domain boots (``<os>``).

    Attributes:
        type: ``hvm`` for a whole machine, ``exe`` for a container.
        arch: The processor's architecture, such as ``x86_64``.
        machine: The machine type, such as ``q35``.
        boot: The kinds of device to boot from, in order; devices may have a `boot_order` instead.
        boot_menu: Whether the firmware offers a menu.
        boot_menu_timeout: How long it does so, in milliseconds.
        smbios: Where the SMBIOS tables come from.
    """

    firmware: Text = text("@firmware", known=("bios", "efi"))
    type: Text = text("type", known=("hvm", "xen", "linux", "xenpvh", "exe", "uml"), required=True)
    arch: Text = text("type/@arch")
    machine: Text = text("type/@machine")
    loader: One[Loader] = child("loader", Loader)
    nvram: One[Nvram] = child("nvram", Nvram)
    kernel: Text = text("kernel")
    initrd: Text = text("initrd")
    cmdline: Text = text("cmdline")
    dtb: Text = text("dtb")
    boot: Words = words("boot/@dev", known=("hd", "fd", "cdrom", "network"))
    boot_menu: Switch = yes_no("bootmenu/@enable")
    boot_menu_timeout: Number = number("bootmenu/@timeout", high=65535)
    bios_useserial: Switch = yes_no("bios/@useserial")
    reboot_timeout: Number = number("bios/@rebootTimeout", low=-1, high=65535)
    smbios: Text = text("smbios/@mode", known=("emulate", "host", "sysinfo"))
