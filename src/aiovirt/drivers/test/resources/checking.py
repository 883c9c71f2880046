"""Taking in what is given to the in-memory host: flags that are known, documents that are right."""

from __future__ import annotations

from typing import TypeVar

from aiovirt.config import Document
from aiovirt.drivers.common.beside import worked_on
from aiovirt.interfaces import refuse_flags

__all__ = ["DRIVER", "checked"]

C = TypeVar("C", bound=Document)

DRIVER = "TEST"
"""The driver's name in errors."""


async def checked(
    operation: str, config: C, *, flags: int = 0, known: int = 0, **_asked: bool
) -> C:
    """A copy of a configuration, checked; of a large one without holding others up.

    Args:
        operation: What it is for.
        config: The configuration.
        flags: libvirt's further flags.
        known: Those of them that are known.
        _asked: ``validate``, which makes no difference: everything is checked at any time.

    Raises:
        XMLError: It is wrong.
        Unsupported: There is a flag that is not known.
    """
    refuse_flags(DRIVER, operation, flags, known)
    made = config.copy()
    await worked_on(made, made.check)
    return made
