"""Sockets of a domain's displays, by descriptors that travel with a call."""

from __future__ import annotations

import os
from socket import AF_UNIX, SOCK_STREAM, socket, socketpair

from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import ProtocolError, Unsupported
from aiovirt.interfaces import Displays
from aiovirt.model.constants import DomainOpenGraphicsFlags
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.tables import domain_devices as p

__all__ = ["LibvirtDisplays"]


class LibvirtDisplays(LibvirtAbility, Displays):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def open_graphics(
        self, domain: DomainKey, *, index: int = 0, skip_auth: bool = False
    ) -> socket:
        """See `Displays.open_graphics`; an old daemon is sent one end of a pair."""
        made = await self._receive(domain, index, skip_auth=skip_auth)
        if made is not None:
            return made
        ours, theirs = socketpair(AF_UNIX, SOCK_STREAM)
        with theirs:
            try:
                await self.attach_graphics(
                    domain, theirs.fileno(), index=index, skip_auth=skip_auth
                )
            except BaseException:
                ours.close()
                raise
        return ours

    async def attach_graphics(
        self, domain: DomainKey, descriptor: int, *, index: int = 0, skip_auth: bool = False
    ) -> None:
        """See `Displays.attach_graphics`."""
        args = p.DomainOpenGraphicsArgs(DOMAIN.send(domain), index, _flags(skip_auth=skip_auth))
        client = await self._link.client()
        _, received = await client.call_with_descriptors(p.DOMAIN_OPEN_GRAPHICS, args, [descriptor])
        _close(received)

    async def _receive(self, domain: DomainKey, index: int, *, skip_auth: bool) -> socket | None:
        """The socket that the daemon made, or None when it is older than this way."""
        args = p.DomainOpenGraphicsFdArgs(DOMAIN.send(domain), index, _flags(skip_auth=skip_auth))
        client = await self._link.client()
        try:
            _, received = await client.call_with_descriptors(p.DOMAIN_OPEN_GRAPHICS_FD, args, ())
        except Unsupported as error:
            if "older" in str(error):
                return None
            raise
        if len(received) != 1:
            _close(received)
            raise ProtocolError(f"the daemon sent {len(received)} descriptors instead of one")
        return socket(fileno=received[0])


def _flags(*, skip_auth: bool) -> int:
    return DomainOpenGraphicsFlags.SKIPAUTH if skip_auth else 0


def _close(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
