"""The virtual networks of a host, as a collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt import interfaces
from aiovirt.config import NetworkConfig
from aiovirt.interfaces import Driver
from aiovirt.model.keys import NetworkKey
from aiovirt.model.network import NetworkRecord
from aiovirt.objects._transfers import parsed
from aiovirt.objects.network import Network

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllNetworksFlags

__all__ = ["Networks"]


class Networks:
    """`host.networks`: define, find and list networks."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def _networks(self) -> interfaces.Networks:
        return self._driver.ability(interfaces.Networks)

    async def define(
        self, config: NetworkConfig | str | bytes, *, validate: bool = False
    ) -> Network:
        """Make a network persistent, or change the definition of one that is; it is not started.

        Args:
            config: A configuration, or its XML.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: The name belongs to another UUID, or another network has its bridge.
        """
        given = parsed(NetworkConfig, config)
        return self._handle(await self._networks.define(given, validate=validate))

    async def create(
        self, config: NetworkConfig | str | bytes, *, validate: bool = False
    ) -> Network:
        """Start a network without defining it: it is gone when it stops. Arguments as `define`."""
        given = parsed(NetworkConfig, config)
        return self._handle(await self._networks.create(given, validate=validate))

    async def list(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
    ) -> Sequence[Network]:
        """All networks that are what is asked for, sorted by name.

        Args:
            active: Only active ones, or only others.
            persistent: Only those with a definition, or only others.
            autostart: Only those that start with the daemon, or only others.
        """
        keys = await self._networks.keys(active=active, persistent=persistent, autostart=autostart)
        return [self._handle(key) for key in sorted(keys, key=lambda key: key.name)]

    async def records(
        self, *, flags: ConnectListAllNetworksFlags | Literal[0] = 0
    ) -> Sequence[NetworkRecord]:
        """All networks, or those that libvirt's flags choose, with their states."""
        return await self._networks.records(flags=flags)

    async def get(self, name: str | UUID) -> Network:
        """The network of that name or UUID.

        Raises:
            NotFound: There is none.
        """
        if isinstance(name, UUID):
            return self._handle(await self._networks.find_by_uuid(name))
        return self._handle(await self._networks.find_by_name(name))

    def _handle(self, key: NetworkKey) -> Network:
        return Network(self._driver, key)
