"""The control group of a guest: its name, what it is set to, and the threads below it.

Names and places are libvirt's on a host without systemd, so that tools that look there find
guests. A host that lets us make no groups has guests without; what a configuration asks for that
needs one is refused then.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.tree import text_at
from aiovirt.drivers.common.tuning import BLKIO, MEMORY, SCHEDULER, Setting, read
from aiovirt.drivers.qemu.process.limits import (
    THREAD_PARAMS,
    put_blkio,
    put_memory,
    put_nodes,
    put_threads,
    put_whole,
)
from aiovirt.drivers.qemu.process.notes import Kind, note, notes
from aiovirt.errors import ConfigError, HostError, ResourceUnavailable
from aiovirt.host.cgroups import Group, Hierarchies
from aiovirt.model.params import ParamValue, plain
from aiovirt.model.uri import URI

__all__ = ["asks_of_threads", "hierarchies", "make_group", "noted_group", "set_up_threads"]

log = logging.getLogger("aiovirt.qemu")

_PARTITION: Final = "/machine"
_LONGEST: Final = 64
_NEVER: Final = re.compile(r"[^A-Za-z0-9.-]")


@cache
def hierarchies() -> Hierarchies:
    """The host's."""
    return Hierarchies.find()


def _group_of(shown: URI | None, root: Path, config: DomainConfig) -> Group:
    """The group that a guest is to have.

    Args:
        shown: The URI that users know the driver by.
        root: Its folder.
        config: The live configuration.

    Raises:
        ConfigError: Its partition is no path.
    """
    partition = text_at(config, "resource/partition") or _PARTITION
    if not partition.startswith("/") or ".." in PurePosixPath(partition).parts:
        raise ConfigError(
            f"{partition!r} is no partition", field="resource/partition", hint="such as /machine"
        )
    name = f"{_machine_name(shown, root, config)}.libvirt-qemu"
    return Group(hierarchies(), PurePosixPath(_with_suffixes(partition)) / name)


def _machine_name(shown: URI | None, root: Path, config: DomainConfig) -> str:
    """``qemu-ID-NAME``; of a driver inside a program with what tells its folder from others."""
    embedded = shown is None or shown.path == "/embed"
    digest = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    driver = f"qemu-embed-{digest}" if embedded else "qemu"
    name = _NEVER.sub("", config.name or "").strip(".-")
    return f"{driver}-{config.id}-{name}"[:_LONGEST]


def _with_suffixes(partition: str) -> str:
    """As libvirt has it: only the three that systemd has, too, go without ``.partition``."""
    first, *others = partition.strip("/").split("/")
    parts = [first if first in {"machine", "system", "user"} else f"{first}.partition"]
    return "/".join([*parts, *(f"{name}.partition" for name in others)])


def make_group(shown: URI | None, root: Path, config: DomainConfig, folder: Path) -> Group | None:
    """Make the control group of a guest that is about to be started.

    Args:
        shown: The URI that users know the driver by.
        root: Its folder.
        config: The live configuration.
        folder: The guest's folder, where the group is noted.

    Returns:
        The group; None where none can be made and none is asked for.

    Raises:
        ConfigError: The kernel refuses a figure; or there is no such partition.
        ResourceUnavailable: The host cannot do what is asked for.
        HostError: We may not.
    """
    lack = _lacking(config)
    if not hierarchies().writable():
        if lack is not None:
            raise lack
        return None
    group = _vacant(_group_of(shown, root, config))
    _check_partition(group)
    note(folder, Kind.CGROUP, str(group.path))
    try:
        group.make()
    except HostError as error:
        if lack is not None:
            raise
        log.info("domain %s runs without a control group: %s", config.name, error)
        return None
    put_whole(group, _said(config, SCHEDULER))
    put_memory(group, _said(config, MEMORY))
    put_blkio(group, _said(config, BLKIO))
    put_nodes(group, config)
    return group


def _vacant(group: Group) -> Group:
    """The group, or one like it while processes of another program, as libvirtd, are in it."""
    for suffix in _SUFFIXES:
        name = f"{group.path.stem}{suffix}.libvirt-qemu"
        other = Group(group.hosts, group.path.with_name(name))
        if not other.exists() or not other.processes():
            return other
    return group


_SUFFIXES: Final = ("", "-a", "-b", "-c", "-d")


def _check_partition(group: Group) -> None:
    above = group.path.parent
    if str(above) != _PARTITION.strip("/") and not Group(group.hosts, above).exists():
        raise ConfigError(
            f"there is no partition {above} of control groups on this host",
            field="resource/partition",
            hint="make it before, or leave it out",
        )


def noted_group(folder: Path) -> Group | None:
    """The control group of a guest that runs; None if it has none.

    Raises:
        HostError: The guest's notes cannot be read.
    """
    for each in notes(folder):
        if each.kind is Kind.CGROUP:
            group = Group(hierarchies(), PurePosixPath(each.what))
            return group if group.exists() else None
    return None


def asks_of_threads(config: DomainConfig) -> bool:
    """Whether a configuration limits some of the guest's threads."""
    return not THREAD_PARAMS.keys().isdisjoint(_said(config, SCHEDULER))


def set_up_threads(
    group: Group, config: DomainConfig, threads: Mapping[str, Iterable[int]]
) -> None:
    """Limit the threads of a guest that runs as its configuration says; errors as `set_up`."""
    put_threads(group, _said(config, SCHEDULER), threads)


def _said(config: DomainConfig, table: Mapping[str, Setting]) -> dict[str, ParamValue]:
    """The parameters that a configuration sets."""
    found = read(config, table)
    return {name: value for name, value in found.items() if plain(value) != table[name].unset}


def _lacking(config: DomainConfig) -> ResourceUnavailable | None:
    """The error for what a configuration asks for on a host that lets us make no groups."""
    asked = [name for table in _TABLES for name in _said(config, table)]
    asked += ["resource/partition"] if text_at(config, "resource/partition") else []
    if not asked:
        return None
    return ResourceUnavailable(
        f"domain {config.name!r} asks for {asked[0]}, and no control groups can be made here",
        hint="run the driver as root on a host that has them, or leave that out",
    )


_TABLES: Final = (SCHEDULER, MEMORY, BLKIO)
