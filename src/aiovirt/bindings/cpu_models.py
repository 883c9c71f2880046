"""The rows of `CpuModels`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, bits, fixed
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing
from aiovirt.bindings.values import PLAIN, enumeration
from aiovirt.interfaces import CpuModels
from aiovirt.model.constants import ConnectBaselineCPUFlags, ConnectCompareCPUFlags
from aiovirt.model.host import CpuComparison
from aiovirt.protocols.libvirt.tables import connect as p

__all__ = ["ROWS"]

COMPARISON = field("result", enumeration(CpuComparison))
EMULATOR = (arg("emulator"), arg("arch"), arg("machine"), arg("virt_type", "virttype"))
BASELINE = bits(
    expand=ConnectBaselineCPUFlags.EXPAND_FEATURES,
    migratable=ConnectBaselineCPUFlags.MIGRATABLE,
)

ROWS = (
    bind(
        CpuModels.names,
        p.CONNECT_GET_CPU_MODEL_NAMES,
        arg("arch"),
        fixed("need_results", 1),
        fixed("flags", 0),
        returns=listing("models", PLAIN),
    ),
    bind(
        CpuModels.compare,
        p.CONNECT_COMPARE_CPU,
        arg("cpu", "xml"),
        bits(
            fail_incompatible=ConnectCompareCPUFlags.FAIL_INCOMPATIBLE,
            validate=ConnectCompareCPUFlags.VALIDATE_XML,
        ),
        returns=COMPARISON,
    ),
    bind(
        CpuModels.baseline,
        p.CONNECT_BASELINE_CPU,
        arg("cpus", "xml_cp_us"),
        BASELINE,
        returns=field("cpu"),
    ),
    bind(
        CpuModels.compare_with_hypervisor,
        p.CONNECT_COMPARE_HYPERVISOR_CPU,
        arg("cpu", "xml_cpu"),
        *EMULATOR,
        bits(
            fail_incompatible=ConnectCompareCPUFlags.FAIL_INCOMPATIBLE,
            validate=ConnectCompareCPUFlags.VALIDATE_XML,
        ),
        returns=COMPARISON,
    ),
    bind(
        CpuModels.baseline_of_hypervisor,
        p.CONNECT_BASELINE_HYPERVISOR_CPU,
        arg("cpus", "xml_cp_us"),
        *EMULATOR,
        BASELINE,
        returns=field("cpu"),
    ),
)
