"""The host's own network interfaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import HostInterfaceKey
from aiovirt.model.network import HostInterfaceRecord

if TYPE_CHECKING:
    from aiovirt.config import HostInterfaceConfig

__all__ = ["HostInterfaces"]


class HostInterfaces(Ability):
    """Operations on the host's interfaces; each raises `NotFound` for one that is not there.

    A host without netcf can only be asked: what changes something raises `Unsupported` there.
    """

    @operation
    async def keys(self, *, active: bool | None = None) -> Sequence[HostInterfaceKey]:
        """All interfaces, or only those that are up or not, in the host's order."""
        raise NotImplementedError

    @operation
    async def records(self) -> Sequence[HostInterfaceRecord]:
        """All interfaces, sorted by name, with whether they are up."""
        raise NotImplementedError

    @operation
    async def find_by_name(self, name: str) -> HostInterfaceKey:
        """The interface of that name."""
        raise NotImplementedError

    @operation
    async def find_by_mac(self, mac: str) -> HostInterfaceKey:
        """The interface of that MAC address.

        Raises:
            CallerError: Several have it.
        """
        raise NotImplementedError

    @operation
    async def config(
        self, interface: HostInterfaceKey, *, inactive: bool = False
    ) -> HostInterfaceConfig:
        """A copy of how the interface is set up now, or of its configuration if `inactive`."""
        raise NotImplementedError

    @operation
    async def define(
        self, config: HostInterfaceConfig, *, validate: bool = False
    ) -> HostInterfaceKey:
        """Write an interface's configuration; it is not started.

        Args:
            config: The configuration.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
        """
        raise NotImplementedError

    @operation
    async def undefine(self, interface: HostInterfaceKey) -> None:
        """Remove an interface's configuration."""
        raise NotImplementedError

    @operation
    async def start(self, interface: HostInterfaceKey) -> None:
        """Bring an interface up.

        Raises:
            InvalidState: It is up.
        """
        raise NotImplementedError

    @operation
    async def destroy(self, interface: HostInterfaceKey) -> None:
        """Bring an interface down; this connection may be among those that end.

        Raises:
            InvalidState: It is down.
        """
        raise NotImplementedError

    @operation
    async def is_active(self, interface: HostInterfaceKey) -> bool:
        """Whether it is up."""
        raise NotImplementedError

    @operation
    async def begin_changes(self) -> None:
        """Remember how all interfaces are configured, for `rollback_changes`.

        Raises:
            InvalidState: Changes have begun already.
        """
        raise NotImplementedError

    @operation
    async def commit_changes(self) -> None:
        """Keep what was changed since `begin_changes`.

        Raises:
            InvalidState: None has begun.
        """
        raise NotImplementedError

    @operation
    async def rollback_changes(self) -> None:
        """Configure all interfaces as they were when `begin_changes` was called.

        Raises:
            InvalidState: None has begun.
        """
        raise NotImplementedError
