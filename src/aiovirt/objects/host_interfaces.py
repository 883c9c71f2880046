"""The host's own network interfaces, one by one and as a collection."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from aiovirt import interfaces
from aiovirt.config import HostInterfaceConfig
from aiovirt.errors import AlreadyExists, CallerError, ConfigError, NotFound
from aiovirt.interfaces import Driver
from aiovirt.model.keys import HostInterfaceKey
from aiovirt.model.mac import MacAddress
from aiovirt.model.network import HostInterfaceRecord
from aiovirt.objects._handle import Handle
from aiovirt.objects._transfers import parsed

__all__ = ["HostInterface", "HostInterfaces"]


class HostInterface(Handle[HostInterfaceKey]):
    """One interface of the host: thin, cheap, and valid as long as its connection is open.

    Every verb raises `NotFound` when it is gone. A host without netcf can only be asked: what
    changes something raises `Unsupported` there.
    """

    @property
    def name(self) -> str:
        """The name, such as ``eth0``."""
        return self.key.name

    @property
    def mac(self) -> str:
        """The MAC address as the host writes it; empty for none."""
        return self.key.mac

    def __repr__(self) -> str:
        return f"<HostInterface {self.name!r}>"

    @property
    def _identity(self) -> str:
        return self.key.name

    @property
    def _interfaces(self) -> interfaces.HostInterfaces:
        return self._driver.ability(interfaces.HostInterfaces)

    async def config(self, *, inactive: bool = False) -> HostInterfaceConfig:
        """A copy of how it is set up now, or of its configuration if `inactive`."""
        return await self._interfaces.config(self.key, inactive=inactive)

    async def xml(self, *, inactive: bool = False) -> str:
        """The same as XML."""
        return (await self.config(inactive=inactive)).to_xml()

    async def is_active(self) -> bool:
        """Whether it is up."""
        return await self._interfaces.is_active(self.key)

    async def start(self) -> None:
        """Bring it up."""
        await self._interfaces.start(self.key)

    async def destroy(self) -> None:
        """Bring it down; this connection may be among those that end."""
        await self._interfaces.destroy(self.key)

    async def undefine(self) -> None:
        """Remove its configuration."""
        await self._interfaces.undefine(self.key)

    async def bridge(
        self, name: str, *, stp: bool = True, delay: str = "0", start: bool = True
    ) -> HostInterface:
        """Put it below a new bridge, which gets its addresses.

        Args:
            name: The bridge's name.
            stp: Whether the bridge speaks the spanning tree protocol.
            delay: How long a new port waits before it forwards, in seconds.
            start: Bring the bridge up.

        Raises:
            AlreadyExists: There is an interface of that name.
            ConfigError: It is a bridge itself.
        """
        with suppress(NotFound):
            await self._interfaces.find_by_name(name)
            raise AlreadyExists(f"the host has an interface {name!r} already")
        config = await self._configured()
        if config.bridge:
            raise ConfigError(f"{self.name} is a bridge already")
        made = await self._interfaces.define(config.bridged(name, stp=stp, delay=delay))
        if start:
            await self._interfaces.start(made)
        return HostInterface(self._driver, made)

    async def unbridge(self, *, start: bool = True) -> HostInterface:
        """Remove this bridge; the interface below it gets its addresses.

        Args:
            start: Bring the interface up.

        Raises:
            ConfigError: It is no bridge, or not exactly one interface is below it.
        """
        config = (await self._configured()).unbridged()
        if await self.is_active():
            await self.destroy()
        await self.undefine()
        made = await self._interfaces.define(config)
        if start and not await self._interfaces.is_active(made):
            await self._interfaces.start(made)
        return HostInterface(self._driver, made)

    async def _configured(self) -> HostInterfaceConfig:
        """Its configuration; how it is set up now where the host tells nothing else."""
        try:
            return await self.config(inactive=True)
        except CallerError:
            return await self.config()


class HostInterfaces:
    """`host.interfaces`: the host's own network interfaces."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def _interfaces(self) -> interfaces.HostInterfaces:
        return self._driver.ability(interfaces.HostInterfaces)

    async def define(
        self, config: HostInterfaceConfig | str | bytes, *, validate: bool = False
    ) -> HostInterface:
        """Write an interface's configuration; it is not started.

        Args:
            config: A configuration, or its XML.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
            Unsupported: The host has no netcf.
        """
        given = parsed(HostInterfaceConfig, config)
        return self._handle(await self._interfaces.define(given, validate=validate))

    async def list(self, *, active: bool | None = None) -> Sequence[HostInterface]:
        """All interfaces, or only those that are up or not, sorted by name."""
        keys = await self._interfaces.keys(active=active)
        return [self._handle(key) for key in sorted(keys, key=lambda key: key.name)]

    async def records(self) -> Sequence[HostInterfaceRecord]:
        """All interfaces, sorted by name, with whether they are up."""
        return await self._interfaces.records()

    async def get(self, name: str | MacAddress) -> HostInterface:
        """The interface of that name or MAC address.

        Raises:
            NotFound: There is none.
            CallerError: Several have the address.
        """
        if isinstance(name, MacAddress):
            return self._handle(await self._interfaces.find_by_mac(str(name)))
        return self._handle(await self._interfaces.find_by_name(name))

    async def begin_changes(self) -> None:
        """Remember how all interfaces are configured, for `rollback_changes`.

        Raises:
            InvalidState: Changes have begun already.
        """
        await self._interfaces.begin_changes()

    async def commit_changes(self) -> None:
        """Keep what was changed since `begin_changes`.

        Raises:
            InvalidState: None has begun.
        """
        await self._interfaces.commit_changes()

    async def rollback_changes(self) -> None:
        """Configure all interfaces as they were when `begin_changes` was called.

        Raises:
            InvalidState: None has begun.
        """
        await self._interfaces.rollback_changes()

    def _handle(self, key: HostInterfaceKey) -> HostInterface:
        return HostInterface(self._driver, key)
