"""The rows of `Statistics`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import whole
from aiovirt.bindings.values import PLAIN, enumeration, scaled
from aiovirt.interfaces import Statistics
from aiovirt.model.domain import DomainInfo, DomainState
from aiovirt.protocols.libvirt.tables import domain as p

__all__ = ["ROWS"]

KIB = scaled(1024)

ROWS = (
    bind(
        Statistics.info,
        p.DOMAIN_GET_INFO,
        DOM,
        returns=whole(
            DomainInfo,
            state=("state", enumeration(DomainState)),
            max_memory=("max_mem", KIB),
            memory=("memory", KIB),
            vcpus=("nr_virt_cpu", PLAIN),
            cpu_time_ns=("cpu_time", PLAIN),
        ),
    ),
)
