"""How a domain boots: machine, firmware, kernel, order of boot devices."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import MODEL_NAME
from aiovirt.config._laws import Fits, OneOf, Only
from aiovirt.config._scalars import (
    Number,
    PathText,
    Switch,
    Text,
    Words,
    file_path,
    number,
    text,
    words,
    yes_no,
)
from aiovirt.config._view import View

__all__ = ["Loader", "Nvram", "OperatingSystem"]


ARCHITECTURES = (
    "aarch64",
    "alpha",
    "armv6l",
    "armv7l",
    "cris",
    "i686",
    "ia64",
    "lm32",
    "loongarch64",
    "m68k",
    "microblaze",
    "microblazeel",
    "mips",
    "mipsel",
    "mips64",
    "mips64el",
    "openrisc",
    "parisc",
    "parisc64",
    "ppc",
    "ppc64",
    "ppc64le",
    "ppcemb",
    "riscv32",
    "riscv64",
    "s390",
    "s390x",
    "sh4",
    "sh4eb",
    "sparc",
    "sparc64",
    "unicore32",
    "x86_64",
    "xtensa",
    "xtensaeb",
)
_XEN = ("xen", "linux", "xenpvh")
MAX_REBOOT_TIMEOUT = 2**15 - 1  # of a C short (rebootTimeoutDelay)


class Loader(View, tag="loader"):
    """The firmware: a ROM, or a flash image with `Nvram` for its variables."""

    path: PathText = file_path(".")
    readonly: Switch = yes_no("@readonly")
    secure: Switch = yes_no("@secure")
    stateless: Switch = yes_no("@stateless")
    type: Text = text("@type", known=("rom", "pflash"))
    format: Text = text("@format", known=("raw", "qcow2"))


class Nvram(View, tag="nvram"):
    """The file with the firmware's variables, and the template it is made of."""

    path: PathText = file_path(".")
    template: PathText = file_path("@template")
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
    type: Text = text("type", known=("hvm", "xen", "linux", "xenpvh", "exe"), required=True)
    arch: Text = text("type/@arch", known=ARCHITECTURES)
    machine: Text = text("type/@machine", form=MODEL_NAME)
    loader: One[Loader] = child("loader", Loader)
    nvram: One[Nvram] = child("nvram", Nvram)
    kernel: PathText = file_path("kernel")
    initrd: PathText = file_path("initrd")
    cmdline: Text = text("cmdline")
    dtb: PathText = file_path("dtb")
    boot: Words = words("boot/@dev", known=("hd", "fd", "cdrom", "network"))
    boot_menu: Switch = yes_no("bootmenu/@enable", required=True)
    boot_menu_timeout: Number = number("bootmenu/@timeout", high=MAX_UINT16)
    bios_useserial: Switch = yes_no("bios/@useserial")
    reboot_timeout: Number = number("bios/@rebootTimeout", low=-1, high=MAX_REBOOT_TIMEOUT)
    smbios: Text = text("smbios/@mode", known=("emulate", "host", "sysinfo"), required=True)

    _laws_ = (
        Only(
            ("hvm",),
            (
                "firmware",
                "loader",
                "nvram",
                "boot",
                "boot_menu",
                "boot_menu_timeout",
                "bios_useserial",
                "reboot_timeout",
                "smbios",
            ),
        ),
        Only(("hvm", *_XEN), ("machine", "kernel", "initrd", "cmdline", "dtb")),
        Fits(_XEN, ("machine",), form=OneOf("xenpv", "xenfv", "xenpvh")),
        Fits(_XEN, ("arch",), form=OneOf("i686", "x86_64", "ia64")),
    )
