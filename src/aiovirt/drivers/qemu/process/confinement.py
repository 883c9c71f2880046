"""The labels by which SELinux keeps guests apart, where the host has it.

Each guest has two categories of its own: its process and its images bear them, and no other's.
Source: the files below ``/etc/selinux`` that libvirt reads, too.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig, SecurityLabel
from aiovirt.errors import HostError, ResourceUnavailable
from aiovirt.host.labels import selinux

__all__ = ["Labels", "base_labels", "confine", "is_said", "labels_in_use"]

_ETC: Final = Path("/etc/selinux")
_CATEGORIES: Final = 1024
_TRIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one guest.

    Attributes:
        process: That of its QEMU.
        image: That of the files that it writes.
        content: That of the files that it reads, which others may read as well.
        relabel: Whether files get theirs.
    """

    process: str
    image: str
    content: str
    relabel: bool


def is_said(config: DomainConfig) -> bool:
    """Whether a configuration says how its guest is to be confined, or that it is not."""
    return any(each.model in {None, "selinux", "apparmor"} for each in config.labels)


def confine(
    config: DomainConfig, taken: Collection[str], *, etc: Path = _ETC, enabled: bool | None = None
) -> Labels | None:
    """The labels of a guest that is about to be started, which are written into its configuration.

    Args:
        config: The live configuration.
        taken: The labels of the processes of all guests that run.
        etc: SELinux's settings.
        enabled: Whether the host has it; None asks the host.

    Returns:
        The labels; None where the host has no SELinux, or the guest is not to be confined.

    Raises:
        ResourceUnavailable: The configuration asks for a label, and the host has no SELinux.
        HostError: The host's settings of it cannot be read, or all categories are taken.
    """
    view = next((each for each in config.labels if each.model in {None, "selinux"}), None)
    if not (selinux.enabled() if enabled is None else enabled):
        if view is not None and view.model == "selinux" and view.type != "none":
            raise ResourceUnavailable(
                f"domain {config.name!r} asks for a <seclabel model='selinux'>, and this host has "
                "no SELinux",
                hint="leave it out, or run the domain elsewhere",
            )
        return None
    if view is not None and view.type == "none":
        return None
    made = _labels(config, view, taken, etc)
    live = view if view is not None else SecurityLabel(type="dynamic", model="selinux")
    live.model, live.label, live.image_label = "selinux", made.process, made.image
    live.relabel = made.relabel
    if view is None:
        config.labels.append(live)
    return made


def _labels(
    config: DomainConfig, view: SecurityLabel | None, taken: Collection[str], etc: Path
) -> Labels:
    folder = _contexts(etc)
    image, content = _lines(folder / "virtual_image_context")
    if view is not None and view.type == "static":
        process = view.label or ""
        own = view.image_label or _with_categories(image, _categories_of(process))
        return Labels(process, own, content, relabel=view.relabel is not False)
    kvm, emulated = base_labels(etc)
    base = (view.base_label if view else None) or (kvm if config.type == "kvm" else emulated)
    used = {_categories_of(label) for label in taken}
    for _ in range(_TRIES):
        categories = _two_categories()
        if categories not in used:
            return Labels(
                _with_categories(base, categories),
                _with_categories(image, categories),
                content,
                relabel=True,
            )
    raise HostError("all categories of SELinux are taken by guests")


def base_labels(etc: Path = _ETC) -> tuple[str, str]:
    """What the processes of guests get, but for their categories: with KVM, and without.

    Raises:
        HostError: The host's settings cannot be read.
    """
    return _lines(_contexts(etc) / "virtual_domain_context")


def _two_categories() -> str:
    first, second = secrets.randbelow(_CATEGORIES), secrets.randbelow(_CATEGORIES - 1)
    low, high = sorted((first, second if second < first else second + 1))
    return f"s0:c{low},c{high}"


def _with_categories(label: str, categories: str) -> str:
    """A label, ``USER:ROLE:TYPE:LEVEL``, with another level."""
    return ":".join([*label.split(":")[:3], categories])


def _categories_of(label: str) -> str:
    return label.split(":", 3)[3] if label.count(":") > 2 else "s0"  # noqa: PLR2004  see above


def _contexts(etc: Path) -> Path:
    """The folder of the host's policy."""
    for line in _text(etc / "config").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "SELINUXTYPE":
            return etc / value.strip() / "contexts"
    raise HostError(f"{etc / 'config'} names no policy (SELINUXTYPE)")


def _lines(path: Path) -> tuple[str, str]:
    """The first two lines of a file; the first twice where there is no second."""
    lines = _text(path).split()
    if not lines:
        raise HostError(f"{path} is empty")
    return lines[0], lines[1] if len(lines) > 1 else lines[0]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise HostError(f"cannot read {path}: {error.strerror}") from error


def labels_in_use(configs: Iterable[DomainConfig]) -> set[str]:
    """The labels of SELinux in the live configurations of guests."""
    return {
        label.label
        for config in configs
        for label in config.labels
        if label.model == "selinux" and label.label
    }
