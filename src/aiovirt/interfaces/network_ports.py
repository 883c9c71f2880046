"""Ports of virtual networks: what a guest's interface is plugged into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import NetworkKey, NetworkPortKey
from aiovirt.model.params import ParamValue, TypedParams

if TYPE_CHECKING:
    from aiovirt.config import NetworkPortConfig
    from aiovirt.model.constants import NetworkPortCreateFlags

__all__ = ["NetworkPorts"]


class NetworkPorts(Ability):
    """Operations on ports; each raises `NotFound` for a network or a port that is not there.

    Whoever runs guests makes a port for each interface, and deletes it when the guest ends.
    """

    @operation
    async def keys(self, network: NetworkKey) -> Sequence[NetworkPortKey]:
        """The ports of a network."""
        raise NotImplementedError

    @operation
    async def find(self, network: NetworkKey, uuid: UUID) -> NetworkPortKey:
        """The port of that UUID."""
        raise NotImplementedError

    @operation
    async def create(
        self,
        network: NetworkKey,
        config: NetworkPortConfig,
        *,
        reclaim: bool = False,
        validate: bool = False,
        flags: NetworkPortCreateFlags | Literal[0] = 0,
    ) -> NetworkPortKey:
        """Make a port.

        Args:
            network: Of which network.
            config: Its configuration.
            reclaim: It was there before the daemon was started anew.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
            InvalidState: The network is not active.
        """
        raise NotImplementedError

    @operation
    async def config(self, port: NetworkPortKey) -> NetworkPortConfig:
        """What the port is."""
        raise NotImplementedError

    @operation
    async def parameters(self, port: NetworkPortKey) -> Mapping[str, ParamValue]:
        """The limits of its bandwidth: ``inbound.average`` and the like, in KiB/s and KiB."""
        raise NotImplementedError

    @operation
    async def set_parameters(self, port: NetworkPortKey, parameters: TypedParams) -> None:
        """Set limits of its bandwidth; see `parameters`."""
        raise NotImplementedError

    @operation
    async def delete(self, port: NetworkPortKey) -> None:
        """Remove the port."""
        raise NotImplementedError
