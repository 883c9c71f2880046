"""Pictures of a domain's screen."""

from __future__ import annotations

import anyio
from anyio import to_thread

from aiovirt.bindings.values import DOMAIN
from aiovirt.clients.libvirt import ClientStream
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import LimitExceeded, ProtocolError
from aiovirt.host.images import png_of_ppm
from aiovirt.interfaces import Screen
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.tables import domain_devices as p

__all__ = ["LARGEST", "LibvirtScreen"]

LARGEST = 256 * 1024 * 1024
"""The most bytes of a picture that are taken: more than any display has."""

PNG = "image/png"
PPM = "image/x-portable-pixmap"


class LibvirtScreen(LibvirtAbility, Screen):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def screenshot(self, domain: DomainKey, *, screen: int = 0) -> bytes:
        """See `Screen.screenshot`; the daemon says by a MIME type what it sends."""
        args = p.DomainScreenshotArgs(DOMAIN.send(domain), screen, 0)
        client = await self._link.client()
        async with client.stream(p.DOMAIN_SCREENSHOT, args) as (reply, stream):
            picture = await _all(stream)
            await stream.finish()
        if reply.mime == PNG or picture.startswith(b"\x89PNG"):
            return picture
        if reply.mime in {PPM, None}:
            return await to_thread.run_sync(png_of_ppm, picture)
        raise ProtocolError(f"the daemon sent a picture of the unknown kind {reply.mime}")


async def _all(stream: ClientStream) -> bytes:
    """Everything up to the end of a stream."""
    data = bytearray()
    try:
        while len(data) <= LARGEST:
            piece = await stream.receive()
            data += piece if isinstance(piece, bytes) else bytes(piece.length)
    except anyio.EndOfStream:
        return bytes(data)
    raise LimitExceeded(f"the picture is longer than {LARGEST} bytes", limit=LARGEST)
