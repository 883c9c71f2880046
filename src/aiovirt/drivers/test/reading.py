"""Abilities of a connection that only reads: what waits for nothing, as it is only looked up.

Events are told, too; passwords and the values of secrets are not.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, NoReturn

from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.numbers import numbered
from aiovirt.errors import PermissionDenied
from aiovirt.interfaces import Ability, immediate, is_immediate, supported
from aiovirt.model.constants import ErrorNumber

__all__ = ["reading"]

Method = Callable[..., Any]

_ALLOWED: Final = frozenset({"Events.subscribe"})
_FORBIDDEN: Final = frozenset({"Secrets.value", "Blocks.block_peek", "Blocks.memory_peek"})


def reading(kind: type[Ability], implementation: type[TestAbility]) -> type[TestAbility]:
    """An implementation that refuses what changes something, or tells a secret."""
    members = {
        name: _guarded(f"{kind.__name__}.{name}", getattr(implementation, name))
        for name in supported(kind, implementation)
        if f"{kind.__name__}.{name}" not in _ALLOWED
    }
    return type(f"Reading{implementation.__name__}", (implementation,), members)


def _guarded(operation: str, method: Method) -> Method:
    if operation in _FORBIDDEN or not is_immediate(method):
        return (_refused if inspect.iscoroutinefunction(method) else _refused_at_once)(operation)

    @immediate
    @wraps(method)
    async def look(self: TestAbility, *args: object, **kwargs: object) -> object:
        if kwargs.get("secure"):
            _refuse(f"{operation} with passwords")
        return await method(self, *args, **kwargs)

    return look


def _refused(operation: str) -> Method:
    async def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        _refuse(operation)

    return refuse


def _refused_at_once(operation: str) -> Method:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        _refuse(operation)

    return refuse


def _refuse(operation: str) -> NoReturn:
    error = PermissionDenied(
        f"{operation} is not for read-only connections", hint="open the host without `readonly`"
    )
    raise numbered(error, ErrorNumber.ERR_OPERATION_DENIED)
