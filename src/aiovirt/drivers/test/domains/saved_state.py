"""Saving domains of the host in memory into its files, and letting them go on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.config import MAX_XML_BYTES, DomainConfig
from aiovirt.drivers.common.saving import file_and_config, wants_running
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.living import drop_live
from aiovirt.drivers.test.domains.machine import Machine, Saved
from aiovirt.drivers.test.numbers import numbered
from aiovirt.errors import CallerError, ConfigError, InvalidState, NotFound
from aiovirt.interfaces import SavedState, immediate
from aiovirt.model.constants import DomainJobOperation, ErrorNumber
from aiovirt.model.domain import DomainKey, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.params import TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCoreDumpFlags,
        DomainCoreDumpFormat,
        DomainSaveRestoreFlags,
    )

__all__ = ["TestSavedState"]

_CRASH, _RESET = 0x1, 0x8


class TestSavedState(DomainAbility, SavedState):
    """The files are those of the host in memory."""

    __test__ = False

    async def save(
        self,
        domain: DomainKey,
        path: str,
        *,
        config: DomainConfig | None = None,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.save`."""
        machine = self.get(domain)
        saved = self._saved(machine, config, flags)
        self.world.files.write(path, saved.to_bytes())
        self._stop(machine)

    def _saved(self, machine: Machine, config: DomainConfig | None, flags: int) -> Saved:
        live = machine.running()
        kept = (live.config if config is None else config).copy()
        _check_same(machine, kept)
        drop_live(kept)
        paused = machine.reason.state is DomainState.PAUSED
        return Saved(kept, _paused(flags, usual=paused))

    def _read(self, path: str) -> Saved:
        """The domain that is saved in a file.

        Raises:
            NotFound: There is no such file.
            CallerError: It is something else.
        """
        try:
            file = self.world.files.find(path)
        except NotFound as error:
            raise numbered(error, ErrorNumber.ERR_OPERATION_FAILED) from None
        return Saved.from_bytes(file.read(0, MAX_XML_BYTES))

    def _stop(self, machine: Machine) -> None:
        self.domains.done(machine, DomainJobOperation.SAVE)
        self.domains.end(machine, StateReason.SHUTOFF_SAVED, LifecycleDetail.STOPPED_SAVED)

    async def save_with(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.save_with`."""
        path, config = file_and_config(params)
        if path is None:
            await self.managed_save(domain, flags=flags)
        else:
            await self.save(domain, path, config=config, flags=flags)

    async def restore(
        self,
        path: str,
        *,
        config: DomainConfig | None = None,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.restore`."""
        saved = self._read(path)
        known = saved.config
        if config is not None:
            saved = Saved(config.copy(), saved.paused)
            if (config.name, config.uuid) != (known.name, known.uuid):
                raise ConfigError(f"{path} is of the domain {known.name!r}", field="domain/name")
        uuid = known.uuid or self.world.new_uuid()
        machine = self.domains.shelf.existing(uuid, known.name or "")
        if machine is None:
            machine = Machine(DomainKey(uuid, known.name or ""), None)
            self.domains.shelf.add(machine)
        self.domains.restore(machine, saved, paused=_paused(flags, usual=saved.paused))

    async def restore_with(
        self, params: TypedParams, *, flags: DomainSaveRestoreFlags | Literal[0] = 0
    ) -> None:
        """See `SavedState.restore_with`."""
        path, config = file_and_config(params)
        if path is None:
            raise CallerError("it must be said which file is restored: the parameter is `file`")
        await self.restore(path, config=config, flags=flags)

    @immediate
    async def image_config(self, path: str, *, secure: bool = False) -> DomainConfig:
        """See `SavedState.image_config`."""
        return _told(self._read(path), secure=secure)

    async def set_image_config(
        self,
        path: str,
        config: DomainConfig,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.set_image_config`."""
        saved = self._read(path)
        changed = Saved(config.copy(), _paused(flags, usual=saved.paused))
        self.world.files.write(path, changed.to_bytes())

    # --- what the host keeps ----------------------------------------------------------------------

    async def managed_save(
        self, domain: DomainKey, *, flags: DomainSaveRestoreFlags | Literal[0] = 0
    ) -> None:
        """See `SavedState.managed_save`."""
        machine = self.get(domain)
        machine.running()
        machine.persistent()
        machine.saved = self._saved(machine, None, flags)
        self._stop(machine)

    @immediate
    async def has_managed_save(self, domain: DomainKey) -> bool:
        """See `SavedState.has_managed_save`."""
        return self.get(domain).saved is not None

    async def remove_managed_save(self, domain: DomainKey) -> None:
        """See `SavedState.remove_managed_save`."""
        self.get(domain).saved = None

    @immediate
    async def managed_save_config(self, domain: DomainKey, *, secure: bool = False) -> DomainConfig:
        """See `SavedState.managed_save_config`."""
        return _told(_kept(self.get(domain)), secure=secure)

    async def set_managed_save_config(
        self,
        domain: DomainKey,
        config: DomainConfig,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.set_managed_save_config`."""
        machine = self.get(domain)
        saved = _kept(machine)
        _check_same(machine, config)
        machine.saved = Saved(config.copy(), _paused(flags, usual=saved.paused))

    async def dump(
        self,
        domain: DomainKey,
        path: str,
        *,
        dump_format: DomainCoreDumpFormat | Literal[0] = 0,
        flags: DomainCoreDumpFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.dump`: the file names the domain, and has a hole for its memory."""
        del dump_format
        machine = self.get(domain)
        config = machine.running().config
        file = self.world.files.write(path, f"memory of {machine.name}\n".encode())
        file.resize(int(config.memory or 0) + file.size)
        self.domains.done(machine, DomainJobOperation.DUMP)
        if flags & _CRASH:
            reason, detail = StateReason.SHUTOFF_CRASHED, LifecycleDetail.STOPPED_CRASHED
            self.domains.end(machine, reason, detail)
        elif flags & _RESET:
            machine.reason = StateReason.RUNNING_BOOTED


def _paused(flags: int, *, usual: bool) -> bool:
    running = wants_running(flags)
    return usual if running is None else not running


def _told(saved: Saved, *, secure: bool) -> DomainConfig:
    return DomainConfig.parse(saved.config.to_xml(secure=secure))


def _kept(machine: Machine) -> Saved:
    if machine.saved is None:
        raise InvalidState(f"nothing is saved of domain {machine.name!r}")
    return machine.saved


def _check_same(machine: Machine, config: DomainConfig) -> None:
    if config.name != machine.name or config.uuid not in {None, machine.uuid}:
        raise ConfigError(
            f"the configuration is of {config.name!r}, not of {machine.name!r}", field="domain/name"
        )
