"""In which profile of AppArmor a guest runs: one that it names, or one that is made for it.

A named one is the administrator's: what a guest needs that comes and goes, he allows it there.
`ownprofile` makes the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from aiovirt.config import Disk, DomainConfig, SecurityLabel, element
from aiovirt.errors import ResourceUnavailable
from aiovirt.host.labels import apparmor, selinux

__all__ = ["HOST", "MODEL", "choose_profile", "has_own_profile", "profile_in_use", "untouched"]

HOST: Final = Path("/")
"""Where the host's files are."""
MODEL: Final = "apparmor"
"""AppArmor's name in a configuration."""


def profile_in_use(config: DomainConfig) -> str | None:
    """The profile that a live configuration names; None for none."""
    named = (each for each in config.labels if each.model == MODEL and each.type != "none")
    return next((each.label for each in named), None)


def has_own_profile(config: DomainConfig) -> bool:
    """Whether the profile of a live configuration is one that is made for it."""
    named = (each for each in config.labels if each.model == MODEL)
    return any(each.label and each.type in {None, "dynamic"} for each in named)


def choose_profile(config: DomainConfig, *, root: Path | None = None) -> bool:
    """Find out in which profile a guest is to run, and write that into its configuration.

    Args:
        config: The live configuration.
        root: Where the host's files are; None for the host's own.

    Returns:
        Whether it is one that is to be made for it.

    Raises:
        XMLError: It says what a profile is to be made from: there is one template for all.
        ResourceUnavailable: It asks for a profile, and the host has no AppArmor, or not that one,
            or we cannot make one.
        HostError: We may not know what profiles there are.
    """
    root = HOST if root is None else root
    said = _said(config, root)
    if said is None and not _is_chief(root):
        return False
    view = SecurityLabel(type="dynamic", model=MODEL) if said is None else said
    if view.type == "none":
        return False
    if not apparmor.enabled(root):
        raise ResourceUnavailable(
            f"domain {config.name!r} asks for a <seclabel model='apparmor'>, and this host has no "
            "AppArmor",
            hint="leave it out, or run the domain elsewhere",
        )
    if view.type == "static":
        _check_loaded(config, view, root)
        return False
    if view.base_label is not None:
        raise SecurityLabel.base_label.error(
            view, "a profile of AppArmor is made from the host's template, and from no base label"
        )
    if not apparmor.can_load(root):
        raise ResourceUnavailable(
            f"domain {config.name!r} is to have a profile of AppArmor made for it, which needs "
            "root and apparmor_parser",
            hint="install apparmor, or name a profile: <seclabel type='static' model='apparmor'>",
        )
    view.model = MODEL
    view.label = view.image_label = f"libvirt-{config.uuid}"
    view.relabel = True
    if said is None:
        config.labels.append(view)
    return True


def _is_chief(root: Path) -> bool:
    """Whether AppArmor is what confines guests of which nothing is said."""
    return apparmor.can_load(root) and not selinux.enabled()


def _said(config: DomainConfig, root: Path) -> SecurityLabel | None:
    """What is said of AppArmor; or of no model, where it is the chief one."""
    models = (MODEL, None) if _is_chief(root) else (MODEL,)
    return next((each for each in config.labels if each.model in models), None)


def _check_loaded(config: DomainConfig, view: SecurityLabel, root: Path) -> None:
    if view.label not in apparmor.loaded(root):
        raise ResourceUnavailable(
            f"domain {config.name!r} asks for the profile {view.label!r}, which is not loaded",
            hint="load it with apparmor_parser",
        )


def untouched(disks: Iterable[Disk]) -> frozenset[str]:
    """The files of disks that AppArmor's rules leave out, as they stand: the template has them.

    What is said for all models is said of owners: the guest could not open its disk otherwise.
    """
    found = set()
    for disk in disks:
        node = element(disk.source)
        labels = [] if node is None else node.findall("seclabel")
        if disk.path and any(
            each.get("model") == MODEL and each.get("relabel") == "no" for each in labels
        ):
            found.add(os.path.realpath(disk.path))
    return frozenset(found)
