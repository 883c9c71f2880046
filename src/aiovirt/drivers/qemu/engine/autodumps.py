"""Dumps that a configuration asks for, of guests that have crashed or whose watchdog has bitten.

They lie in the root's ``dump``, each under the domain's name and the time.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import Any, Final

import anyio

from aiovirt.clients.qmp import Event
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import FollowUp, LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.dumps import ELF, Dumping, dump
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.qemujobs import SETTLE_BOUND_S
from aiovirt.drivers.qemu.engine.stop import resume
from aiovirt.errors import AiovirtError
from aiovirt.host.files import make_private_folder
from aiovirt.model.domain import DomainState, StateReason

__all__ = ["AFTER_DUMP", "dump_crashed", "watchdog_bit"]

log = logging.getLogger("aiovirt.qemu")

AFTER_DUMP: Final = {
    FollowUp.DUMP_AND_QUIT: FollowUp.QUIT,
    FollowUp.DUMP_AND_BOOT: FollowUp.BOOT_AGAIN,
}
"""What follows when the dump is there, or could not be made."""

_STAND_BOUND_S: Final = 10.0
"""Seconds that QEMU has to stand still after it has told that the watchdog bit."""


async def dump_crashed(engine: Engine, domain: ManagedDomain) -> None:
    """Dump a guest that stands still; what keeps it from that is logged, and all goes on.

    Cancellation: no file is left.
    """
    folder = engine.root.path / "dump"
    stamp = time.strftime("%Y-%m-%d-%H:%M:%S", time.localtime(engine.now()))
    path = folder / f"{domain.name}-{stamp}"
    try:
        await _none_under_way(domain.monitor())
        make_private_folder(folder)
        await dump(engine, domain, path, Dumping(ELF))
    except AiovirtError as error:
        log.warning("domain %s is not dumped: %s", domain.name, error)
    else:
        log.warning("domain %s was dumped into %s", domain.name, path)


async def _none_under_way(monitor: BoundedMonitor) -> None:
    """Wait for a dump that QEMU is still at though nobody follows it: it refuses two at once."""
    async with monitor.qmp.events("DUMP_COMPLETED") as told:
        found: Any = await monitor.execute("query-dump")
        if found["status"] == "active":
            with anyio.move_on_after(SETTLE_BOUND_S):
                await anext(told, None)


async def watchdog_bit(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, event: Event
) -> None:
    """Dump a guest whose watchdog asks for that, and let it go on."""
    asked = any(each.action == "dump" for each in live.config.devices.watchdogs)
    if not asked or event.data.get("action") != "pause":
        return
    with anyio.move_on_after(_STAND_BOUND_S):
        await domain.until(DomainState.PAUSED)
    if domain.reason is not StateReason.PAUSED_WATCHDOG:
        return  # somebody else has seen to it
    await dump_crashed(engine, domain)
    with suppress(AiovirtError):  # it has ended meanwhile
        await resume(domain)
