"""What does the methods: handlers, found by a method and by the kind of object it is called on.

A handler is typed by its method: it takes what the method takes and gives what it gives.  The
modules that have handlers register them when they are imported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from aiovirt.protocols.vsphere import Method, Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.values import Arguments
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.sessions import Client, Session

if TYPE_CHECKING:
    from aiovirt.testing.vsphere.site import Site
    from aiovirt.testing.vsphere.world import World

__all__ = ["Call", "Handler", "Work", "handler_of", "handles", "has_kind"]

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")

Work: TypeAlias = Callable[[], object]
"""What a task does at its end: it gives the task's result, or raises `VimFault`."""


@dataclass(eq=False, slots=True)
class Call:
    """One call that is at work.

    Attributes:
        site: The server.
        this: The object that it is called on.
        method: The method's name.
        session: Who calls, or None when nobody has logged in.
        client: Where they are.
        logged_in: The session that this call began, if it did.
    """

    site: Site
    this: Ref
    method: str
    session: Session | None
    client: Client
    logged_in: Session | None = None

    @property
    def world(self) -> World:
        """The objects."""
        return self.site.world

    @property
    def caller(self) -> Session:
        """Who calls.

        Raises:
            VimFault: NotAuthenticated.
        """
        if self.session is None:
            raise faults.not_authenticated(self.this)
        return self.session

    @property
    def user(self) -> str:
        """The name of who calls."""
        return self.session.user if self.session else ""

    def demand(self, privilege: str, ref: Ref | None = None) -> None:
        """Refuse who lacks a privilege.

        Raises:
            VimFault: NoPermission, which names the object and the privilege.
        """
        if not self.caller.account.may(privilege):
            raise faults.no_permission(ref or self.this, privilege)

    def check(self, ref: Ref | None, kind: str, argument: str) -> None:
        """Refuse an argument that is no object of the kind; None is none.

        Raises:
            VimFault: ManagedObjectNotFound, or InvalidArgument, which names it.
        """
        if ref is None:
            return
        if not is_kind(ref.kind, kind):
            raise faults.invalid_argument(argument)
        if ref not in self.world:
            raise faults.not_found(ref)

    def task(self, work: Work, *, name: str, entity: Ref | None = None) -> Ref:
        """Begin a task of this method; see `Tasks.start`."""
        return self.site.tasks.start(self, work, name=name, entity=entity or self.this)


Handler: TypeAlias = Callable[[Call, Any], object]
"""Does a method; an awaitable is awaited."""

_handlers: defaultdict[str, list[tuple[str, Handler]]] = defaultdict(list)


def handles(
    method: Method[A, R], kind: str | None = None
) -> Callable[[Callable[[Call, A], R | Awaitable[R]]], Callable[[Call, A], R | Awaitable[R]]]:
    """Let a function do a method.

    Args:
        method: Which.
        kind: Of which objects, when not of all that have it.
    """

    def register(
        handler: Callable[[Call, A], R | Awaitable[R]],
    ) -> Callable[[Call, A], R | Awaitable[R]]:
        _handlers[method.name].append((kind or method.owner, handler))
        return handler

    return register


def has_kind(kind: str, owner: str) -> bool:
    """Whether objects of a kind have the methods of another: all have those of ManagedObject."""
    return owner == "ManagedObject" or is_kind(kind, owner)


def handler_of(method: str, kind: str) -> Handler | None:
    """What does a method on objects of a kind, or None; the nearest kind counts."""
    fitting = [each for each in _handlers[method] if has_kind(kind, each[0])]
    nearest = [
        handler
        for own, handler in fitting
        if not any(own != other and has_kind(other, own) for other, _ in fitting)
    ]
    return nearest[0] if nearest else None
