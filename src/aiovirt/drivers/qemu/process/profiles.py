"""The profile of AppArmor in which a guest runs that names one, ``<seclabel model='apparmor'>``.

It is the administrator's: what a guest needs that comes and goes, he allows it there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig, SecurityLabel
from aiovirt.errors import ResourceUnavailable
from aiovirt.host.labels import apparmor

__all__ = ["check_profile", "profile_in_use"]

_ROOT: Final = Path("/")


def profile_in_use(config: DomainConfig) -> str | None:
    """The profile that a configuration names; None for none."""
    view = _label(config)
    return view.label if view is not None else None


def check_profile(config: DomainConfig, *, root: Path = _ROOT) -> None:
    """See that the profile that a configuration names is there.

    Args:
        config: The live configuration.
        root: Where the host's files are.

    Raises:
        ResourceUnavailable: The host has no AppArmor, or not that profile; or none is named, and
            the driver makes none.
        HostError: We may not know what it has.
    """
    view = _label(config)
    if view is None:
        return
    if not apparmor.enabled(root):
        raise ResourceUnavailable(
            f"domain {config.name!r} asks for a <seclabel model='apparmor'>, and this host has no "
            "AppArmor",
            hint="leave it out, or run the domain elsewhere",
        )
    if view.type != "static":
        raise ResourceUnavailable(
            f"domain {config.name!r} leaves its profile of AppArmor to the driver, which makes "
            "none",
            hint="name one that is loaded: <seclabel type='static' model='apparmor' relabel='no'>",
        )
    if view.label not in apparmor.loaded(root):
        raise ResourceUnavailable(
            f"domain {config.name!r} asks for the profile {view.label!r}, which is not loaded",
            hint="load it with apparmor_parser",
        )


def _label(config: DomainConfig) -> SecurityLabel | None:
    wanted = (each for each in config.labels if each.model == "apparmor" and each.type != "none")
    return next(wanted, None)
