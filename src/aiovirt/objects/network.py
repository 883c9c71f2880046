"""A virtual network and its ports, as their user holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import UUID

from aiovirt import interfaces
from aiovirt.config import NetworkConfig, NetworkPortConfig
from aiovirt.errors import CallerError
from aiovirt.model.keys import NetworkKey, NetworkPortKey
from aiovirt.model.network import DhcpLease, NetworkRecord
from aiovirt.model.params import ParamValue, TypedParams
from aiovirt.objects._handle import Handle, NamedHandle
from aiovirt.objects._transfers import parsed

if TYPE_CHECKING:
    from aiovirt.model.constants import NetworkMetadataType, NetworkUpdateFlags

__all__ = ["Network", "NetworkPort", "UpdateCommand"]

UpdateCommand: TypeAlias = Literal["add", "add-first", "add-last", "modify", "delete"]

_COMMANDS: Mapping[str, str] = {
    "add": "ADD_LAST",
    "add-first": "ADD_FIRST",
    "add-last": "ADD_LAST",
    "modify": "MODIFY",
    "delete": "DELETE",
}


class NetworkPort(Handle[NetworkPortKey]):
    """One port of a network; every verb raises `NotFound` when it is gone."""

    @property
    def uuid(self) -> UUID:
        """The UUID."""
        return self.key.uuid

    def __repr__(self) -> str:
        return f"<NetworkPort {self.uuid} of {self.key.network.name!r}>"

    @property
    def _ports(self) -> interfaces.NetworkPorts:
        return self._driver.ability(interfaces.NetworkPorts)

    async def config(self) -> NetworkPortConfig:
        """What it is."""
        return await self._ports.config(self.key)

    async def xml(self) -> str:
        """What it is, as XML."""
        return (await self.config()).to_xml()

    async def parameters(self) -> Mapping[str, ParamValue]:
        """The limits of its bandwidth: ``inbound.average`` and the like, in KiB/s and KiB."""
        return await self._ports.parameters(self.key)

    async def set_parameters(self, parameters: TypedParams) -> None:
        """Set limits of its bandwidth; see `parameters`."""
        await self._ports.set_parameters(self.key, parameters)

    async def delete(self) -> None:
        """Remove it."""
        await self._ports.delete(self.key)


class Network(NamedHandle[NetworkKey]):
    """One network of a host: thin, cheap, and valid as long as its connection is open.

    Every verb raises `NotFound` when the network is gone, `InvalidState` when it must be active
    and is not (or the reverse), and `Unsupported` when the host has no such operation.
    """

    @property
    def _networks(self) -> interfaces.Networks:
        return self._driver.ability(interfaces.Networks)

    @property
    def _ports(self) -> interfaces.NetworkPorts:
        return self._driver.ability(interfaces.NetworkPorts)

    # --- life cycle ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Start it.

        Raises:
            HostError: Its bridge or its addresses are in use.
        """
        await self._networks.start(self.key)

    async def destroy(self) -> None:
        """Stop it; guests that are plugged into it lose it."""
        await self._networks.destroy(self.key)

    async def undefine(self) -> None:
        """Remove its definition; an active one stays until it stops."""
        await self._networks.undefine(self.key)

    async def set_autostart(self, *, autostart: bool = True) -> None:
        """Let it start with the daemon, or not."""
        await self._networks.set_autostart(self.key, autostart=autostart)

    # --- what it is ---------------------------------------------------------------------------

    async def config(self, *, inactive: bool = False) -> NetworkConfig:
        """A copy of the live configuration if it is active, else of the inactive one.

        Args:
            inactive: The inactive one even if it is active.
        """
        return await self._networks.config(self.key, inactive=inactive)

    async def xml(self, *, inactive: bool = False) -> str:
        """The configuration as XML; arguments as `config`."""
        return (await self.config(inactive=inactive)).to_xml()

    async def record(self) -> NetworkRecord:
        """Whether it is active, has a definition, and starts with the daemon."""
        return await self._networks.record(self.key)

    async def is_active(self) -> bool:
        """Whether it runs."""
        return await self._networks.is_active(self.key)

    async def is_persistent(self) -> bool:
        """Whether it has a definition."""
        return await self._networks.is_persistent(self.key)

    async def autostart(self) -> bool:
        """Whether it starts with the daemon."""
        return await self._networks.autostart(self.key)

    async def bridge_name(self) -> str:
        """The name of its bridge on the host.

        Raises:
            AiovirtError: It has none.
        """
        return await self._networks.bridge_name(self.key)

    async def leases(self, *, mac: str | None = None) -> Sequence[DhcpLease]:
        """The addresses that its DHCP server has given away, or those of one MAC address."""
        return await self._networks.leases(self.key, mac=mac)

    # --- its parts ----------------------------------------------------------------------------

    async def update(
        self,
        command: UpdateCommand,
        section: str,
        xml: str,
        *,
        parent_index: int = -1,
        live: bool = False,
        persistent: bool = False,
    ) -> None:
        """Change one part of it, also while it is active.

            await network.update("add", "ip-dhcp-host", "<host mac=… ip=…/>", live=True)

        Args:
            command: Whether the part is added, modified or deleted.
            section: What kind of part it is: ``bridge``, ``domain``, ``ip``, ``ip-dhcp-host``,
                ``ip-dhcp-range``, ``forward``, ``forward-interface``, ``forward-pf``,
                ``portgroup``, ``dns-host``, ``dns-txt`` or ``dns-srv``.
            xml: The part.
            parent_index: Which of several parents it is in, counted from 0; -1 finds it.
            live: Change the active network.
            persistent: Change the definition. With neither, what there is of the two is changed.

        Raises:
            CallerError: There is no such command or section.
            ConfigError: The part is wrong, or cannot be changed so.
        """
        constants = import_module("aiovirt.model.constants")
        commands, sections = constants.NetworkUpdateCommand, constants.NetworkUpdateSection
        word = section.upper().replace("-", "_")
        if command not in _COMMANDS:
            raise CallerError(f"{command!r} is none of {', '.join(_COMMANDS)}")
        if word not in sections.__members__:
            known = (each.name.lower().replace("_", "-") for each in sections if each)
            raise CallerError(f"{section!r} is none of {', '.join(known)}")
        await self._networks.update(
            self.key,
            commands[_COMMANDS[command]],
            sections[word],
            xml,
            parent_index=parent_index,
            flags=_impact(live=live, persistent=persistent),
        )

    async def ports(self) -> Sequence[NetworkPort]:
        """Its ports, sorted by UUID."""
        keys = await self._ports.keys(self.key)
        return [NetworkPort(self._driver, key) for key in sorted(keys, key=lambda key: key.uuid)]

    async def port(self, uuid: UUID) -> NetworkPort:
        """The port of that UUID.

        Raises:
            NotFound: There is none.
        """
        return NetworkPort(self._driver, await self._ports.find(self.key, uuid))

    async def create_port(
        self, config: NetworkPortConfig | str | bytes, *, validate: bool = False
    ) -> NetworkPort:
        """Make a port; for whoever runs guests.

        Args:
            config: A configuration, or its XML.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
        """
        given = parsed(NetworkPortConfig, config)
        key = await self._ports.create(self.key, given, validate=validate)
        return NetworkPort(self._driver, key)

    # --- title, description, metadata: since libvirt 9.7 ----------------------------------------

    async def title(self, *, live: bool = False, persistent: bool = False) -> str:
        """Its title; of the active network, or of the definition.

        Raises:
            NotFound: It has none.
        """
        return await self._metadata("TITLE", None, live=live, persistent=persistent)

    async def description(self, *, live: bool = False, persistent: bool = False) -> str:
        """Its description; of the active network, or of the definition.

        Raises:
            NotFound: It has none.
        """
        return await self._metadata("DESCRIPTION", None, live=live, persistent=persistent)

    async def metadata(self, uri: str, *, live: bool = False, persistent: bool = False) -> str:
        """The element of a namespace in its metadata, as XML.

        Raises:
            NotFound: There is none.
        """
        return await self._metadata("ELEMENT", uri, live=live, persistent=persistent)

    async def set_title(
        self, title: str | None, *, live: bool = False, persistent: bool = False
    ) -> None:
        """Set its title; None removes it."""
        await self._networks.set_metadata(
            self.key,
            _metadata_kind("TITLE"),
            title,
            flags=_impact(live=live, persistent=persistent),
        )

    async def set_description(
        self, description: str | None, *, live: bool = False, persistent: bool = False
    ) -> None:
        """Set its description; None removes it."""
        await self._networks.set_metadata(
            self.key,
            _metadata_kind("DESCRIPTION"),
            description,
            flags=_impact(live=live, persistent=persistent),
        )

    async def set_metadata(
        self,
        uri: str,
        xml: str | None,
        *,
        key: str | None = None,
        live: bool = False,
        persistent: bool = False,
    ) -> None:
        """Set the element of a namespace in its metadata.

        Args:
            uri: The namespace.
            xml: The element; None removes it.
            key: The namespace's prefix.
            live: Of the active network.
            persistent: Of the definition.
        """
        await self._networks.set_metadata(
            self.key,
            _metadata_kind("ELEMENT"),
            xml,
            key=key,
            uri=uri,
            flags=_impact(live=live, persistent=persistent),
        )

    async def _metadata(self, kind: str, uri: str | None, *, live: bool, persistent: bool) -> str:
        flags = _impact(live=live, persistent=persistent)
        return await self._networks.metadata(self.key, _metadata_kind(kind), uri, flags=flags)


def _metadata_kind(word: str) -> NetworkMetadataType:
    kinds: type[NetworkMetadataType] = import_module("aiovirt.model.constants").NetworkMetadataType
    return kinds[word]


def _impact(*, live: bool, persistent: bool) -> NetworkUpdateFlags:
    """libvirt's flags for what is changed."""
    flags: type[NetworkUpdateFlags] = import_module("aiovirt.model.constants").NetworkUpdateFlags
    return (flags.AFFECT_LIVE if live else flags(0)) | (
        flags.AFFECT_CONFIG if persistent else flags(0)
    )
