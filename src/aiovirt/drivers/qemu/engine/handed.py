"""Open files that clients hand over for disks, kept until they are taken back or the host closes.

libvirt's `virDomainFDAssociate`: a disk names them by ``<source fdgroup='…'>``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from uuid import UUID

from aiovirt.config import Disk, DomainConfig
from aiovirt.config.devices.sources import DiskSource
from aiovirt.drivers.qemu.argv.storage.images import layers_of
from aiovirt.errors import CallerError
from aiovirt.host.files import host_error

__all__ = ["HandedFiles"]


class HandedFiles:
    """The descriptors of all domains, by the names of their groups; copies, which are ours."""

    def __init__(self) -> None:
        self._groups: dict[tuple[UUID, str], tuple[int, ...]] = {}

    def put(self, domain: UUID, name: str, files: Sequence[int]) -> None:
        """Keep copies of some descriptors under a name, in place of those that had it; or of none.

        Raises:
            CallerError: One is not open.
            ResourceUnavailable: This process may open no more files.
        """
        with ExitStack() as unkept:
            copies = _copies(files, name, unkept)
            unkept.pop_all()
        _close(self._groups.pop((domain, name), ()))
        if copies:
            self._groups[domain, name] = copies

    def lend(self, config: DomainConfig, descriptors: ExitStack) -> dict[str, tuple[int, ...]]:
        """Copies of what the disks of a configuration name, by group; `descriptors` closes them.

        Raises:
            XMLError: No such group was handed over.
            ResourceUnavailable: This process may open no more files.
        """
        found: dict[str, tuple[int, ...]] = {}
        for source in _sources(config.disks):
            name = source.fdgroup or ""
            if name in found:
                continue
            group = self._groups.get((config.uuid or UUID(int=0), name))
            if group is None:
                raise DiskSource.fdgroup.error(
                    source,
                    f"no files were handed over for the group {name!r}",
                    hint="dom-fd-associate hands them over, in the same connection",
                )
            found[name] = _copies(group, name, descriptors)
        return found

    def drop(self, domain: UUID) -> None:
        """Close those of a domain that is no more."""
        for key in [each for each in self._groups if each[0] == domain]:
            _close(self._groups.pop(key))

    def close(self) -> None:
        """Close all."""
        for group in self._groups.values():
            _close(group)
        self._groups.clear()


def _sources(disks: Iterable[Disk]) -> Iterable[DiskSource]:
    for disk in disks:
        for source in (disk.source, *(layer.source for layer in layers_of(disk))):
            if source.fdgroup:
                yield source


def _copies(files: Iterable[int], group: str, owner: ExitStack) -> tuple[int, ...]:
    """Copies of some descriptors, which `owner` closes, also those before one that fails."""
    copies: list[int] = []
    for each in files:
        try:
            copies.append(os.dup(each))
        except OSError as error:
            if error.errno == errno.EBADF:
                raise CallerError(f"a file of the group {group!r} is not open: {error}") from error
            raise host_error(error, f"cannot keep a file of the group {group!r} open") from error
        owner.callback(os.close, copies[-1])
    return tuple(copies)


def _close(files: Iterable[int]) -> None:
    for each in files:
        os.close(each)
