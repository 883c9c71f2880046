"""Saved states of machines: there are none beside suspended machines, which keep their own."""

from __future__ import annotations

from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.interfaces import SavedState, immediate
from aiovirt.model.domain import DomainKey

__all__ = ["EsxSavedState"]


class EsxSavedState(EsxAbility, SavedState):
    """What there is of it."""

    @immediate
    async def has_managed_save(self, domain: DomainKey) -> bool:
        """See `SavedState.has_managed_save`: no machine has one, as libvirt has it."""
        self.session.machines.get(domain)
        return False
