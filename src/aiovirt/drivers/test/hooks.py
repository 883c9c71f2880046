"""Abilities that meet the faults of a test before they do anything, and are counted.

Only a host that was opened with faults gives these: the others run without a step more.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from typing import Any

from aiovirt.drivers.test.world import World
from aiovirt.interfaces import Ability, supported

__all__ = ["TestAbility", "hooked"]

Method = Callable[..., Any]


class TestAbility(Ability):
    """What every ability of the host in memory has: the host."""

    __test__ = False
    driver_name = "TEST"

    def __init__(self, world: World) -> None:
        self.world = world


def hooked(kind: type[Ability], implementation: type[TestAbility]) -> type[TestAbility]:
    """An implementation whose operations each ask first what shall go wrong."""
    members = {
        name: _hook(f"{kind.__name__}.{name}", getattr(implementation, name))
        for name in supported(kind, implementation)
    }
    return type(f"Faulty{implementation.__name__}", (implementation,), members)


def _hook(operation: str, method: Method) -> Method:
    return (_waiting if inspect.iscoroutinefunction(method) else _entering)(operation, method)


def _waiting(operation: str, method: Method) -> Method:
    @wraps(method, updated=())  # that the method never suspends is true no more
    async def call(self: TestAbility, *args: object, **kwargs: object) -> object:
        await self.world.faults.at(operation, *args[:1])
        return await method(self, *args, **kwargs)

    return call


def _entering(operation: str, method: Method) -> Method:
    """The same for what gives a context manager."""

    @wraps(method, updated=())  # that the method never suspends is true no more
    def call(
        self: TestAbility, *args: object, **kwargs: object
    ) -> AbstractAsyncContextManager[object]:
        @asynccontextmanager
        async def entered() -> AsyncIterator[object]:
            await self.world.faults.at(operation, *args[:1])
            async with method(self, *args, **kwargs) as got:
                yield got

        return entered()

    return call
