"""What the abilities of an embedded host have in common."""

from __future__ import annotations

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.interfaces.ability import Ability

__all__ = ["QemuAbility"]


class QemuAbility(Ability):
    """An ability of the engine: it knows that, and the domains that are there."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._registry = engine.registry
