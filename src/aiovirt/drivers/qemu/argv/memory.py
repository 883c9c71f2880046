"""Memory, virtual CPUs and their topology, the CPU model, NUMA cells, I/O threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import CPU, DomainConfig, MemoryBacking, NumaCell
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import as_json, comma_list
from aiovirt.model.units import Bytes

__all__ = ["backend_id", "cpu", "memory", "processors"]

_KIB: Final = 1024


def memory(guest: Guest) -> Iterator[str]:
    """The size of the memory, and what backs it where the domain says so."""
    config = guest.config
    size, limit = config.memory or Bytes(0), config.max_memory
    options = {
        "size": _kib(size),
        "slots": config.max_memory_slots,
        "maxmem": _kib(limit) if limit else None,
    }
    yield from ("-m", comma_list(None, options))
    backend = backend_id(guest)
    if backend is not None:
        yield from ("-object", _backend(config.memory_backing, backend, size))
    for cell in config.cpu.numa:
        yield from _cell(config, cell)
    for number in range(1, (config.iothreads or 0) + 1):
        yield from ("-object", as_json({"qom-type": "iothread", "id": f"iothread{number}"}))


def _kib(size: int) -> str:
    return f"{-(-size // _KIB)}k"


def backend_id(guest: Guest) -> str | None:
    """The id of the memory backend, or None when QEMU's own will do."""
    backing = guest.config.memory_backing
    wanted = backing.hugepages or backing.source or backing.access or backing.allocation
    if not wanted or len(guest.config.cpu.numa):
        return None
    machine = guest.binary.machine(guest.config.os.machine or "")
    return machine.ram_id if machine else None


def _backend(backing: MemoryBacking, name: str, size: int) -> str:
    if backing.source == "file":
        raise MemoryBacking.source.error(
            backing, "the QEMU driver keeps no memory in files", expected="memfd or anonymous"
        )
    # huge pages and sharing need a descriptor behind the memory
    memfd = backing.hugepages or backing.source == "memfd" or backing.access == "shared"
    return as_json(
        {
            "qom-type": "memory-backend-memfd" if memfd else "memory-backend-ram",
            "id": name,
            "size": int(size),
            "share": backing.access == "shared" if memfd else None,
            "hugetlb": True if backing.hugepages else None,
            "hugetlbsize": backing.hugepage_size if backing.hugepages else None,
            "prealloc": True if backing.allocation == "immediate" or backing.hugepages else None,
        }
    )


def _cell(config: DomainConfig, cell: NumaCell) -> Iterator[str]:
    number = cell.id or 0
    name = f"ram-node{number}"
    yield from ("-object", _backend(config.memory_backing, name, cell.memory or 0))
    parts = ["node", f"nodeid={number}"]
    parts += [f"cpus={part}" for part in (cell.cpus or "").split(",") if part]
    yield from ("-numa", ",".join([*parts, f"memdev={name}"]))


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
    online = vcpu.current or most
    most_or_none = most if online != most else None
    yield from ("-smp", comma_list(str(online), {"maxcpus": most_or_none, **sizes}))


def cpu(guest: Guest) -> Iterator[str]:
    """The CPU model with the features that differ from it.

    Raises:
        XMLError: The mode needs KVM, or the binary has no such model.
    """
    name = _model(guest)
    if name is None:
        return
    view = guest.config.cpu
    props: dict[str, object] = {}
    if view.mode == "host-passthrough" and view.migratable is not None:
        props["migratable"] = view.migratable
    props |= _CACHES.get(view.cache_mode or "", {})
    for feature in view.features:
        props[_feature_name(feature.name or "")] = feature.policy in _WANTED
    yield from ("-cpu", comma_list(name, {**props, **_hyperv(guest), **_kvm(guest)}))


_CACHES: Final[dict[str, dict[str, object]]] = {
    "emulate": {"host-cache-info": False, "l3-cache": True},
    "passthrough": {"host-cache-info": True, "l3-cache": False},
    "disable": {"host-cache-info": False, "l3-cache": False},
}
_WANTED: Final = ("force", "require", "optional", None)
# libvirt's names of CPU features that QEMU spells in another way (qemu_capabilities.c)
_FEATURES: Final = {"pclmuldq": "pclmulqdq", "ffxsr": "fxsr-opt", "i64": "lm"}


def _feature_name(name: str) -> str:
    return _FEATURES.get(name, name.replace("_", "-"))


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


_HYPERV: Final = (
    "relaxed",
    "vapic",
    "vpindex",
    "runtime",
    "synic",
    "stimer",
    "reset",
    "frequencies",
    "reenlightenment",
    "tlbflush",
    "ipi",
    "evmcs",
    "avic",
)


def _hyperv(guest: Guest) -> dict[str, object]:
    view = guest.config.features.hyperv
    if not view:
        return {}
    if view.mode == "passthrough":
        return {"hv-passthrough": True}
    props: dict[str, object] = {f"hv-{name}": True for name in _HYPERV if getattr(view, name)}
    if view.spinlocks:
        props["hv-spinlocks"] = view.spinlocks_retries
    if view.vendor_id:
        props["hv-vendor-id"] = view.vendor_id_value
    if any(t.name == "hypervclock" and t.present for t in guest.config.clock.timers):
        props["hv-time"] = True
    return props


def _kvm(guest: Guest) -> dict[str, object]:
    features = guest.config.features
    timers = {timer.name: timer for timer in guest.config.clock.timers}
    clock, tsc = timers.get("kvmclock"), timers.get("tsc")
    return {
        "kvm": False if features.kvm.hidden else None,
        "kvm-hint-dedicated": True if features.kvm.hint_dedicated else None,
        "kvm-poll-control": True if features.kvm.poll_control else None,
        "kvm-pv-ipi": True if features.kvm.pv_ipi else None,
        "kvm-pv-eoi": features.apic_eoi,
        "kvm-pv-unhalt": features.pvspinlock,
        "kvmclock": clock.present if clock else None,
        "tsc-frequency": tsc.frequency if tsc else None,
        "pmu": features.pmu,
    }
