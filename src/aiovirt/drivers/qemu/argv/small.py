"""Devices with few settings: random numbers, memory balloon, watchdog, panic notifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import Rng, RngBackend, Watchdog
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import as_json
from aiovirt.drivers.qemu.devices.lookup import model_of

__all__ = ["memballoon", "panics", "rngs", "watchdogs"]

_DEFAULT_PERIOD_MS: Final = 1000
_WATCHDOG_ACTIONS: Final = {
    "reset": "reset",
    "shutdown": "shutdown",
    "poweroff": "poweroff",
    "pause": "pause",
    "none": "none",
    "inject-nmi": "inject-nmi",
    # QEMU pauses, and the driver writes the dump
    "dump": "pause",
}


def rngs(guest: Guest) -> Iterator[str]:
    """Sources of random numbers.

    Raises:
        XMLError: The back end is of a kind that the driver does not have.
    """
    for rng in guest.config.rngs:
        name = f"obj{rng.alias}"
        yield from ("-object", as_json({"id": name, **_rng_source(rng)}))
        period = rng.rate_period or _DEFAULT_PERIOD_MS
        limits = {"max-bytes": rng.rate_bytes, "period": period} if rng.rate_bytes else {}
        yield from ("-device", guest.device(rng, {"rng": name, **limits}))


def _rng_source(rng: Rng) -> dict[str, object]:
    backend = rng.backend
    if backend.model == "builtin":
        return {"qom-type": "rng-builtin"}
    if backend.model == "random":
        path = (backend.path or "").strip() or "/dev/urandom"
        return {"qom-type": "rng-random", "filename": path}
    raise RngBackend.model.error(
        backend,
        f"the QEMU driver has no random numbers from {backend.model!r}",
        expected="random or builtin",
    )


def memballoon(guest: Guest) -> Iterator[str]:
    """The memory balloon."""
    balloon = guest.config.memballoon
    if balloon and model_of(balloon, guest.family).driver:
        props = {
            "deflate-on-oom": balloon.autodeflate,
            "free-page-reporting": balloon.free_page_reporting,
        }
        yield from ("-device", guest.device(balloon, props))


def watchdogs(guest: Guest) -> Iterator[str]:
    """The watchdogs, and what happens when one is not fed.

    Raises:
        XMLError: The action is not known.
    """
    for watchdog in guest.config.devices.watchdogs:
        action = _WATCHDOG_ACTIONS.get(watchdog.action or "reset")
        if action is None:
            known = ", ".join(_WATCHDOG_ACTIONS)
            raise Watchdog.action.error(watchdog, f"no action {watchdog.action!r}", expected=known)
        yield from ("-device", guest.device(watchdog, {}))
        yield from ("-watchdog-action", action)


def panics(guest: Guest) -> Iterator[str]:
    """The devices by which a guest says that it has crashed."""
    for panic in guest.config.devices.panics:
        yield from ("-device", guest.device(panic, {}))
