"""Guests that were on their way when the process that moved them ended: the next one's business.

One that was awaited is ended where it is found; see `engine.adopt`.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain, MovePhase
from aiovirt.drivers.qemu.migration.bitmaps import clear_merged
from aiovirt.drivers.qemu.migration.encryption import drop_credentials
from aiovirt.drivers.qemu.migration.parameters import End, Wishes, capabilities
from aiovirt.drivers.qemu.migration.source import Source, go_back
from aiovirt.drivers.qemu.migration.storage import clean_mirrors
from aiovirt.drivers.qemu.migration.watching import given_up, is_over_there, known_capabilities
from aiovirt.errors import AiovirtError, InvalidState

__all__ = ["recover_all"]

log = logging.getLogger("aiovirt.qemu")


def recover_all(engine: Engine, source: Source) -> None:
    """Let all guests go on whose move was broken off; in the driver's background."""
    for domain in engine.registry:
        live = domain.live
        if live is None:
            continue
        if live.move in {MovePhase.LEAVING, MovePhase.SWITCHING}:
            domain.changes.close("its move to another host is being given up")
            engine.tasks.start_soon(_recover, engine, source, domain, live)
        elif domain.runs_elsewhere:
            domain.changes.close("it runs at its destination")
            source.follow(domain, live, orphaned=True)
        elif live.move is MovePhase.LEFT:
            words = "domain %s stands still: whether it runs at its destination is not known here"
            log.warning(words, domain.name)


async def _recover(engine: Engine, source: Source, domain: ManagedDomain, live: LiveDomain) -> None:
    """Give a move up that nobody follows any more, and let the guest go on.

    One whose post-copy had begun goes on nowhere but at its destination: that is followed.
    """
    status = await given_up(live)
    if status is None:
        return  # it has ended
    if is_over_there(live, status):
        source.follow(domain, live, orphaned=True)
        with suppress(AiovirtError):  # the next process asks QEMU again
            await engine.save_status(domain, live)
        return
    try:
        await _clear(domain, live)
    except InvalidState:
        return  # it has ended
    except AiovirtError as error:
        log.warning("the move of domain %s: %s", domain.name, error)
    await go_back(engine, domain, live)
    log.info("domain %s goes on here: its move was broken off", domain.name)


async def _clear(domain: ManagedDomain, live: LiveDomain) -> None:
    """Take from QEMU what the move needed."""
    monitor = domain.monitor()
    await clean_mirrors(monitor, live.config.disks)
    await clear_merged(monitor)
    await drop_credentials(monitor)
    states = capabilities(Wishes(), End.SOURCE, await known_capabilities(monitor))
    plain = [{**row, "state": False} for row in states]
    with suppress(AiovirtError):
        await monitor.execute("migrate-set-capabilities", {"capabilities": plain})
