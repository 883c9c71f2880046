"""The base of abilities, and how their operations are declared and counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from aiovirt.errors import Unsupported

__all__ = [
    "Ability",
    "immediate",
    "is_immediate",
    "operation",
    "operations",
    "refuse_flags",
    "supported",
]

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., object])

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins in the name of a class."""

_IMMEDIATE = "_never_suspends"


class Ability:
    """Something that a driver can do, one method an operation.

    Attributes:
        driver_name: The name that `Unsupported` errors bear.
    """

    driver_name: str = "unknown"


def operation(method: Callable[P, R]) -> Callable[P, R]:
    """Declare an operation of an ability: it raises `Unsupported` until a driver overrides it."""
    what = _named(method.__qualname__)

    @wraps(method)
    def unsupported(*args: P.args, **_kwargs: P.kwargs) -> R:
        ability = args[0]
        name = ability.driver_name if isinstance(ability, Ability) else "unknown"
        raise Unsupported(name, what)

    return unsupported


def _named(place: str) -> str:
    """An operation as errors call it: ``Networks.define`` is one of networks, others say enough."""
    ability, _, name = place.rpartition(".")
    things = _CAPITAL.sub(" ", ability.rpartition(".")[2]).lower()
    return f"{name} of {things}" if things.endswith("s") else name


def immediate(method: F) -> F:
    """Declare that a driver's asynchronous method never suspends: no checkpoint, no lock, no wait.

    A server answers such a call where it reads it, without a task of its own; one that suspends
    after all is an error of the driver.
    """
    vars(method)[_IMMEDIATE] = True
    return method


def is_immediate(method: Callable[..., object]) -> bool:
    """Whether a driver declared of a method that it never suspends."""
    return getattr(method, _IMMEDIATE, False) is True


def refuse_flags(driver: str, name: str, flags: int, known: int = 0) -> None:
    """Refuse those of libvirt's flags that a driver does not know, before anything is done.

    Raises:
        Unsupported: There is one; the operation and the flags are named.
    """
    unknown = flags & ~known
    if unknown:
        raise Unsupported(driver, f"{name} with the flags {unknown:#x}")


def operations(ability: type[Ability]) -> tuple[str, ...]:
    """The names of an ability's operations, in the order they are declared."""
    return tuple(
        name
        for name, member in vars(ability).items()
        if callable(member) and hasattr(member, "__wrapped__")
    )


def supported(ability: type[Ability], implementation: type[Ability] | None) -> tuple[str, ...]:
    """The names of the operations of `ability` that `implementation` overrides."""
    if implementation is None:
        return ()
    return tuple(
        name
        for name in operations(ability)
        if getattr(implementation, name) is not getattr(ability, name)
    )
