"""What keeps guests apart on a host: labels of the kernel's, and the account that QEMU runs as."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiovirt.drivers.qemu.process.confinement import base_labels
from aiovirt.drivers.qemu.process.profiles import HOST, MODEL
from aiovirt.drivers.qemu.store.settings import Owner
from aiovirt.errors import HostError
from aiovirt.host.labels import apparmor, selinux

__all__ = ["NOTHING", "Confinement", "confinements"]


@dataclass(frozen=True, slots=True)
class Confinement:
    """One of them.

    Attributes:
        model: Its name in libvirt's words.
        doi: Its domain of interpretation; there is but one of each.
        labels: What guests get from which theirs are made, by kinds of guests.
    """

    model: str
    doi: str = "0"
    labels: Mapping[str, str] = field(default_factory=dict)


NOTHING: Final = Confinement("none")
"""Where the kernel has no labels."""


def confinements(
    owner: Owner | None,
    *,
    etc: Path | None = None,
    enabled: bool | None = None,
    root: Path | None = None,
) -> Iterator[Confinement]:
    """What this host has, the chief one first.

    Args:
        owner: The account that QEMU runs as; None for ours.
        etc: SELinux's settings; None for the host's.
        enabled: Whether the host has SELinux; None asks it.
        root: Where AppArmor's files are; None for the host's.
    """
    if selinux.enabled() if enabled is None else enabled:
        yield _by_selinux(etc)
    else:
        made = apparmor.can_load(HOST if root is None else root)
        yield Confinement(MODEL) if made else NOTHING
    if os.geteuid() == 0:  # nobody else can give QEMU another account
        uid, gid = (owner.uid, owner.gid) if owner else (0, os.getegid())
        label = f"+{uid}:+{gid}"
        yield Confinement("dac", labels={"kvm": label, "qemu": label})


def _by_selinux(etc: Path | None) -> Confinement:
    try:
        kvm, emulated = base_labels() if etc is None else base_labels(etc)
    except HostError:
        return Confinement("selinux")
    return Confinement("selinux", labels={"kvm": kvm, "qemu": emulated})
