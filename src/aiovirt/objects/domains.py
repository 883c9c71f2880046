"""The domains of a host, as a collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import DomainConfig
from aiovirt.interfaces import Definition, Driver, Monitor, SavedState
from aiovirt.model.domain import DomainKey, DomainRecord
from aiovirt.model.flags import flag_set
from aiovirt.objects._domain_saved import configured, how, on_host
from aiovirt.objects.domain import Domain

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllDomainsFlags

__all__ = ["Domains"]


class Domains:
    """`host.domains`: define, find and list."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def _definition(self) -> Definition:
        return self._driver.ability(Definition)

    async def define(self, config: DomainConfig | str | bytes) -> Domain:
        """Make a domain persistent, or change the configuration of one that is.

        Args:
            config: A configuration, or its XML. It is not changed.

        Raises:
            ConfigError: Something in it is wrong; element, line and what was expected are named.
            AlreadyExists: The name belongs to another UUID, or the UUID to another name.

        Cancellation: the definition is either safely there or not at all.
        """
        if not isinstance(config, DomainConfig):
            config = DomainConfig.parse(config)
        return self._handle(await self._definition.define(config))

    async def create(
        self, config: DomainConfig | str | bytes, *, paused: bool = False, files: Sequence[int] = ()
    ) -> Domain:
        """Start a domain without defining it: it is gone when it stops.

        Args:
            config: A configuration, or its XML.
            paused: Let it stand still before its first step.
            files: Descriptors for the first process of a container; they stay yours.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: A running domain has its name or UUID.
        """
        if not isinstance(config, DomainConfig):
            config = DomainConfig.parse(config)
        flags = flag_set("DomainCreateFlags", 0, start_paused=paused)
        if files:
            key = await self._definition.create_with_files(config, files, flags=flags)
        else:
            key = await self._definition.create(config, flags=flags)
        return self._handle(key)

    async def list(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> Sequence[Domain]:
        """All domains, or only the active or inactive ones, sorted by name.

        Args:
            active: Only those.
            flags: libvirt's filters, such as `HAS_SNAPSHOT`.
        """
        keys = await self._definition.keys(active=active, flags=flags)
        driver = self._driver
        return [Domain(driver, key) for key in keys]

    async def records(self, *, active: bool | None = None) -> Sequence[DomainRecord]:
        """Name, id and state of all domains, or only of the active or inactive ones.

        Answered from what is known: no guest is asked, so none can hold it up.
        """
        records = await self._definition.records()
        return [r for r in records if active is None or r.state.active is active]

    async def get(self, name: str | UUID | int) -> Domain:
        """The domain of that name, UUID, or number of a running instance.

        Raises:
            NotFound: There is none; a name that is near is offered as the hint.
            TypeError: It is neither of the three.
        """
        if not isinstance(name, (str, UUID, int)):
            raise TypeError(
                f"a domain is found by name, UUID or number, not by {type(name).__name__}"
            )
        if isinstance(name, UUID):
            return self._handle(await self._definition.find_by_uuid(name))
        if isinstance(name, int):
            return self._handle(await self._definition.find_by_id(name))
        return self._handle(await self._definition.find_by_name(name))

    # --- saved memory ---------------------------------------------------------------------------

    async def restore(
        self,
        path: str,
        *,
        config: DomainConfig | str | None = None,
        paused: bool | None = None,
        bypass_cache: bool = False,
        reset_nvram: bool = False,
    ) -> Domain:
        """Let the domain that `Domain.save` wrote into a file go on; returns when it does.

        Args:
            path: The file, on the host. It stays.
            config: A configuration, or its XML, in place of the one in the file.
            paused: Whether it stands still or runs then; as it was saved if None.
            bypass_cache: Keep the file out of the host's cache.
            reset_nvram: Begin with fresh variables of its firmware.

        Raises:
            NotFound: There is no such file.
            InvalidState: It runs already.
        """
        flags = how(bypass_cache=bypass_cache, paused=paused, reset_nvram=reset_nvram)
        other = configured(config)
        saved, path = self._driver.ability(SavedState), on_host(path)
        in_file = await saved.image_config(path) if other is None else other
        await saved.restore(path, config=other, flags=flags)
        return await self.get(UUID(str(in_file.uuid)) if in_file.uuid else str(in_file.name))

    async def saved_config(self, path: str, *, secure: bool = False) -> DomainConfig:
        """The configuration in a file that `Domain.save` wrote, with passwords if `secure`."""
        return await self._driver.ability(SavedState).image_config(on_host(path), secure=secure)

    async def set_saved_config(
        self, path: str, config: DomainConfig | str, *, paused: bool | None = None
    ) -> None:
        """Change the configuration in such a file, as far as the saved memory fits to it.

        Args:
            path: The file, on the host.
            config: A configuration, or its XML.
            paused: Whether it stands still or runs when restored; as it was if None.
        """
        parsed = config if isinstance(config, DomainConfig) else DomainConfig.parse(config)
        flags = how(bypass_cache=False, paused=paused)
        saved = self._driver.ability(SavedState)
        await saved.set_image_config(on_host(path), parsed, flags=flags)

    async def attach_process(self, pid: int) -> Domain:
        """Make a domain of a hypervisor's process that somebody else has started.

        Raises:
            Unsupported: The driver does not do that (any more).
        """
        return self._handle(await self._driver.ability(Monitor).attach_process(pid))

    def _handle(self, key: DomainKey) -> Domain:
        return Domain(self._driver, key)
