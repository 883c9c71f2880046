"""What the translators of a machine's parts are given: `Reading` and `Writing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, filterfalse
from typing import TypeAlias

from aiovirt.config import View, error_at
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.common.vmx.files import Files
from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.common.vmx.text import Vmx
from aiovirt.errors import ConfigError, XMLError

__all__ = ["Known", "Numbers", "Reading", "Writing", "wrong"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that becomes a domain.

    Attributes:
        vmx: The file.
        files: What the host knows of files.
        hardware: The version of the virtual hardware.
        extended: Whether what libvirt leaves out is told of as well.
    """

    vmx: Vmx
    files: Files
    hardware: int
    extended: bool

    def section(self, prefix: str = "") -> Section:
        """The keys with a prefix."""
        return Section(self.vmx, prefix)

    def file(self, section: Section, name: str, stored: str) -> str | None:
        """What domain XML shows of a file; None where it is missing.

        Raises:
            ConfigError: The host cannot understand the name.
        """
        try:
            return self.files.shown(stored)
        except ConfigError as error:
            section.refuse(name, str(error), hint=error.hint, cause=error)

    def file_there(self, section: Section, name: str, stored: str) -> str:
        """What domain XML shows of a file that must be there.

        Raises:
            ConfigError: It is not.
        """
        path = self.file(section, name, stored)
        if path is None:
            section.refuse(
                name,
                f"the file {stored!r} is missing",
                hint="See that its datastore is there, and that the host has mounted it.",
            )
        return path


Known: TypeAlias = Sequence[tuple[str | None, int]]
"""By what each device of a family is known, and its number; None where no domain tells of it."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers that devices without an address of their own have in a file that is changed.

    Attributes:
        of: What each family of keys has.
    """

    of: Mapping[str, Known] = field(default_factory=dict)

    def assign(self, family: str, known: Sequence[str]) -> list[int]:
        """A number for each device: its old one, else one that is left of the old, else a new one.

        Args:
            family: ``ethernet`` or the like.
            known: By what each device is known, in order.
        """
        old = self.of.get(family, ())
        taken = {number for _, number in old}
        left = [(name, number) for name, number in old if name is not None]
        numbers = [_take(left, name) for name in known]
        others = chain((number for _, number in left), filterfalse(taken.__contains__, count()))
        return [next(others) if number is None else number for number in numbers]


def _take(left: list[tuple[str, int]], name: str) -> int | None:
    for each in left:
        if each[0] == name:
            left.remove(each)
            return each[1]
    return None


@dataclass(frozen=True, slots=True)
class Writing:
    """A domain that becomes a file.

    Attributes:
        vmx: The file, to which is added.
        files: What the host knows of files.
        hardware: The version of the virtual hardware.
        numbers: The numbers of devices in the file that it was before.
    """

    vmx: Vmx
    files: Files
    hardware: int
    numbers: Numbers

    def section(self, prefix: str = "") -> Section:
        """The keys with a prefix."""
        return Section(self.vmx, prefix)

    def file(self, view: View, path: str) -> str:
        """What the file says of a file of the host.

        Raises:
            XMLError: The host cannot understand the path, which is the view's.
        """
        try:
            return self.files.stored(path)
        except XMLError:
            raise
        except ConfigError as error:
            raise error_at(node_of(view), str(error), hint=error.hint) from error


def wrong(
    view: View, message: str, *, expected: str | None = None, hint: str | None = None
) -> XMLError:
    """The error that something in domain XML cannot be on VMware's hosts, with its place."""
    return error_at(node_of(view), message, expected=expected, hint=hint)
