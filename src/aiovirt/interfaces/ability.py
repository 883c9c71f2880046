"""The base of abilities, and how their operations are declared and counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from aiovirt.errors import Unsupported

__all__ = ["Ability", "operation", "operations", "refuse_flags", "supported"]

P = ParamSpec("P")
R = TypeVar("R")


class Ability:
    """Something that a driver can do, one method an operation.

    Attributes:
        driver_name: The name that `Unsupported` errors bear.
    """

    driver_name: str = "unknown"


def operation(method: Callable[P, R]) -> Callable[P, R]:
    """Declare an operation of an ability: it raises `Unsupported` until a driver overrides it."""

    @wraps(method)
    def unsupported(*args: P.args, **_kwargs: P.kwargs) -> R:
        ability = args[0]
        name = ability.driver_name if isinstance(ability, Ability) else "unknown"
        raise Unsupported(name, method.__name__)

    return unsupported


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
