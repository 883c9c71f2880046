"""The rows of `Resources`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, fixed, flags, only_strings, room, with_strings
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing, parameters, whole
from aiovirt.bindings.values import PLAIN, TRUTH, Value, scaled
from aiovirt.interfaces import Resources
from aiovirt.model.constants import DomainMemoryModFlags, DomainModificationImpact
from aiovirt.model.tuning import Scheduler, SecurityLabel
from aiovirt.protocols.libvirt.tables import domain_tuning as p

__all__ = ["MOST_PARAMETERS", "ROWS"]

MOST_PARAMETERS = 16
"""All lists of tuning parameters have at most that many, REMOTE_DOMAIN_*_PARAMETERS_MAX."""

MOST = room("nparams", MOST_PARAMETERS)
IMPACT = flags(DomainModificationImpact)
ASKED = with_strings(DomainModificationImpact)
PARAMS = arg("params")
KIB = scaled(1024)


def _label(text: bytes) -> str:
    """A label up to the byte that ends it."""
    return text.partition(b"\0")[0].decode("utf-8", "surrogateescape")


LABEL_TEXT = Value(lambda text: text.encode("utf-8", "surrogateescape") + b"\0", _label)
LABEL = Value(
    lambda label: p.DomainGetSecurityLabelRet(LABEL_TEXT.send(label.label), int(label.enforcing)),
    lambda wire: SecurityLabel(_label(wire.label), bool(wire.enforcing)),
)

ROWS = (
    bind(Resources.max_memory, p.DOMAIN_GET_MAX_MEMORY, DOM, returns=field("memory", KIB)),
    bind(
        Resources.set_memory,
        p.DOMAIN_SET_MEMORY_FLAGS,
        DOM,
        arg("memory", value=KIB),
        flags(DomainMemoryModFlags),
    ),
    bind(
        Resources.set_memory_stats_period,
        p.DOMAIN_SET_MEMORY_STATS_PERIOD,
        DOM,
        arg("period_s", "period"),
        IMPACT,
    ),
    bind(
        Resources.scheduler,
        p.DOMAIN_GET_SCHEDULER_TYPE,
        DOM,
        returns=whole(Scheduler, name=("type", PLAIN), parameters=("nparams", PLAIN)),
    ),
    bind(
        Resources.scheduler_parameters,
        p.DOMAIN_GET_SCHEDULER_PARAMETERS_FLAGS,
        DOM,
        MOST,
        ASKED,
        returns=field("params"),
    ),
    bind(
        Resources.set_scheduler_parameters,
        p.DOMAIN_SET_SCHEDULER_PARAMETERS_FLAGS,
        DOM,
        PARAMS,
        IMPACT,
    ),
    bind(
        Resources.blkio_parameters,
        p.DOMAIN_GET_BLKIO_PARAMETERS,
        DOM,
        MOST,
        ASKED,
        returns=parameters(),
    ),
    bind(Resources.set_blkio_parameters, p.DOMAIN_SET_BLKIO_PARAMETERS, DOM, PARAMS, IMPACT),
    bind(
        Resources.memory_parameters,
        p.DOMAIN_GET_MEMORY_PARAMETERS,
        DOM,
        MOST,
        ASKED,
        returns=parameters(),
    ),
    bind(Resources.set_memory_parameters, p.DOMAIN_SET_MEMORY_PARAMETERS, DOM, PARAMS, IMPACT),
    bind(
        Resources.numa_parameters,
        p.DOMAIN_GET_NUMA_PARAMETERS,
        DOM,
        MOST,
        ASKED,
        returns=parameters(),
    ),
    bind(Resources.set_numa_parameters, p.DOMAIN_SET_NUMA_PARAMETERS, DOM, PARAMS, IMPACT),
    bind(
        Resources.interface_parameters,
        p.DOMAIN_GET_INTERFACE_PARAMETERS,
        DOM,
        arg("interface", "device"),
        MOST,
        ASKED,
        returns=parameters(),
    ),
    bind(
        Resources.set_interface_parameters,
        p.DOMAIN_SET_INTERFACE_PARAMETERS,
        DOM,
        arg("interface", "device"),
        PARAMS,
        IMPACT,
    ),
    bind(
        Resources.perf_events,
        p.DOMAIN_GET_PERF_EVENTS,
        DOM,
        IMPACT,
        returns=field("params"),
    ),
    bind(Resources.set_perf_events, p.DOMAIN_SET_PERF_EVENTS, DOM, PARAMS, IMPACT),
    bind(
        Resources.launch_security,
        p.DOMAIN_GET_LAUNCH_SECURITY_INFO,
        DOM,
        only_strings(),
        returns=field("params"),
    ),
    bind(
        Resources.set_launch_security,
        p.DOMAIN_SET_LAUNCH_SECURITY_STATE,
        DOM,
        PARAMS,
        fixed("flags", 0),
    ),
    bind(
        Resources.security_label,
        p.DOMAIN_GET_SECURITY_LABEL,
        DOM,
        returns=whole(SecurityLabel, label=("label", LABEL_TEXT), enforcing=("enforcing", TRUTH)),
    ),
    bind(
        Resources.security_labels,
        p.DOMAIN_GET_SECURITY_LABEL_LIST,
        DOM,
        returns=listing("labels", LABEL),
    ),
)
