"""The rows of `HostResources`."""

from __future__ import annotations

from aiovirt.bindings.arguments import STRINGS_ONLY, arg, fixed, flags, room
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import Result, field, figures, parameters, whole
from aiovirt.bindings.values import CPU_MAP, PLAIN, each, number, scaled, terminated
from aiovirt.interfaces import HostResources
from aiovirt.model.constants import NodeAllocPagesFlags, NodeSuspendTarget
from aiovirt.model.host import HostCpuMap, HostCpuStats, HostMemoryStats, NodeInfo
from aiovirt.protocols.libvirt.tables import node as p
from aiovirt.protocols.libvirt.tables.structs import NodeGetCpuStats, NodeGetMemoryStats

__all__ = ["ROWS"]

MOST_STATS = 16
KIB = scaled(1024)
PAGE_SIZES = each(KIB)

TARGETS = {target.name.lower(): int(target) for target in NodeSuspendTarget}

CPUS = Result(
    ("cpumap", "online", "ret"),
    lambda reply: HostCpuMap(reply.ret, CPU_MAP.read(reply.cpumap)),
    lambda kind, result: kind(CPU_MAP.send(result.online), len(result.online), result.present),
)

ROWS = (
    bind(
        HostResources.node_info,
        p.NODE_GET_INFO,
        returns=whole(NodeInfo, model=("model", terminated(32)), memory=("memory", KIB)),
    ),
    bind(
        HostResources.cpu_stats,
        p.NODE_GET_CPU_STATS,
        arg("cpu", "cpu_num"),
        room("nparams", MOST_STATS),
        fixed("flags", 0),
        returns=figures(
            HostCpuStats,
            NodeGetCpuStats,
            kernel_ns=("kernel", PLAIN),
            user_ns=("user", PLAIN),
            idle_ns=("idle", PLAIN),
            iowait_ns=("iowait", PLAIN),
            interrupts_ns=("intr", PLAIN),
            utilization=("utilization", PLAIN),
        ),
    ),
    bind(
        HostResources.cpu_map,
        p.NODE_GET_CPU_MAP,
        fixed("need_map", 1),
        fixed("need_online", 1),
        fixed("flags", 0),
        returns=CPUS,
    ),
    bind(
        HostResources.memory_stats,
        p.NODE_GET_MEMORY_STATS,
        arg("cell", "cell_num"),
        room("nparams", MOST_STATS),
        fixed("flags", 0),
        returns=figures(
            HostMemoryStats,
            NodeGetMemoryStats,
            total=("total", KIB),
            free=("free", KIB),
            buffers=("buffers", KIB),
            cached=("cached", KIB),
        ),
    ),
    bind(HostResources.free_memory, p.NODE_GET_FREE_MEMORY, returns=field("free_mem")),
    bind(
        HostResources.cells_free_memory,
        p.NODE_GET_CELLS_FREE_MEMORY,
        arg("first", "start_cell"),
        arg("most", "maxcells"),
        returns=field("cells"),
    ),
    bind(
        HostResources.free_pages,
        p.NODE_GET_FREE_PAGES,
        arg("sizes", "pages", PAGE_SIZES),
        arg("first", "start_cell"),
        arg("cells", "cell_count"),
        fixed("flags", 0),
        returns=field("counts"),
    ),
    bind(
        HostResources.alloc_pages,
        p.NODE_ALLOC_PAGES,
        arg("sizes", "page_sizes", PAGE_SIZES),
        arg("counts", "page_counts"),
        arg("first", "start_cell"),
        arg("cells", "cell_count"),
        flags(NodeAllocPagesFlags),
        returns=field("ret"),
    ),
    bind(
        HostResources.memory_parameters,
        p.NODE_GET_MEMORY_PARAMETERS,
        room("nparams", 64),
        STRINGS_ONLY,
        returns=parameters(),
    ),
    bind(
        HostResources.set_memory_parameters,
        p.NODE_SET_MEMORY_PARAMETERS,
        arg("parameters", "params"),
        fixed("flags", 0),
    ),
    bind(
        HostResources.suspend,
        p.NODE_SUSPEND_FOR_DURATION,
        arg("target", value=number(TARGETS)),
        arg("duration_s", "duration"),
        fixed("flags", 0),
    ),
)
