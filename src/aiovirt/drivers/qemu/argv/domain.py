"""The machine itself: type, accelerator, CPU, memory, topology, clock, firmware, boot.

Knows no devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from aiovirt.config import BootDevice, Clock, DomainConfig, OperatingSystem
from aiovirt.drivers.qemu.argv.firmware import flash_nodes
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.iommu import machine_iommu
from aiovirt.drivers.qemu.argv.memory import backend_id, hmat_is_wanted
from aiovirt.drivers.qemu.argv.modules import enclaves, has_nvdimm
from aiovirt.drivers.qemu.argv.security import LAUNCH
from aiovirt.drivers.qemu.argv.words import as_json, comma_list
from aiovirt.drivers.qemu.binaries.capabilities import Feature

__all__ = ["after_devices", "boot", "clock", "deprecation", "identity", "machine", "monitor"]

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
    flash = flash_nodes(config)
    props: dict[str, object] = {
        "usb": False,
        "dump-guest-core": bool(config.memory_dump_core),
        "kernel_irqchip": _IRQCHIPS.get(config.features.ioapic_driver or ""),
        "confidential-guest-support": LAUNCH if config.launch_security else None,
        "mem-merge": False if config.memory_backing.nosharepages else None,
        **_of_family(guest),
        "pflash0": flash[0] if flash else None,
        "pflash1": flash[1] if len(flash) > 1 else None,
        "memory-backend": backend_id(guest),
        "nvdimm": True if has_nvdimm(guest) else None,
        **enclaves(guest),
        "iommu": machine_iommu(guest),
        "hmat": True if hmat_is_wanted(config) else None,
        **{f"{cipher.name}-key-wrap": cipher.state for cipher in config.keywrap.ciphers},
        "loadparm": _loadparm(guest),
    }
    yield from ("-machine", comma_list(config.os.machine, props))
    yield from ("-accel", _accelerator(guest))


def _of_family(guest: Guest) -> dict[str, object]:
    """What machines of one architecture or kind have, and others do not know."""
    family, features = guest.family, guest.config.features
    on_x86, on_arm = (family.arches[0] == arch for arch in ("x86_64", "aarch64"))
    return {
        "acpi": False if family.acpi and not features.acpi else None,
        "smm": features.smm if on_x86 else None,
        "vmport": features.vmport if family.ps2 else None,
        "hpet": _hpet(guest),
        "gic-version": (features.gic_version or _gic(guest)) if on_arm else None,
        **(_of_power(guest.config) if family.name == "pseries" else {}),
    }


def _of_power(config: DomainConfig) -> dict[str, object]:
    """What only POWER has; where nothing is said of it, nothing is.

    The host's own CPU can be as old a one as the guest wants.
    """
    features, cpu = config.features, config.cpu
    page = features.hpt_maxpagesize
    return {
        "max-cpu-compat": cpu.model if cpu.mode == "host-model" else None,
        "resize-hpt": features.hpt_resizing,
        "cap-hpt-max-page-size": None if page is None else f"{int(page) // 1024}k",
        "cap-htm": features.htm,
        "cap-nested-hv": features.nested_hv,
        "cap-ccf-assist": features.ccf_assist,
        "cap-cfpc": features.cfpc,
        "cap-sbbc": features.sbbc,
        "cap-ibs": features.ibs,
    }


def _loadparm(guest: Guest) -> str | None:
    """What the boot loader of S/390 is told: it stands with the first device that has it."""
    bootable = (d for d in guest.config.devices.all() if isinstance(d, BootDevice))
    said = (device for device in bootable if device.loadparm)
    first = min(said, key=lambda device: device.boot_order or 0, default=None)
    word = first.loadparm if first is not None else None
    return None if word is None else word.upper()  # it has no lower case


_IRQCHIPS: Final = {"qemu": "split", "kvm": "on"}


def _accelerator(guest: Guest) -> str:
    features = guest.config.features
    if guest.config.type == "kvm":
        ring = features.kvm
        return comma_list(
            "kvm", {"dirty-ring-size": ring.dirty_ring_size if ring.dirty_ring else None}
        )
    room = features.tcg_tb_cache
    return comma_list("tcg", {"tb-size": None if room is None else int(room) // 1024**2})


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
    options = {
        "base": _clock_base(guest, config.clock),
        "clock": _TRACKS.get(rtc.track or "") if rtc is not None else None,
        "driftfix": "slew" if catch_up and guest.family.s3 else None,
    }
    yield from ("-rtc", comma_list(None, options))
    pit = timers.get("pit")
    if pit is not None and pit.tickpolicy in _PIT_POLICIES and guest.family.s3:
        yield from ("-global", f"kvm-pit.lost_tick_policy={pit.tickpolicy}")


_TRACKS: Final = {"guest": "vm", "wall": "host", "boot": "rt", "realtime": "rt"}
_PIT_POLICIES: Final = ("delay", "discard")


def _clock_base(guest: Guest, clock: Clock) -> str:
    """A clock that is not the host's is set once; the zone of one is in QEMU's environment."""
    offset, adjustment = clock.offset, clock.adjustment
    if offset == "timezone":
        return "localtime"
    if offset == "absolute" and clock.start is not None:
        return _time(clock.start)
    basis = offset if offset in {"utc", "localtime"} else clock.basis or "utc"
    if offset not in {"utc", "localtime", "variable"}:
        raise Clock.offset.error(
            clock,
            f"the QEMU driver cannot start a clock from {offset!r}",
            expected="utc, localtime, timezone, variable, or absolute with a start",
        )
    if adjustment in {None, "0", "reset"}:
        return basis
    now = guest.resources.now + int(adjustment or 0)
    if basis == "localtime":
        zone = datetime.fromtimestamp(now, UTC).astimezone().utcoffset()
        now += zone.total_seconds() if zone else 0
    return _time(now)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


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
    for table in system.acpi_tables:
        options = {"sig": (table.type or "").upper(), "file": (table.path or "").strip()}
        yield from ("-acpitable", comma_list(None, options))


def _suspend(guest: Guest) -> Iterator[str]:
    """Whether the guest may suspend to memory and to disk."""
    pm = guest.config.pm
    states = {"disable_s3": pm.suspend_to_mem, "disable_s4": pm.suspend_to_disk}
    for prop, enabled in states.items():
        if enabled is not None and guest.family.s3:
            yield from ("-global", f"{guest.family.s3}.{prop}={int(not enabled)}")


_BEHAVIOURS: Final[dict[str, dict[str, object]]] = {
    "omit": {"deprecated-output": "hide"},
    "reject": {"deprecated-output": "hide", "deprecated-input": "reject"},
    "crash": {"deprecated-output": "hide", "deprecated-input": "crash"},
}


def deprecation(guest: Guest) -> Iterator[str]:
    """What QEMU does with what it will not have for long."""
    behaviour = _BEHAVIOURS.get(guest.config.qemu_deprecation or "")
    if behaviour is not None:
        yield from ("-compat", as_json(behaviour))


def after_devices(guest: Guest) -> Iterator[str]:
    """Time stamps in the log, locked memory, and what the user hands to QEMU himself."""
    locked = guest.config.memory_backing.locked
    yield from ("-overcommit", comma_list(None, {"mem-lock": locked}))
    yield from ("-msg", "timestamp=on")
    yield from guest.config.qemu_commandline.args
