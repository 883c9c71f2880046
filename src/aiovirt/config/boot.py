"""How a domain boots: machine, firmware, kernel, order of boot devices."""

from __future__ import annotations

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import MODEL_NAME, WORD, shaped
from aiovirt.config._laws import Apart, Fits, OneOf, Only, With
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
from aiovirt.config.devices.sources import DISK_TYPES, SOURCE_LAWS, DiskSource

__all__ = [
    "AcpiTable",
    "FirmwareFeature",
    "InitVariable",
    "Loader",
    "Nvram",
    "OperatingSystem",
]


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
_ENV_NAME = shaped("[a-zA-Z_][a-zA-Z0-9_]*", "a name of letters, digits and _ only")
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


class FirmwareFeature(View, tag="feature"):
    """What the firmware that is chosen must have, or must not."""

    name: Text = text("@name", known=("enrolled-keys", "secure-boot"), required=True)
    enabled: Switch = yes_no("@enabled", required=True)


class AcpiTable(View, tag="table"):
    """A table of ACPI from a file of the host."""

    type: Text = text("@type", known=("slic",), required=True)
    path: PathText = file_path(".", required=True)


class InitVariable(View, tag="initenv"):
    """A variable of the environment of a container's first process."""

    name: Text = text("@name", form=_ENV_NAME, required=True)
    value: Text = text(".")


class Nvram(View, tag="nvram"):
    """The file with the firmware's variables, and the template it is made of.

    Attributes:
        type: What kind of `source` it has, where it is no plain file of the host.
    """

    type: Text = text("@type", known=DISK_TYPES)
    source: One[DiskSource] = child("source", DiskSource)
    path: PathText = file_path(".")
    template: PathText = file_path("@template")
    format: Text = text("@format", known=("raw", "qcow2"))

    _laws_ = (*SOURCE_LAWS, Apart(("path",), ("type", "source")))


class OperatingSystem(View, tag="os"):
    """How the domain boots (``<os>``).

    For containers, `init` and what follows it say which program is run.

    Attributes:
        type: ``hvm`` for a whole machine, ``exe`` for a container.
        arch: The processor's architecture, such as ``x86_64``.
        machine: The machine type, such as ``q35``.
        boot: The kinds of device to boot from, in order; devices may have a `boot_order` instead.
        boot_menu: Whether the firmware offers a menu.
        boot_menu_timeout: How long it does so, in milliseconds.
        smbios: Where the SMBIOS tables come from.
        firmware: The kind of firmware that the driver chooses, with the `firmware_features`.
        root: The root file system of a paravirtual guest of Xen.
    """

    firmware: Text = text("@firmware", known=("bios", "efi"))
    firmware_features: Many[FirmwareFeature] = children("firmware/feature", FirmwareFeature)
    type: Text = text("type", known=("hvm", "xen", "linux", "xenpvh", "exe"), required=True)
    arch: Text = text("type/@arch", known=ARCHITECTURES)
    machine: Text = text("type/@machine", form=MODEL_NAME)
    loader: One[Loader] = child("loader", Loader)
    nvram: One[Nvram] = child("nvram", Nvram)
    kernel: PathText = file_path("kernel")
    initrd: PathText = file_path("initrd")
    root: PathText = file_path("root")
    cmdline: Text = text("cmdline")
    dtb: PathText = file_path("dtb")
    boot: Words = words("boot/@dev", known=("hd", "fd", "cdrom", "network"))
    boot_menu: Switch = yes_no("bootmenu/@enable", required=True)
    boot_menu_timeout: Number = number("bootmenu/@timeout", high=MAX_UINT16)
    bios_useserial: Switch = yes_no("bios/@useserial")
    reboot_timeout: Number = number("bios/@rebootTimeout", low=-1, high=MAX_REBOOT_TIMEOUT)
    smbios: Text = text("smbios/@mode", known=("emulate", "host", "sysinfo"), required=True)

    acpi_tables: Many[AcpiTable] = children("acpi/table", AcpiTable)
    init: PathText = file_path("init")
    init_args: Words = words("initarg")
    init_env: Many[InitVariable] = children("initenv", InitVariable)
    init_dir: PathText = file_path("initdir")
    init_user: Text = text("inituser", form=WORD)
    init_group: Text = text("initgroup", form=WORD)

    _laws_ = (
        Only(
            ("exe",),
            ("init", "init_args", "init_env", "init_dir", "init_user", "init_group"),
        ),
        With(("init_user",), "init_group"),
        With(("init_group",), "init_user"),
        Only(
            ("hvm",),
            (
                "firmware",
                "firmware_features",
                "acpi_tables",
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
        Only(("hvm", *_XEN), ("machine", "kernel", "initrd", "root", "cmdline", "dtb")),
        Fits(_XEN, ("machine",), form=OneOf("xenpv", "xenfv", "xenpvh")),
        Fits(_XEN, ("arch",), form=OneOf("i686", "x86_64", "ia64")),
    )
