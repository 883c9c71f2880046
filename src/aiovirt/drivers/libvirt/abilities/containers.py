"""Namespaces of containers, by descriptors that come with a reply."""

from __future__ import annotations

from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import Containers
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.tables import lxc as p

__all__ = ["LibvirtContainers"]


class LibvirtContainers(LibvirtAbility, Containers):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def open_namespaces(self, domain: DomainKey) -> tuple[int, ...]:
        """See `Containers.open_namespaces`."""
        client = await self._link.client()
        args = p.DomainOpenNamespaceArgs(DOMAIN.send(domain), 0)
        _, received = await client.call_with_descriptors(p.DOMAIN_OPEN_NAMESPACE, args, ())
        return received
