"""Custom attributes of machines, which a vCenter keeps."""

from __future__ import annotations

from collections.abc import Mapping

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import Unsupported
from aiovirt.interfaces import Inventory
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.inventory import CustomFieldDef, CustomFieldStringValue
from aiovirt.protocols.vsphere.tables.inventory_methods import (
    ADD_CUSTOM_FIELD_DEF,
    SET_FIELD,
    AddCustomFieldDefArgs,
    SetFieldArgs,
)

__all__ = ["EsxAttributes"]


class EsxAttributes(EsxAbility, Inventory):
    """Attributes are defined once, for a kind of objects or all, and have a value of each."""

    async def attributes(self, domain: DomainKey) -> Mapping[str, str]:
        """See `Inventory.attributes`."""
        machine = self.session.machines.get(domain)
        names = {each.key: each.name for each in await self._defined(self._manager())}
        values = (await self.session.get(machine.ref, "customValue")).get("customValue") or ()
        known = {  # where an attribute is there twice, the later one counts
            names[each.key]: each.value
            for each in values
            if isinstance(each, CustomFieldStringValue) and each.key in names
        }
        return {name: value for name, value in known.items() if value}

    async def set_attribute(self, domain: DomainKey, name: str, value: str) -> None:
        """See `Inventory.set_attribute`."""
        manager = self._manager()
        async with self.session.changing(domain) as machine:
            defined = {each.name: each.key for each in await self._defined(manager)}
            key = defined.get(name)
            if key is None:
                if not value:
                    return
                define = AddCustomFieldDefArgs(name=name, mo_type="VirtualMachine")
                what = f"make the attribute {name!r}"
                made = await self.session.call(ADD_CUSTOM_FIELD_DEF, manager, define, what=what)
                key = made.key
            args = SetFieldArgs(entity=machine.ref, key=key, value=value)
            what = f"set the attribute {name!r} of domain {machine.name!r}"
            await self.session.call(SET_FIELD, manager, args, what=what)

    def _manager(self) -> Ref:
        manager = self.session.content.custom_fields_manager
        if manager is None:
            raise Unsupported(DRIVER, "attributes", "a vCenter keeps them, an ESX host has none")
        return manager

    async def _defined(self, manager: Ref) -> list[CustomFieldDef]:
        """The attributes that machines can have."""
        found = (await self.session.get(manager, "field")).get("field") or ()
        return [each for each in found if each.managed_object_type in {None, "", "VirtualMachine"}]
