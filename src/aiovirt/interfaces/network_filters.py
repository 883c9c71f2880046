"""Network filters: which packets the interfaces of guests may send and receive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import FilterBindingKey, NetworkFilterKey

if TYPE_CHECKING:
    from aiovirt.config import NetworkFilterBindingConfig, NetworkFilterConfig
    from aiovirt.model.constants import NWFilterBindingCreateFlags, NWFilterDefineFlags

__all__ = ["NetworkFilters"]


class NetworkFilters(Ability):
    """Operations on filters and their bindings; each raises `NotFound` for one not there.

    A binding says that a filter holds for one device of the host. Starting a guest makes those
    of its interfaces.
    """

    @operation
    async def define(
        self,
        config: NetworkFilterConfig,
        *,
        validate: bool = False,
        flags: NWFilterDefineFlags | Literal[0] = 0,
    ) -> NetworkFilterKey:
        """Define a filter, or change one; guests that use it are filtered anew at once.

        Args:
            config: The filter.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: The name belongs to another UUID.
        """
        raise NotImplementedError

    @operation
    async def undefine(self, nwfilter: NetworkFilterKey) -> None:
        """Remove a filter.

        Raises:
            Busy: A guest or another filter uses it.
        """
        raise NotImplementedError

    @operation
    async def keys(self) -> Sequence[NetworkFilterKey]:
        """All filters, in the host's order."""
        raise NotImplementedError

    @operation
    async def find_by_name(self, name: str) -> NetworkFilterKey:
        """The filter of that name."""
        raise NotImplementedError

    @operation
    async def find_by_uuid(self, uuid: UUID) -> NetworkFilterKey:
        """The filter of that UUID."""
        raise NotImplementedError

    @operation
    async def config(self, nwfilter: NetworkFilterKey) -> NetworkFilterConfig:
        """A copy of the filter."""
        raise NotImplementedError

    # --- bindings -----------------------------------------------------------------------------

    @operation
    async def binding_keys(self) -> Sequence[FilterBindingKey]:
        """All bindings, in the host's order."""
        raise NotImplementedError

    @operation
    async def find_binding(self, port_device: str) -> FilterBindingKey:
        """The binding of that device of the host, such as ``vnet0``."""
        raise NotImplementedError

    @operation
    async def bind(
        self,
        config: NetworkFilterBindingConfig,
        *,
        validate: bool = False,
        flags: NWFilterBindingCreateFlags | Literal[0] = 0,
    ) -> FilterBindingKey:
        """Let a filter hold for a device of the host.

        Args:
            config: The device, the filter, and its parameters.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: The device has a binding.
        """
        raise NotImplementedError

    @operation
    async def binding_config(self, binding: FilterBindingKey) -> NetworkFilterBindingConfig:
        """A copy of the binding."""
        raise NotImplementedError

    @operation
    async def unbind(self, binding: FilterBindingKey) -> None:
        """Let the device be filtered no more."""
        raise NotImplementedError
