"""Virtual CPUs: how many, how they are arranged, and what model they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import CPU
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.hostmodel import described
from aiovirt.drivers.qemu.argv.hyperv import hyperv
from aiovirt.drivers.qemu.argv.words import comma_list

__all__ = ["cpu", "processors"]


def processors(guest: Guest) -> Iterator[str]:
    """The number of virtual CPUs and how they are arranged."""
    vcpu = guest.config.vcpu
    most = vcpu.max or 1
    topology = guest.config.cpu.topology
    sizes = {
        "sockets": (topology.sockets or 1) if topology else most,
        "dies": topology.dies,
        "clusters": topology.clusters,
        "cores": topology.cores or 1,
        "threads": topology.threads or 1,
    }
    # QEMU takes these two only where the machine has such a level
    for level in ("dies", "clusters"):
        if sizes[level] in {None, 1}:
            sizes[level] = None
    online = _cold_plugged(guest) or vcpu.current or most
    most_or_none = most if online != most else None
    yield from ("-smp", comma_list(str(online), {"maxcpus": most_or_none, **sizes}))


def _cold_plugged(guest: Guest) -> int:
    """How many there are from the start, where it is said of each; others are plugged in later."""
    said = guest.config.vcpu_states.vcpus
    return sum(bool(each.enabled and not each.hotpluggable) for each in said)


def cpu(guest: Guest) -> Iterator[str]:
    """The CPU model with the features that differ from it.

    Raises:
        XMLError: The mode needs KVM, or the binary has no such model.
    """
    view = guest.config.cpu
    props: dict[str, object] = {}
    # the least that is wanted is met by all that there is
    by_host = view.mode == "host-model" or (view.match == "minimum" and view.mode != "maximum")
    host = described(guest) if by_host else None
    name = _model(guest) if host is None else host.model
    if name is None:
        return
    if host is not None:
        props |= {_feature_name(feature): on for feature, on in host.features.items()}
    if view.mode == "host-passthrough":
        migratable = view.migratable is not False
        props["migratable"] = migratable if guest.config.type == "kvm" else None
    props["vendor"] = view.vendor_id
    props |= _features(guest)
    props |= {**_timers(guest), **hyperv(guest.config), **_kvm(guest), **_caches(guest)}
    yield from ("-cpu", comma_list(name, {**props, **_address_bits(guest)}))


_WANTED: Final = ("force", "require", None)
_UNWANTED: Final = ("disable", "forbid")
# libvirt's names of CPU features that QEMU spells in another way (qemu_capabilities.c)
_FEATURES: Final = {"pclmuldq": "pclmulqdq", "ffxsr": "fxsr-opt", "i64": "lm"}


def _features(guest: Guest) -> dict[str, bool]:
    """What is said of single features; one that QEMU does not know is off anyway."""
    known, found = _known(guest), dict[str, bool]()
    for feature in guest.config.cpu.features:
        word = _feature_name(feature.name or "")
        unknown = bool(known) and word not in known
        if feature.policy in _WANTED or (feature.policy in _UNWANTED and not unknown):
            found[word] = feature.policy in _WANTED
    return found


def _feature_name(name: str) -> str:
    return _FEATURES.get(name, name.replace("_", "-"))


def _known(guest: Guest) -> frozenset[str]:
    """What QEMU can switch on and off; empty where it does not tell."""
    offer = guest.binary.offers.get(guest.config.type or "")
    return frozenset() if offer is None else offer.names(offer.known)


def _model(guest: Guest) -> str | None:
    """What ``-cpu`` takes; a host's model is the host itself under KVM, else all QEMU has."""
    view, kvm = guest.config.cpu, guest.config.type == "kvm"
    if view.mode == "host-passthrough" and not kvm:
        raise CPU.mode.error(view, "the host's CPU is there only under KVM", expected="maximum")
    if view.mode in {"host-passthrough", "host-model"}:
        return "host" if kvm else "max"
    if view.mode == "maximum":
        return "max"
    name = view.model
    if name is not None and name not in {model.name for model in guest.binary.cpu_models}:
        raise CPU.model.error(view, f"{guest.binary.path} has no CPU model {name!r}")
    return name


def _caches(guest: Guest) -> dict[str, object]:
    """The caches that the guest sees: the host's, QEMU's own, or none."""
    view = guest.config.cpu
    off = False if view.mode in {"host-passthrough", "maximum"} else None
    modes: dict[str, dict[str, object]] = {
        "emulate": {"host-cache-info": off, "l3-cache": True},
        "passthrough": {"host-cache-info": True, "l3-cache": False},
        "disable": {"host-cache-info": off, "l3-cache": False},
    }
    return modes.get(view.cache_mode or "", {})


def _address_bits(guest: Guest) -> dict[str, object]:
    view = guest.config.cpu
    mode, bits = view.maxphysaddr_mode, view.maxphysaddr_bits
    return {
        "host-phys-bits": True if mode == "passthrough" else None,
        "host-phys-bits-limit": bits if mode == "passthrough" else None,
        "phys-bits": bits if mode == "emulate" else None,
    }


_ADJUSTING: Final = {"delay": False, "discard": True}


def _timers(guest: Guest) -> dict[str, object]:
    timers = {timer.name: timer for timer in guest.config.clock.timers}
    clock, tsc, arm = (timers.get(name) for name in ("kvmclock", "tsc", "armvtimer"))
    hyper = timers.get("hypervclock")
    return {
        "kvmclock": clock.present if clock else None,
        "hv-time": True if hyper and hyper.present else None,
        "tsc-frequency": tsc.frequency if tsc else None,
        "kvm-no-adjvtime": _ADJUSTING.get(arm.tickpolicy or "") if arm else None,
    }


def _kvm(guest: Guest) -> dict[str, object]:
    features = guest.config.features
    hidden = features.kvm
    return {
        "kvm": False if hidden.hidden else None,
        "kvm-hint-dedicated": True if hidden.hint_dedicated else None,
        "kvm-poll-control": True if hidden.poll_control else None,
        "kvm-pv-ipi": False if hidden.pv_ipi is False else None,
        "kvm-pv-eoi": features.apic_eoi,
        "kvm-pv-unhalt": features.pvspinlock,
        "pmu": features.pmu,
    }
