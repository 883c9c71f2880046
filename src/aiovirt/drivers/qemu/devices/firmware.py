"""Choosing the firmware of a guest that names its kind only, among those that the host has.

Knows no files: what there is comes in.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig, OperatingSystem
from aiovirt.drivers.qemu.binaries.firmwares import Firmware

__all__ = ["INTERFACES", "choose_firmware", "is_for", "name_variables"]

INTERFACES: Final = {"efi": "uefi", "bios": "bios"}
"""What libvirt calls a kind of firmware, and what its description does."""

_ARCHES: Final = {"i686": "i386", "armv7l": "arm", "ppc64le": "ppc64"}
"""libvirt's architectures that QEMU spells in another way."""

_DEVICES: Final = {"flash": "pflash", "memory": "rom"}


def choose_firmware(config: DomainConfig, there: Iterable[Firmware]) -> None:
    """Fill in the firmware that a domain leaves to the driver, in place.

    A domain that names the image of a flash only gets the template of its variables.

    Args:
        config: A completed configuration.
        there: The firmwares of the host, the best first.

    Raises:
        XMLError: The host has none that is so.
    """
    system = config.os
    if system.loader.path:
        _add_template(config, there)
        return
    if system.firmware is None:
        return
    found = next((each for each in there if _fits(config, each)), None)
    if found is not None:
        _take(config, found)
    elif system.firmware == "efi":  # a BIOS is QEMU's own
        wanted = [f"{each.name}={each.enabled}" for each in system.firmware_features]
        raise OperatingSystem.firmware.error(
            system,
            f"the host describes no {system.firmware} firmware for a {system.machine}"
            + (f" with {', '.join(wanted)}" if wanted else ""),
            expected="one in /usr/share/qemu/firmware",
            hint="install it (on Debian ovmf or qemu-efi-aarch64), or name it in <loader>",
        )


def name_variables(config: DomainConfig, folder: Path) -> None:
    """Give a domain's variables a file of their own, where they have a template but no file."""
    nvram = config.os.nvram
    if nvram.template and not nvram.path and not nvram.source:
        ending = "fd" if nvram.format in {None, "raw"} else nvram.format
        nvram.path = str(folder / f"{config.name}_VARS.{ending}")


def _fits(config: DomainConfig, firmware: Firmware) -> bool:
    system, loader = config.os, config.os.loader
    mapping = firmware.mapping
    kind = _DEVICES.get(mapping.device)
    return (
        INTERFACES.get(system.firmware or "") in firmware.interface_types
        and is_for(firmware, system.machine or "", system.arch or "")
        and kind is not None
        and loader.type in {None, kind}
        and not (kind == "pflash" and mapping.mode == "combined")
        and loader.stateless in {None, mapping.mode == "stateless"}
        and _format_of(firmware) == (loader.format or "raw")
        and _has_features(config, frozenset(firmware.features))
    )


def is_for(firmware: Firmware, machine: str, arch: str) -> bool:
    """Whether a firmware is for a machine type of an architecture, in libvirt's word."""
    targets = (each for each in firmware.targets if each.architecture == _ARCHES.get(arch, arch))
    patterns = chain.from_iterable(each.machines for each in targets)
    return any(fnmatchcase(machine, pattern) for pattern in patterns)


def _format_of(firmware: Firmware) -> str:
    executable = firmware.mapping.executable
    return executable.format if executable else "raw"


def _has_features(config: DomainConfig, features: frozenset[str]) -> bool:
    """Whether a firmware has what is wanted, and does not need what is not there."""
    secure = config.os.loader.secure
    needs_smm = "requires-smm" in features
    wanted = all((each.name in features) is each.enabled for each in config.os.firmware_features)
    smm_is_right = not needs_smm or (config.features.smm is not False and secure is not False)
    secure_is_right = not secure or (needs_smm and "secure-boot" in features)
    sealed = config.launch_security.type != "sev" or "amd-sev" in features
    return wanted and smm_is_right and secure_is_right and sealed


def _take(config: DomainConfig, firmware: Firmware) -> None:
    loader, nvram, mapping = config.os.loader, config.os.nvram, firmware.mapping
    loader.type = _DEVICES[mapping.device]
    if mapping.executable is None:
        loader.path = mapping.filename
        return
    loader.path, loader.readonly = mapping.executable.filename, True
    if mapping.executable.format != "raw":
        loader.format = mapping.executable.format
    if "requires-smm" in firmware.features:
        config.features.smm = loader.secure = True
    if mapping.nvram_template is not None and mapping.mode == "split":
        nvram.template = nvram.template or mapping.nvram_template.filename
        if mapping.nvram_template.format != "raw":
            nvram.format = mapping.nvram_template.format


def _add_template(config: DomainConfig, there: Iterable[Firmware]) -> None:
    loader, nvram = config.os.loader, config.os.nvram
    if loader.type != "pflash" or loader.stateless or nvram.template or nvram.path or nvram.source:
        return
    for firmware in there:
        mapping = firmware.mapping
        ours = mapping.executable is not None and mapping.executable.filename == loader.path
        if ours and mapping.nvram_template is not None:
            nvram.template = mapping.nvram_template.filename
            return
