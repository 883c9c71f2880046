"""Where the real counterparts of tests are, and what happens when one is missing.

In CI a missing counterpart fails the test: a suite that skips what it is for proves nothing.
Elsewhere the test is skipped, and the reason names the Debian package to install.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "qemu-storage-daemon": "qemu-system-common",
    "qemu-ga": "qemu-guest-agent",
    "busybox": "busybox-static",
    "strace": "strace",
    "gcc": "gcc",
    "dpkg-deb": "dpkg",
    "ssh-agent": "openssh-client",
    "ssh-add": "openssh-client",
    "libvirt RNG grammars": "libvirt0",
    "libvirtd": "libvirt-daemon-system",
    "libvirt_lxc": "libvirt-daemon-driver-lxc",
    "virsh": "libvirt-clients",
    "virt-admin": "libvirt-clients",
    "dnsmasq": "dnsmasq-base",
    "nft": "nftables",
    "ip": "iproute2",
    "nc": "netcat-openbsd",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "openssl": "openssl",
    "saslpasswd2": "sasl2-bin",
    "virt-install": "virtinst",
    "virt-clone": "virtinst",
    "virt-xml": "virtinst",
    "libvirt for the system's Python": "python3-libvirt",
    "Sys::Virt": "libsys-virt-perl",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "dbus-daemon": "dbus-daemon",
    "apparmor_parser": "apparmor",
    "nsenter": "util-linux",
    "stdbuf": "coreutils",
    "sasl-sample-server": "sasl2-bin",
    "mechanisms of Cyrus SASL": "libsasl2-modules",
    "mechanism GSSAPI of Cyrus SASL": "libsasl2-modules-gssapi-mit",
    "krb5kdc": "krb5-kdc",
    "kdb5_util": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
    "kdestroy": "krb5-user",
    "go": "golang-go",
    "govmomi, VMware's simulator": "golang-github-vmware-govmomi-dev",
}
"""Program (or what else it is) to the Debian package that brings it."""

GRAMMARS = Path("/usr/share/libvirt/schemas")
SEARCH = os.pathsep.join(
    (os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/lib/libvirt")
)


def absent(what: str, package: str) -> NoReturn:
    """End the test: a failure in CI, a skip elsewhere."""
    reason = f"{what} is missing: install the Debian package {package}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def program(name: str) -> Path:
    """Return the path of a program of `PACKAGES`, or end the test."""
    found = shutil.which(name, path=SEARCH)
    return Path(found) if found else absent(name, PACKAGES[name])


def grammars() -> Path:
    """Return the folder of libvirt's RNG grammars, or end the test."""
    name = "libvirt RNG grammars"
    return GRAMMARS if (GRAMMARS / "domain.rng").exists() else absent(name, PACKAGES[name])


def sasl_mechanism(library: str, name: str) -> None:
    """End the test when a library of mechanisms of Cyrus SASL is missing."""
    if not any(Path("/usr/lib").glob(f"*/sasl2/{library}.so")):
        absent(name, PACKAGES[name])


def libvirt_python() -> None:
    """End the test when the system's Python has no libvirt."""
    if not Path("/usr/lib/python3/dist-packages/libvirt.py").exists():
        name = "libvirt for the system's Python"
        absent(name, PACKAGES[name])


def sys_virt() -> None:
    """End the test when Perl has no Sys::Virt."""
    if not any(Path("/usr/lib").glob("*/perl5/*/Sys/Virt.pm")):
        absent("Sys::Virt", PACKAGES["Sys::Virt"])
