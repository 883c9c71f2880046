"""The rows of `Processors`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, bits, fixed, flags, room
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing, result_with_count
from aiovirt.bindings.values import CPU_MAP, CPUS_TEXT, Value
from aiovirt.interfaces import Processors
from aiovirt.model.constants import DomainModificationImpact, DomainVcpuFlags
from aiovirt.model.tuning import IOThread
from aiovirt.protocols.libvirt.tables import domain_tuning as p
from aiovirt.protocols.libvirt.tables import node as n
from aiovirt.protocols.libvirt.tables import structs

__all__ = ["ROWS"]

MAP_BYTES = 2048
"""The bytes of the longest map of processors, REMOTE_CPUMAP_MAX."""

IMPACT = flags(DomainModificationImpact)
CPUS = arg("cpus", "cpumap", CPU_MAP)
IOTHREAD = Value(
    lambda thread: structs.DomainIothreadInfo(thread.number, CPU_MAP.send(thread.affinity)),
    lambda wire: IOThread(wire.iothread_id, CPU_MAP.read(wire.cpumap)),
)

ROWS = (
    bind(
        Processors.host_cpu_count,
        n.NODE_GET_CPU_MAP,
        fixed("need_map", 0),
        fixed("need_online", 0),
        fixed("flags", 0),
        returns=result_with_count("ret", cpumap=b"", online=0),
    ),
    bind(Processors.max_vcpus, p.DOMAIN_GET_MAX_VCPUS, DOM, returns=field("num")),
    bind(
        Processors.vcpu_count,
        p.DOMAIN_GET_VCPUS_FLAGS,
        DOM,
        flags(DomainVcpuFlags),
        returns=field("num"),
    ),
    bind(
        Processors.set_vcpu_count,
        p.DOMAIN_SET_VCPUS_FLAGS,
        DOM,
        arg("count", "nvcpus"),
        flags(DomainVcpuFlags),
    ),
    bind(
        Processors.set_vcpu,
        p.DOMAIN_SET_VCPU,
        DOM,
        arg("vcpus", "cpumap", CPUS_TEXT),
        bits("state", enable=1),
        IMPACT,
    ),
    bind(Processors.pin_vcpu, p.DOMAIN_PIN_VCPU_FLAGS, DOM, arg("vcpu"), CPUS, IMPACT),
    bind(
        Processors.emulator_pin,
        p.DOMAIN_GET_EMULATOR_PIN_INFO,
        DOM,
        room("maplen", MAP_BYTES),
        IMPACT,
        returns=result_with_count("cpumaps", CPU_MAP, ret=1),
    ),
    bind(Processors.pin_emulator, p.DOMAIN_PIN_EMULATOR, DOM, CPUS, IMPACT),
    bind(
        Processors.iothreads,
        p.DOMAIN_GET_IOTHREAD_INFO,
        DOM,
        IMPACT,
        returns=listing("info", IOTHREAD),
    ),
    bind(
        Processors.pin_iothread,
        p.DOMAIN_PIN_IOTHREAD,
        DOM,
        arg("iothread", "iothreads_id"),
        CPUS,
        IMPACT,
    ),
    bind(
        Processors.add_iothread,
        p.DOMAIN_ADD_IOTHREAD,
        DOM,
        arg("iothread", "iothread_id"),
        IMPACT,
    ),
    bind(
        Processors.delete_iothread,
        p.DOMAIN_DEL_IOTHREAD,
        DOM,
        arg("iothread", "iothread_id"),
        IMPACT,
    ),
    bind(
        Processors.set_iothread,
        p.DOMAIN_SET_IOTHREAD_PARAMS,
        DOM,
        arg("iothread", "iothread_id"),
        arg("params"),
        IMPACT,
    ),
)
