"""Devices with few settings: random numbers, memory balloon, watchdog, panic notifier."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Final

from aiovirt.config import Rng, RngBackend, Watchdog, element
from aiovirt.config.devices.chardev import CharacterDevice
from aiovirt.drivers.qemu.argv.chardevs import chardev
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.virtio import virtio_props
from aiovirt.drivers.qemu.argv.words import as_json
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.model.addresses import IsaAddress, SpaprVioAddress

__all__ = ["memballoon", "nvram", "panics", "rngs", "watchdogs"]

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
        if rng.backend.model == "egd":
            yield from _daemon(guest, rng)
        yield from ("-object", as_json({"id": name, **_rng_source(rng)}))
        period = rng.rate_period or _DEFAULT_PERIOD_MS
        limits = {"max-bytes": rng.rate_bytes, "period": period} if rng.rate_bytes else {}
        props = {"rng": name, **limits, **virtio_props(rng.driver)}
        yield from ("-device", guest.device(rng, props))


def _daemon(guest: Guest, rng: Rng) -> Iterator[str]:
    """The host's end of a daemon that gathers entropy."""
    backend = deepcopy(element(rng.backend))
    assert backend is not None  # noqa: S101  it has a model
    device = CharacterDevice._wrap_(backend)
    device.alias = rng.alias
    yield from chardev(guest, device)


def _rng_source(rng: Rng) -> dict[str, object]:
    backend = rng.backend
    if backend.model == "builtin":
        return {"qom-type": "rng-builtin"}
    if backend.model == "random":
        path = (backend.path or "").strip() or "/dev/random"
        return {"qom-type": "rng-random", "filename": path}
    if backend.model == "egd":
        return {"qom-type": "rng-egd", "chardev": f"char{rng.alias}"}
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
            **virtio_props(balloon.driver),
        }
        yield from ("-device", guest.device(balloon, props))


def nvram(guest: Guest) -> Iterator[str]:
    """Where the firmware of POWER finds its variables."""
    address = guest.config.devices.nvram.address
    if isinstance(address, SpaprVioAddress) and address.reg is not None:
        yield from ("-global", f"spapr-nvram.reg={address.reg:#x}")


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
        if model_of(panic, guest.family).driver:
            address = panic.address
            port = address.iobase if isinstance(address, IsaAddress) else None
            yield from ("-device", guest.device(panic, {"ioport": port}))
