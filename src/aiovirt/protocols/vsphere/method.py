"""What a method of vSphere is: its object, arguments and result, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from aiovirt.protocols.vsphere.values import Arguments

__all__ = ["Empty", "Method"]

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")


class Empty(Arguments, frozen=True, kw_only=True, gc=False):
    """No arguments."""


@dataclass(frozen=True, slots=True)
class Method(Generic[A, R]):
    """One method of a managed object.

    Attributes:
        name: VMware's name, as it is sent.
        owner: The kind of the objects that have it.
        args: The struct that it takes.
        result: The type of its result, in the words of the table; ``void`` for none.
        task: The type of what its task ends with, or an empty text.
        stream: The path within the result of the items that are read one by one, as they come.
        privilege: What the caller needs; empty where that depends on the arguments.
        faults: The faults that it declares, beside those that every method may give.
        since: The version of the API that has it; empty for what 5.5 has.
        changing: Whether it changes anything but the caller's own session.
    """

    name: str
    owner: str
    args: type[A]
    result: str
    task: str = ""
    stream: tuple[str, ...] = ()
    privilege: str = ""
    faults: tuple[str, ...] = ()
    since: str = ""
    changing: bool = False
