"""Machines by their definitions: making, changing, naming and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from uuid import uuid4

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx.escapes import escape_name
from aiovirt.drivers.esx.abilities.documents import EsxDocuments
from aiovirt.drivers.esx.autostart import set_autostart
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.machine import OFF, SUSPENDED, Machine
from aiovirt.drivers.esx.making import make_machine
from aiovirt.drivers.esx.redefining import reconfigure, redefine
from aiovirt.errors import (
    AlreadyExists,
    ConfigError,
    InvalidState,
    NotFound,
    Unsupported,
    with_number,
)
from aiovirt.interfaces import MetadataKind, refuse_flags
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.vsphere.tables.inventory_methods import RENAME_TASK, RenameTaskArgs
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec
from aiovirt.protocols.vsphere.tables.machine_methods import UNREGISTER_VM

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainDefineFlags,
        DomainModificationImpact,
        DomainUndefineFlags,
    )

__all__ = ["EsxDefinition"]

MAX_NAME: Final = 80
"""Characters of a machine's name, escaped (vSphere API, VirtualMachineConfigSpec.name)."""

_VALIDATE: Final = 0x1
"""The flag of `DomainDefineFlags` for a definition that is checked by the grammar."""

_UNDEFINE_FLAGS: Final = 0x1 | 0x2 | 0x10
"""Of `DomainUndefineFlags`: saved states and metadata of snapshots, of which there are none."""

_ANNOTATION: Final = "config.annotation"


class EsxDefinition(EsxDocuments):
    """Making, changing and removing machines."""

    async def define(
        self, config: DomainConfig, *, flags: DomainDefineFlags | Literal[0] = 0
    ) -> DomainKey:
        """See `Definition.define`.

        Raises:
            NotFound: The URI leaves open where a new machine is to be; the hint says how to say.
        """
        refuse_flags(DRIVER, "define", flags, _VALIDATE)
        config = config.copy()
        config.check()
        _check_name(config.name)
        existing = self._existing(config)
        if existing is not None:
            async with self.session.changing(existing.key) as machine:
                config.uuid = machine.key.uuid
                await redefine(self.session, machine, config)
                return (self.session.machines.find(machine.ref) or machine).key
        uuid = config.uuid or uuid4()
        config.uuid = uuid
        ref = await make_machine(self.session, config)
        await self.session.settle(ref, lambda now: now is not None)
        made = self.session.machines.find(ref)
        return DomainKey(uuid, config.name or "") if made is None else made.key

    def _existing(self, config: DomainConfig) -> Machine | None:
        """The machine that a definition means: that of its UUID, or without one that of its name.

        Raises:
            AlreadyExists: Its name belongs to another UUID, or its UUID to another name.
        """
        machines, name = self.session.machines, config.name or ""
        named = machines.named(name)
        if config.uuid is None:
            return named[0] if named else None
        found = machines.existing(DomainKey(config.uuid, name))
        other = found if found is not None and found.name != name else None
        if found is None and named:
            other = named[0]
        if other is not None:
            raise AlreadyExists(f"domain {other.name!r} already exists with UUID {other.key.uuid}")
        return found

    async def undefine(
        self, domain: DomainKey, *, flags: DomainUndefineFlags | Literal[0] = 0
    ) -> None:
        """See `Definition.undefine`: the machine is unregistered, and all its files stay."""
        refuse_flags(DRIVER, "undefine", flags, _UNDEFINE_FLAGS)
        async with self.session.changing(domain) as known:
            machine = await self.session.fresh(known) if known.active else known
            if machine.power not in {OFF, SUSPENDED}:
                raise InvalidState(
                    f"cannot undefine domain {machine.name!r}: it runs", hint="destroy it first"
                )
            what = f"undefine domain {machine.name!r}"
            await self.session.call(UNREGISTER_VM, machine.ref, what=what)
            await self.session.settle(machine.ref, lambda now: now is None)

    async def rename(self, domain: DomainKey, name: str) -> None:
        """See `Definition.rename`: here one that runs can be renamed, too."""
        _check_name(name)
        async with self.session.changing(domain) as machine:
            others = [each for each in self.session.machines.named(name) if each != machine]
            if others:
                raise AlreadyExists(
                    f"domain {name!r} already exists with UUID {others[0].key.uuid}"
                )
            args = RenameTaskArgs(new_name=escape_name(name))
            what = f"rename domain {machine.name!r} to {name!r}"
            await self.session.change(RENAME_TASK, machine, args, what=what)
            await self.session.settle(machine.ref, lambda now: now is None or now.name == name)

    async def set_autostart(self, domain: DomainKey, *, autostart: bool) -> None:
        """See `Definition.set_autostart`.

        Raises:
            InvalidState: Its host starts no machine now, and would then start others, too.
        """
        async with self.session.changing(domain) as machine:
            await set_autostart(self.session, machine, autostart=autostart)

    async def metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        uri: str | None = None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> str:
        """See `Definition.metadata`: a machine has a description."""
        del uri, flags
        machine = self.session.machines.get(domain)
        if kind != "description":
            raise Unsupported(DRIVER, f"metadata of the kind {kind}")
        text = (await self.session.get(machine.ref, _ANNOTATION)).get(_ANNOTATION)
        if not text:
            raise with_number(
                NotFound(f"domain {machine.name!r} has no description"),
                ErrorNumber.ERR_NO_DOMAIN_METADATA,
                ErrorDomain.ESX,
            )
        return str(text)

    async def set_metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        text: str | None,
        *,
        key: str | None = None,
        uri: str | None = None,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Definition.set_metadata`: a machine has a description."""
        del key, uri, flags
        if kind != "description":
            raise Unsupported(DRIVER, f"metadata of the kind {kind}")
        async with self.session.changing(domain) as machine:
            spec = VirtualMachineConfigSpec(annotation=text or "")
            what = f"describe domain {machine.name!r}"
            await reconfigure(self.session, machine, spec, what=what)


def _check_name(name: str | None) -> None:
    """See that a name can be one of a machine.

    Raises:
        ConfigError: It cannot.
    """
    if not name or "\n" in name or len(escape_name(name)) > MAX_NAME:
        raise ConfigError(
            f"the name {name!r} cannot be that of a machine",
            field="name",
            hint=f"it has one line, of {MAX_NAME} characters at most",
        )
