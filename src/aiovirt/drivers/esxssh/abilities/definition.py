"""Defining, finding and describing machines: a ``.vmx`` file in a datastore, and a registration."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid4

import anyio

from aiovirt._tasks import gather
from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx, merge
from aiovirt.drivers.common.vmx.escapes import escape_name
from aiovirt.drivers.esxssh.autostart import Autostart
from aiovirt.drivers.esxssh.context import DRIVER, Context, EsxAbility
from aiovirt.drivers.esxssh.describing import VMX, Descriptions, checked_name
from aiovirt.drivers.esxssh.filters import filtered
from aiovirt.drivers.esxssh.hardware import hardware_of
from aiovirt.drivers.esxssh.inventory import ON, Machine
from aiovirt.drivers.esxssh.plugging import shown_as_it_runs
from aiovirt.drivers.esxssh.registering import register
from aiovirt.drivers.esxssh.rewriting import check_off, rewrite
from aiovirt.errors import (
    AlreadyExists,
    ConfigError,
    NotFound,
    Unsupported,
    with_number,
)
from aiovirt.interfaces import Definition, MetadataKind, refuse_flags
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.events import LifecycleDetail

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectListAllDomainsFlags,
        DomainDefineFlags,
        DomainModificationImpact,
        DomainUndefineFlags,
        DomainXMLFlags,
    )

__all__ = ["EsxDefinition"]

_NOTE = "annotation"
_CONFIG = 2
"""The flag of `DomainModificationImpact` for the definition: there is nothing else."""


class EsxDefinition(EsxAbility, Definition):
    """See `Definition`. A machine is registered, and so persistent, or it is not there."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._descriptions = Descriptions(context.host, context.datastores)
        self._autostart = Autostart(context.host)
        self._defining = anyio.Lock()

    # --- changing -----------------------------------------------------------------------------

    async def define(
        self, config: DomainConfig, *, flags: DomainDefineFlags | Literal[0] = 0
    ) -> DomainKey:
        """See `Definition.define`.

        The file of a new machine is beside its first disk, else in a folder of its own name in the
        first datastore. Only a machine that is off can be changed.
        """
        refuse_flags(DRIVER, "define", flags)
        config = config.copy()
        config.check()
        name = checked_name(config.name)
        async with self._defining:
            same = await self._existing(name, config.uuid)
            uuid = config.uuid or (same.key.uuid if same else uuid4())
            config.uuid = uuid
            if same is None:
                async with self.context.turn(uuid):
                    return await self._make(config)
        return await self._change(same.key, config)

    async def _existing(self, name: str, uuid: UUID | None) -> Machine | None:
        """The machine of exactly this name and UUID.

        Raises:
            AlreadyExists: One of the two belongs to another.
        """
        found = None
        for machine in await self.inventory.machines():
            if uuid in {None, machine.key.uuid} and machine.key.name == name:
                return machine
            if machine.key.uuid == uuid or machine.key.name == name:
                found = machine.key
        if found is not None:
            raise AlreadyExists(
                f"domain {found.name!r} exists on {self.host.where} with UUID {found.uuid}"
            )
        return None

    async def _make(self, config: DomainConfig) -> DomainKey:
        path = await self._descriptions.place(config)
        vmx = await self._descriptions.made(config, path)
        await self._descriptions.write(path, vmx, new=True)
        try:
            machine = await register(self.context, path)
        except BaseException:
            await self._descriptions.files.remove(path)
            raise
        self.context.watcher.defined(self.inventory.record(machine), LifecycleDetail.DEFINED_ADDED)
        return machine.key

    async def _change(self, domain: DomainKey, config: DomainConfig) -> DomainKey:
        async with self.context.changing(domain) as machine:
            check_off(self.context, machine, "changed")
            await rewrite(self.context, machine, lambda vmx, files: merge(vmx, config, files))
            record = self.inventory.record(machine)
            self.context.watcher.defined(record, LifecycleDetail.DEFINED_UPDATED)
            return machine.key

    async def undefine(
        self, domain: DomainKey, *, flags: DomainUndefineFlags | Literal[0] = 0
    ) -> None:
        """See `Definition.undefine`: it is unregistered; its folder with all files stays."""
        refuse_flags(DRIVER, "undefine", flags)
        async with self.context.changing(domain) as machine:
            check_off(self.context, machine, "unregistered")
            what = f"unregister domain {domain.name!r}"
            await self.host.vim("vmsvc/unregister", str(machine.vmid), what=what)
            self.context.watcher.gone(self.inventory.record(machine))

    async def rename(self, domain: DomainKey, name: str) -> None:
        """See `Definition.rename`: its files keep their names."""
        checked_name(name)
        async with self._defining, self.context.changing(domain) as machine:
            check_off(self.context, machine, "renamed")
            if await self._existing(name, None) is not None:
                raise AlreadyExists(f"domain {name!r} exists on {self.host.where} already")
            await rewrite(self.context, machine, partial(_said, "displayName", escape_name(name)))
            record = self.inventory.record(await self.inventory.get(domain))
            self.context.watcher.defined(record, LifecycleDetail.DEFINED_RENAMED)

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
        """See `Definition.set_metadata`: the description, which is the machine's note."""
        del key, uri
        refuse_flags(DRIVER, "set_metadata", flags, _CONFIG)
        _check_kind(kind)
        async with self.context.changing(domain) as machine:
            check_off(self.context, machine, "changed")
            await rewrite(self.context, machine, partial(_said, _NOTE, text))

    async def set_autostart(self, domain: DomainKey, *, autostart: bool) -> None:
        """See `Definition.set_autostart`: the host begins to heed its list with the first."""
        async with self.context.changing(domain) as machine:
            await self._autostart.set(machine, autostart=autostart)

    # --- looking ------------------------------------------------------------------------------

    async def autostart(self, domain: DomainKey) -> bool:
        """See `Definition.autostart`."""
        machine = await self.inventory.get(domain)
        return machine.vmid in await self._autostart.numbers()

    async def records(self) -> Sequence[DomainRecord]:
        """See `Definition.records`; the host is asked."""
        machines, automatic = await gather(self.inventory.machines, self._autostart.numbers)
        return [self.inventory.record(machine, automatic) for machine in machines]

    async def keys(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> Sequence[DomainKey]:
        """See `Definition.keys`."""
        records = filtered(await self.records(), flags, "keys")
        return [each.key for each in records if active is None or each.state.active is active]

    async def record(self, domain: DomainKey) -> DomainRecord:
        """See `Definition.record`."""
        machine, automatic = await gather(
            lambda: self.inventory.get(domain), self._autostart.numbers
        )
        return self.inventory.record(machine, automatic)

    async def find_by_name(self, name: str) -> DomainKey:
        """See `Definition.find_by_name`; of several of one name the first."""
        return (await self.inventory.by_name(name)).key

    async def find_by_uuid(self, uuid: UUID) -> DomainKey:
        """See `Definition.find_by_uuid`."""
        return (await self.inventory.get(DomainKey(uuid, ""))).key

    async def find_by_id(self, number: int) -> DomainKey:
        """See `Definition.find_by_id`."""
        for machine in await self.inventory.machines():
            if machine.vmid == number and machine.active:
                return machine.key
        raise NotFound(f"{self.host.where} has no running domain with id {number}")

    async def config(
        self,
        domain: DomainKey,
        *,
        inactive: bool = False,
        secure: bool = False,
        flags: DomainXMLFlags | Literal[0] = 0,
    ) -> DomainConfig:
        """See `Definition.config`: what its file says, and of one that runs what is connected."""
        refuse_flags(DRIVER, "config", flags)
        machine = await self.inventory.get(domain)
        config = await self._descriptions.config(machine)
        if machine.power == ON and not inactive and (config.disks or config.interfaces):
            shown_as_it_runs(config, await hardware_of(self.host, machine))
        if inactive:
            config.id = None
        return config if secure else DomainConfig.parse(config.to_xml(secure=False))

    async def metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        uri: str | None = None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> str:
        """See `Definition.metadata`: the description."""
        del uri
        refuse_flags(DRIVER, "metadata", flags, _CONFIG)
        _check_kind(kind)
        machine = await self.inventory.get(domain)
        note = (await self._descriptions.vmx(machine.path)).get(_NOTE)
        if not note:
            error = NotFound(f"domain {domain.name!r} on {self.host.where} has no description")
            raise with_number(error, ErrorNumber.ERR_NO_DOMAIN_METADATA, ErrorDomain.ESX)
        return note

    async def state(self, domain: DomainKey) -> StateReason:
        """See `Definition.state`."""
        return self.inventory.reason(await self.inventory.get(domain))

    async def is_active(self, domain: DomainKey) -> bool:
        """See `Definition.is_active`."""
        return (await self.inventory.get(domain)).active

    async def is_persistent(self, domain: DomainKey) -> bool:
        """See `Definition.is_persistent`: all are."""
        await self.inventory.get(domain)
        return True

    async def is_updated(self, domain: DomainKey) -> bool:
        """See `Definition.is_updated`: there is one configuration only."""
        await self.inventory.get(domain)
        return False

    async def os_type(self, domain: DomainKey) -> str:
        """See `Definition.os_type`."""
        await self.inventory.get(domain)
        return "hvm"

    async def from_native(self, form: str, text: str) -> DomainConfig:
        """See `Definition.from_native`: ``vmware-vmx``."""
        _check_form(form)
        return await self._descriptions.from_text(text)

    async def to_native(self, form: str, config: DomainConfig) -> str:
        """See `Definition.to_native`: ``vmware-vmx``."""
        _check_form(form)
        config.check()
        path = await self._descriptions.place(config)
        return (await self._descriptions.made(config, path)).to_text()


def _said(key: str, text: str | None, vmx: Vmx, _: DatastoreFiles) -> Vmx:
    if text:
        vmx.set(key, text)
    else:
        vmx.discard(key)
    return vmx


def _check_kind(kind: MetadataKind) -> None:
    if kind != "description":
        raise Unsupported(DRIVER, "metadata", f"a machine has a description, and no {kind}")


def _check_form(form: str) -> None:
    if form != VMX:
        raise ConfigError(f"the driver knows no form {form!r}", field="form", hint=f"it is {VMX}")
