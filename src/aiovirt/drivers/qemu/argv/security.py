"""Memory that even the host cannot read: AMD's SEV, and s390's protected virtualization."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import LaunchSecurity
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import as_json

__all__ = ["LAUNCH", "launch_security"]

LAUNCH: Final = "lsec0"
"""The object that the machine is told of."""


def launch_security(guest: Guest) -> Iterator[str]:
    """The object by which the guest's memory is protected.

    Raises:
        XMLError: The driver knows no such protection.
    """
    wanted = guest.config.launch_security
    if not wanted:
        return
    if wanted.type == "s390-pv":
        yield from ("-object", as_json({"qom-type": "s390-pv-guest", "id": LAUNCH}))
    elif wanted.type == "sev":
        yield from ("-object", as_json(_sev(guest, wanted)))
    else:
        raise LaunchSecurity.type.error(
            wanted, f"no launch security {wanted.type!r}", expected="sev or s390-pv"
        )


def _sev(guest: Guest, wanted: LaunchSecurity) -> dict[str, object]:
    folder = guest.resources.folder
    return {
        "qom-type": "sev-guest",
        "id": LAUNCH,
        "cbitpos": wanted.cbitpos,
        "reduced-phys-bits": wanted.reduced_phys_bits,
        "policy": wanted.policy,
        "dh-cert-file": None if wanted.dh_cert is None else str(folder / "dhCert.base64"),
        "session-file": None if wanted.session is None else str(folder / "session.base64"),
        "kernel-hashes": wanted.kernel_hashes,
    }
