"""What verbs that change a domain or a network share: what is meant, and how figures are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypedDict

from cyclopts import Parameter

from aiovirt.cli.arguments import about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, Row
from aiovirt.errors import CallerError, ConfigError
from aiovirt.model.cpusets import parse_cpus
from aiovirt.model.domain import DomainKey
from aiovirt.model.units import Bytes

__all__ = ["AFFECTS", "Affects", "Meant", "cpus", "figures", "lines", "size", "told"]


class Meant(TypedDict):
    """The keyword arguments of the library."""

    live: bool
    config: bool


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Affects:
    """What is meant; without any what runs now if it runs, else its definition."""

    live: Annotated[bool, about("What runs now.")] = False
    config: Annotated[bool, about("The definition: from the next start on.")] = False
    current: Annotated[bool, about("What runs now if it runs, as without an option.")] = False

    def check(self) -> None:
        """Refuse what excludes each other.

        Raises:
            UsageError: It does.
        """
        if self.current and (self.live or self.config):
            raise UsageError("--current excludes --live and --config")

    @property
    def meant(self) -> Meant:
        """The arguments `live` and `config` of the library.

        Raises:
            UsageError: They exclude each other.
        """
        self.check()
        return {"live": self.live, "config": self.config}


AFFECTS = Affects()


def cpus(text: str, everything: int | None = None) -> frozenset[int]:
    """A set of processors as users write it; ``r`` stands for all where that is allowed.

    Raises:
        UsageError: It is none.
    """
    if text == "r" and everything is not None:
        return frozenset(range(everything))
    try:
        return parse_cpus(text)
    except CallerError as error:
        raise UsageError(str(error), hint=error.hint) from error


def size(text: str) -> Bytes:
    """An amount of memory; a bare number is KiB, as virsh has it.

    Raises:
        UsageError: It is none.
    """
    try:
        return Bytes.parse(text, default="KiB")
    except ConfigError as error:
        raise UsageError(str(error), hint=error.hint) from error


def lines(pairs: Mapping[str, object]) -> str:
    """Names and values, one a line, as virsh has them."""
    return "\n".join(f"{name:<15}: {value}" for name, value in pairs.items())


def figures(key: DomainKey, pairs: Mapping[str, object], shown: Mapping[str, object]) -> Plain:
    """Figures of a domain.

    Args:
        key: Which domain.
        pairs: What the structured formats give.
        shown: What people read.
    """
    return Plain(lines(shown), told(key, **pairs), [key.name])


def told(key: DomainKey, **more: object) -> Row:
    """What the structured formats give: the domain, and more."""
    return {"name": key.name, "uuid": str(key.uuid), **more}
