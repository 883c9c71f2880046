"""What the URI of an embedded driver says of the processes of its guests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiovirt.errors import ConfigError

__all__ = ["ProcessSettings", "parameter_names", "switch"]

_UNLIMITED: Final = -1
_OOM_SCORES: Final = range(-1000, 1001)


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """How the processes of guests run.

    Attributes:
        relabel: Whether the files of a guest are given to QEMU's account while it runs.
        confined: Whether a guest of which nothing is said gets the host's labels or a profile.
        namespaces: Whether a guest has a ``/dev`` of its own, with what it needs and no more.
        max_core: Bytes of a core dump of QEMU, -1 for no limit; None leaves ours.
        oom_score: How willingly the kernel ends QEMU when memory is short, -1000 (never) to 1000;
            None leaves ours.
        max_files: How many files QEMU may have open; None leaves our limit.
        max_processes: How many processes its account may have; None leaves our limit.
    """

    relabel: bool = False
    confined: bool = True
    namespaces: bool = False
    max_core: int | None = None
    oom_score: int | None = None
    max_files: int | None = None
    max_processes: int | None = None

    @classmethod
    def from_parameters(cls, given: Mapping[str, str]) -> ProcessSettings:
        """Read the parameters of a URI; those of others are let alone.

        Raises:
            ConfigError: One is wrong; `field` names it.
        """
        return cls(
            relabel=switch("relabel", given.get("relabel", "no")),
            confined=switch("confined", given.get("confined", "yes")),
            namespaces=switch("namespaces", given.get("namespaces", "no")),
            max_core=_number(given, "max_core", lambda number: number >= _UNLIMITED),
            oom_score=_number(given, "oom_score", lambda number: number in _OOM_SCORES),
            max_files=_number(given, "max_files", lambda number: number > 0),
            max_processes=_number(given, "max_processes", lambda number: number > 0),
        )


def parameter_names() -> tuple[str, ...]:
    """The names of the parameters."""
    return tuple(ProcessSettings.__dataclass_fields__)


def switch(name: str, text: str) -> bool:
    """What a parameter that is yes or no says.

    Raises:
        ConfigError: It is neither.
    """
    if text not in {"yes", "no"}:
        raise ConfigError(f"{name} is {text!r}", field=name, hint="yes or no")
    return text == "yes"


def _number(given: Mapping[str, str], name: str, fits: Callable[[int], bool]) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    number = _UNLIMITED if text == "unlimited" else None
    try:
        number = int(text) if number is None else number
    except ValueError as error:
        raise ConfigError(f"{name} is {text!r}, and no number", field=name) from error
    if not fits(number):
        raise ConfigError(f"{name} cannot be {text}", field=name)
    return number
