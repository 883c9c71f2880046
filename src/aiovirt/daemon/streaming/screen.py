"""Pictures of screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiovirt.bindings.values import DOMAIN
from aiovirt.daemon.service.handler import StreamHandler
from aiovirt.daemon.streaming.serving import Opening, served
from aiovirt.interfaces import Screen, refuse_flags
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import domain_devices as p

__all__ = ["HANDLERS"]

PNG = "image/png"


async def _screenshot(opening: Opening, args: p.DomainScreenshotArgs) -> None:
    ability = opening.ability(Screen)
    refuse_flags(ability.driver_name, "screenshot", args.flags)
    picture = await ability.screenshot(DOMAIN.read(args.dom), screen=args.screen)
    stream = opening.open(p.DomainScreenshotRet(PNG), incoming=False)
    with stream.while_wanted(after_s=0):
        await stream.send(picture)
        stream.send_end()
        await stream.wait_end()


HANDLERS: Mapping[Procedure[Any, Any], StreamHandler] = {
    p.DOMAIN_SCREENSHOT: served(p.DOMAIN_SCREENSHOT, _screenshot),
}
"""What answers the procedure about screens."""
