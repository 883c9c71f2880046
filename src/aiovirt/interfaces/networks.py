"""Virtual networks: what connects a host's guests with each other and with the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import NetworkKey
from aiovirt.model.network import DhcpLease, NetworkRecord

if TYPE_CHECKING:
    from aiovirt.config import NetworkConfig
    from aiovirt.model.constants import (
        ConnectListAllNetworksFlags,
        NetworkCreateFlags,
        NetworkDefineFlags,
        NetworkMetadataType,
        NetworkUpdateCommand,
        NetworkUpdateFlags,
        NetworkUpdateSection,
    )

__all__ = ["Networks"]


class Networks(Ability):
    """Operations on networks; each raises `NotFound` for a network that is not there."""

    @operation
    async def define(
        self,
        config: NetworkConfig,
        *,
        validate: bool = False,
        flags: NetworkDefineFlags | Literal[0] = 0,
    ) -> NetworkKey:
        """Make a network persistent, or change the definition of one that is; it is not started.

        Args:
            config: The configuration.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: The name belongs to another UUID, or another network has its bridge.
        """
        raise NotImplementedError

    @operation
    async def create(
        self,
        config: NetworkConfig,
        *,
        validate: bool = False,
        flags: NetworkCreateFlags | Literal[0] = 0,
    ) -> NetworkKey:
        """Start a network without defining it: it is gone when it stops.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: A network has its name, its bridge or its addresses.
        """
        raise NotImplementedError

    @operation
    async def undefine(self, network: NetworkKey) -> None:
        """Remove a network's definition; one that is active stays until it stops.

        Raises:
            InvalidState: It has none: it is transient.
        """
        raise NotImplementedError

    @operation
    async def start(self, network: NetworkKey) -> None:
        """Start a network that is defined.

        Raises:
            InvalidState: It is active already.
            HostError: Its bridge or its addresses are in use.
        """
        raise NotImplementedError

    @operation
    async def destroy(self, network: NetworkKey) -> None:
        """Stop a network; guests that are plugged into it lose it.

        Raises:
            InvalidState: It is not active.
        """
        raise NotImplementedError

    @operation
    async def keys(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
        flags: ConnectListAllNetworksFlags | Literal[0] = 0,
    ) -> Sequence[NetworkKey]:
        """The networks that are what is asked for, in the host's order.

        Args:
            active: Only active ones, or only others.
            persistent: Only those with a definition, or only others.
            autostart: Only those that start with the daemon, or only others.
            flags: libvirt's further flags.
        """
        raise NotImplementedError

    @operation
    async def records(
        self, *, flags: ConnectListAllNetworksFlags | Literal[0] = 0
    ) -> Sequence[NetworkRecord]:
        """All networks, or those that the flags choose, sorted by name."""
        raise NotImplementedError

    @operation
    async def record(self, network: NetworkKey) -> NetworkRecord:
        """One network's line of the listing."""
        raise NotImplementedError

    @operation
    async def find_by_name(self, name: str) -> NetworkKey:
        """The network of that name."""
        raise NotImplementedError

    @operation
    async def find_by_uuid(self, uuid: UUID) -> NetworkKey:
        """The network of that UUID."""
        raise NotImplementedError

    @operation
    async def config(self, network: NetworkKey, *, inactive: bool = False) -> NetworkConfig:
        """A copy of the live configuration of an active network, else of the inactive one.

        Args:
            network: Which network.
            inactive: The inactive configuration even if the network is active.
        """
        raise NotImplementedError

    @operation
    async def bridge_name(self, network: NetworkKey) -> str:
        """The name of the bridge on the host.

        Raises:
            NotFound: It has none: its guests use a device of the host, for one.
        """
        raise NotImplementedError

    @operation
    async def is_active(self, network: NetworkKey) -> bool:
        """Whether it runs."""
        raise NotImplementedError

    @operation
    async def is_persistent(self, network: NetworkKey) -> bool:
        """Whether it has a definition."""
        raise NotImplementedError

    @operation
    async def autostart(self, network: NetworkKey) -> bool:
        """Whether it starts with the daemon."""
        raise NotImplementedError

    @operation
    async def set_autostart(self, network: NetworkKey, *, autostart: bool) -> None:
        """Let it start with the daemon, or not.

        Raises:
            InvalidState: It is transient.
        """
        raise NotImplementedError

    @operation
    async def update(
        self,
        network: NetworkKey,
        command: NetworkUpdateCommand,
        section: NetworkUpdateSection,
        xml: str,
        *,
        parent_index: int = -1,
        flags: NetworkUpdateFlags | Literal[0] = 0,
    ) -> None:
        """Change one part of a network, also while it is active.

        Args:
            network: Which network.
            command: Whether the part is added, modified or deleted.
            section: What kind of part it is.
            xml: The part, such as ``<host mac=… ip=…/>``.
            parent_index: Which of several parents it is in, counted from 0; -1 finds it.
            flags: What is changed: the active network, its definition, or both.

        Raises:
            ConfigError: The part is wrong, or is not there, or cannot be changed so.
        """
        raise NotImplementedError

    @operation
    async def leases(self, network: NetworkKey, *, mac: str | None = None) -> Sequence[DhcpLease]:
        """The addresses that the network's DHCP server has given away.

        Args:
            network: Which network.
            mac: Only those of the guest with that MAC address.
        """
        raise NotImplementedError

    @operation
    async def metadata(
        self,
        network: NetworkKey,
        kind: NetworkMetadataType,
        uri: str | None = None,
        *,
        flags: NetworkUpdateFlags | Literal[0] = 0,
    ) -> str:
        """The title, the description, or an element of the metadata; since libvirt 9.7.

        Args:
            network: Which network.
            kind: Which of the three.
            uri: The element's namespace.
            flags: Those of the active network, or of its definition.

        Raises:
            NotFound: It has none.
        """
        raise NotImplementedError

    @operation
    async def set_metadata(
        self,
        network: NetworkKey,
        kind: NetworkMetadataType,
        metadata: str | None,
        *,
        key: str | None = None,
        uri: str | None = None,
        flags: NetworkUpdateFlags | Literal[0] = 0,
    ) -> None:
        """Set the title, the description, or an element of the metadata; since libvirt 9.7.

        Args:
            network: Which network.
            kind: Which of the three.
            metadata: The text or the element; None removes it.
            key: The element's namespace prefix.
            uri: The element's namespace.
            flags: What is changed: the active network, its definition, or both.
        """
        raise NotImplementedError
