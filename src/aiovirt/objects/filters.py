"""Network filters and their bindings, one by one and as a collection."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiovirt import interfaces
from aiovirt.config import NetworkFilterBindingConfig, NetworkFilterConfig
from aiovirt.interfaces import Driver
from aiovirt.model.keys import FilterBindingKey, NetworkFilterKey
from aiovirt.objects._handle import Handle, NamedHandle
from aiovirt.objects._transfers import parsed

__all__ = ["FilterBinding", "NetworkFilter", "NetworkFilters"]


class FilterBinding(Handle[FilterBindingKey]):
    """A filter that holds for a device of the host; verbs raise `NotFound` when it is gone."""

    @property
    def port_device(self) -> str:
        """The device, such as ``vnet0``."""
        return self.key.port_device

    @property
    def filter_name(self) -> str:
        """The filter's name."""
        return self.key.filter_name

    def __repr__(self) -> str:
        return f"<FilterBinding {self.port_device!r} {self.filter_name!r}>"

    async def config(self) -> NetworkFilterBindingConfig:
        """The device, the filter, and its parameters."""
        filters = self._driver.ability(interfaces.NetworkFilters)
        return await filters.binding_config(self.key)

    async def xml(self) -> str:
        """The same as XML."""
        return (await self.config()).to_xml()

    async def delete(self) -> None:
        """Let the device be filtered no more."""
        await self._driver.ability(interfaces.NetworkFilters).unbind(self.key)


class NetworkFilter(NamedHandle[NetworkFilterKey]):
    """One filter of a host; every verb raises `NotFound` when it is gone."""

    async def config(self) -> NetworkFilterConfig:
        """A copy of it."""
        return await self._driver.ability(interfaces.NetworkFilters).config(self.key)

    async def xml(self) -> str:
        """The same as XML."""
        return (await self.config()).to_xml()

    async def undefine(self) -> None:
        """Remove it.

        Raises:
            AiovirtError: A guest or another filter uses it.
        """
        await self._driver.ability(interfaces.NetworkFilters).undefine(self.key)


class NetworkFilters:
    """`host.filters`: define, find and list network filters, and bind them to devices."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def _filters(self) -> interfaces.NetworkFilters:
        return self._driver.ability(interfaces.NetworkFilters)

    async def define(
        self, config: NetworkFilterConfig | str | bytes, *, validate: bool = False
    ) -> NetworkFilter:
        """Define a filter, or change one; guests that use it are filtered anew at once.

        Args:
            config: A filter, or its XML.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: The name belongs to another UUID.
        """
        given = parsed(NetworkFilterConfig, config)
        return self._handle(await self._filters.define(given, validate=validate))

    async def list(self) -> Sequence[NetworkFilter]:
        """All filters, sorted by name."""
        keys = await self._filters.keys()
        return [self._handle(key) for key in sorted(keys, key=lambda key: key.name)]

    async def get(self, name: str | UUID) -> NetworkFilter:
        """The filter of that name or UUID.

        Raises:
            NotFound: There is none.
        """
        if isinstance(name, UUID):
            return self._handle(await self._filters.find_by_uuid(name))
        return self._handle(await self._filters.find_by_name(name))

    async def bind(
        self, config: NetworkFilterBindingConfig | str | bytes, *, validate: bool = False
    ) -> FilterBinding:
        """Let a filter hold for a device of the host.

        Args:
            config: The binding, or its XML.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
            AiovirtError: The device has a binding.
        """
        given = parsed(NetworkFilterBindingConfig, config)
        return FilterBinding(self._driver, await self._filters.bind(given, validate=validate))

    async def bindings(self) -> Sequence[FilterBinding]:
        """All bindings, sorted by device."""
        keys = await self._filters.binding_keys()
        ordered = sorted(keys, key=lambda key: key.port_device)
        return [FilterBinding(self._driver, key) for key in ordered]

    async def binding(self, port_device: str) -> FilterBinding:
        """The binding of that device.

        Raises:
            NotFound: It has none.
        """
        return FilterBinding(self._driver, await self._filters.find_binding(port_device))

    def _handle(self, key: NetworkFilterKey) -> NetworkFilter:
        return NetworkFilter(self._driver, key)
