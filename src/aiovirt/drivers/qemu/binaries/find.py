"""Finding the QEMU binary for a guest architecture.

Architectures are named in libvirt's words (``virArch``), binaries in QEMU's.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from aiovirt.errors import ConfigError, ExecutableNotFound

__all__ = ["find_emulator", "host_arch", "known_emulators", "kvm_accessible"]

KVM_DEVICE: Final = "/dev/kvm"


class _Target(NamedTuple):
    qemu: str
    package: str


_TARGETS: Final[dict[str, _Target]] = {
    "x86_64": _Target("x86_64", "qemu-system-x86"),
    "i686": _Target("i386", "qemu-system-x86"),
    "aarch64": _Target("aarch64", "qemu-system-arm"),
    "armv7l": _Target("arm", "qemu-system-arm"),
    "ppc64": _Target("ppc64", "qemu-system-ppc"),
    "ppc64le": _Target("ppc64", "qemu-system-ppc"),
    "riscv64": _Target("riscv64", "qemu-system-misc"),
    "s390x": _Target("s390x", "qemu-system-misc"),
}

# What distributions call the binary of the host's own architecture; the last two are Red Hat's.
_NATIVE_NAMES: Final = ("qemu-kvm", "kvm", "/usr/libexec/qemu-kvm")

_LIBVIRT_ARCH: Final = {"i386": "i686", "i486": "i686", "i586": "i686", "arm64": "aarch64"}


def host_arch() -> str:
    """The host's architecture in libvirt's words."""
    machine = platform.machine()
    return _LIBVIRT_ARCH.get(machine, machine)


def kvm_accessible() -> bool:
    """Whether this user may use the kernel's KVM; the kernel may still refuse a guest."""
    return os.access(KVM_DEVICE, os.R_OK | os.W_OK)


def find_emulator(arch: str) -> Path:
    """The binary that emulates an architecture.

    Args:
        arch: The guest's architecture, such as ``x86_64`` or ``aarch64``.

    Raises:
        ConfigError: There is no such architecture.
        ExecutableNotFound: It is not installed; the hint names the Debian package.
    """
    target = _TARGETS.get(arch)
    if target is None:
        known = ", ".join(_TARGETS)
        raise ConfigError(f"guest architecture {arch!r} is not one of {known}", field="os/type")
    name = f"qemu-system-{target.qemu}"
    native = _NATIVE_NAMES if arch == host_arch() else ()
    for candidate in (name, *native):
        found = shutil.which(candidate)
        if found:
            return Path(found)
    raise ExecutableNotFound(
        f"no QEMU for {arch} guests: {name} is not on the PATH",
        program=name,
        phase="search",
        errno=None,
        hint=f"install it (on Debian and Ubuntu: apt install {target.package})",
    )


def known_emulators() -> Iterator[tuple[str, Path]]:
    """The architectures whose binary is installed, each with it, the host's own first."""
    own = host_arch()
    for arch in sorted(_TARGETS, key=lambda arch: arch != own):
        name = shutil.which(f"qemu-system-{_TARGETS[arch].qemu}")
        if name:
            yield arch, Path(name)
