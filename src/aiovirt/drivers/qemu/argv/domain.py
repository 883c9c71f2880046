"""The machine itself: type, accelerator, CPU, memory, topology, clock, firmware, boot.

Knows no devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from aiovirt.config import Clock, OperatingSystem, element
from aiovirt.drivers.qemu.argv.firmware import flash_nodes
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.memory import backend_id
from aiovirt.drivers.qemu.argv.words import comma_list
from aiovirt.drivers.qemu.binaries.capabilities import Feature

__all__ = ["after_devices", "boot", "clock", "identity", "machine", "monitor"]

_SANDBOX: Final = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


def identity(guest: Guest) -> Iterator[str]:
    """Name, start in pause, sandbox, UUID, and nothing that was not asked for."""
    config = guest.config
    yield from ("-name", comma_list(None, {"guest": config.name, "debug-threads": True}))
    yield from ("-S", "-nodefaults", "-no-user-config")
    if guest.binary.has(Feature.SANDBOX):
        yield from ("-sandbox", _SANDBOX)
    if config.uuid is not None:
        yield from ("-uuid", str(config.uuid))


def monitor(guest: Guest) -> Iterator[str]:
    """QMP over a socket that was opened beforehand, so that nobody has to wait for a path."""
    fd = guest.resources.monitor
    socket = {"id": "charmonitor", "fd": fd, "server": True, "wait": False}
    yield from ("-chardev", comma_list("socket", socket))
    yield from ("-mon", "chardev=charmonitor,id=monitor,mode=control")


def machine(guest: Guest) -> Iterator[str]:
    """The machine type with its switches, and the accelerator."""
    config = guest.config
    features = config.features
    on_x86 = guest.family.arches[0] == "x86_64"
    flash = flash_nodes(config)
    props: dict[str, object] = {
        "usb": False,
        "dump-guest-core": False,
        "mem-merge": False if config.memory_backing.nosharepages else None,
        "acpi": None if features.acpi else False,
        "smm": features.smm if on_x86 else None,
        "vmport": features.vmport if guest.family.ps2 else None,
        "hpet": _hpet(guest),
        "gic-version": None if on_x86 else (features.gic_version or _gic(guest)),
        "pflash0": flash[0] if flash else None,
        "pflash1": flash[1] if len(flash) > 1 else None,
        "memory-backend": backend_id(guest),
    }
    yield from ("-machine", comma_list(config.os.machine, props))
    yield from ("-accel", "kvm" if config.type == "kvm" else "tcg")


def _hpet(guest: Guest) -> bool | None:
    timer = next((t for t in guest.config.clock.timers if t.name == "hpet"), None)
    return timer.present if timer and guest.family.ps2 else None


def _gic(guest: Guest) -> object:
    """The version every guest can use under TCG; under KVM it is the host's."""
    if guest.config.type == "kvm":
        return "host"
    return guest.binary.gic_versions[0] if guest.binary.gic_versions else None


def clock(guest: Guest) -> Iterator[str]:
    """What the clock starts from, and what becomes of ticks the guest missed.

    Raises:
        XMLError: The driver cannot set the clock like this.
    """
    config = guest.config
    timers = {timer.name: timer for timer in config.clock.timers}
    rtc = timers.get("rtc")
    catch_up = rtc is not None and rtc.tickpolicy == "catchup"
    slew = "slew" if catch_up and guest.family.s3 else None
    yield from ("-rtc", comma_list(None, {"base": _clock_base(config.clock), "driftfix": slew}))
    pit = timers.get("pit")
    if pit is not None and pit.tickpolicy in _PIT_POLICIES and config.type == "kvm":
        yield from ("-global", f"kvm-pit.lost_tick_policy={pit.tickpolicy}")


_PIT_POLICIES: Final = ("delay", "discard")


def _clock_base(clock: Clock) -> str:
    offset = clock.offset
    if offset in {"utc", "localtime"} and clock.adjustment in {None, "0", "reset"}:
        return offset or "utc"
    if offset == "variable" and clock.adjustment in {None, "0"}:
        return clock.basis or "utc"
    if offset == "absolute" and clock.start is not None:
        return datetime.fromtimestamp(clock.start, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    raise Clock.offset.error(
        clock,
        f"the QEMU driver cannot start a clock from {offset!r} with an adjustment",
        expected="utc, localtime, or absolute with a start",
    )


def boot(guest: Guest) -> Iterator[str]:
    """Boot options, kernel, suspend states, and what a shutdown or reboot of the guest does.

    QEMU stays when the guest is off, so that its end is seen and not guessed.
    """
    config = guest.config
    yield "-no-shutdown"
    if config.on_reboot == "destroy":
        yield from (
            ("-action", "reboot=shutdown") if guest.binary.has(Feature.ACTION) else ("-no-reboot",)
        )
    yield from _suspend(guest)
    system = config.os
    timeout = system.boot_menu_timeout if system.boot_menu else None
    options = {
        "menu": system.boot_menu,
        "splash-time": timeout,
        "reboot-timeout": system.reboot_timeout,
        "strict": True,
    }
    yield from ("-boot", comma_list(None, options))
    yield from _kernel(system)


def _kernel(system: OperatingSystem) -> Iterator[str]:
    if system.kernel:
        yield from ("-kernel", system.kernel)
        if system.initrd:
            yield from ("-initrd", system.initrd)
        if system.cmdline:
            yield from ("-append", system.cmdline)
    elif system.initrd or system.cmdline:
        raise OperatingSystem.kernel.error(system, "an initrd or a command line needs a kernel")
    if system.dtb:
        yield from ("-dtb", system.dtb)


def _suspend(guest: Guest) -> Iterator[str]:
    """``<pm>``, which has no view yet: whether the guest may suspend to memory and to disk."""
    node = element(guest.config)
    for state, prop in (("mem", "disable_s3"), ("disk", "disable_s4")):
        found = None if node is None else node.find(f"pm/suspend-to-{state}")
        enabled = None if found is None else found.get("enabled")
        if enabled is not None and guest.family.s3:
            yield from ("-global", f"{guest.family.s3}.{prop}={int(enabled == 'no')}")


def after_devices(guest: Guest) -> Iterator[str]:
    """Time stamps in the log, locked memory, and what the user hands to QEMU himself."""
    locked = guest.config.memory_backing.locked
    yield from ("-overcommit", comma_list(None, {"mem-lock": locked}))
    yield from ("-msg", "timestamp=on")
    yield from guest.config.qemu_commandline.args
