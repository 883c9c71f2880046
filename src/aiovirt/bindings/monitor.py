"""The rows of `Monitor`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, fixed, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field
from aiovirt.bindings.values import DOMAIN
from aiovirt.interfaces import Monitor
from aiovirt.model.constants import DomainQemuMonitorCommandFlags
from aiovirt.protocols.libvirt.tables import qemu as p

__all__ = ["ROWS"]

ROWS = (
    bind(
        Monitor.monitor_text,
        p.DOMAIN_MONITOR_COMMAND,
        DOM,
        arg("text", "cmd"),
        flags(DomainQemuMonitorCommandFlags),
        returns=field("result"),
    ),
    bind(
        Monitor.attach_process,
        p.DOMAIN_ATTACH,
        arg("pid", "pid_value"),
        fixed("flags", 0),
        returns=field("dom", DOMAIN),
    ),
    bind(
        Monitor.agent_text,
        p.DOMAIN_AGENT_COMMAND,
        DOM,
        arg("text", "cmd"),
        arg("timeout_s", "timeout"),
        fixed("flags", 0),
        returns=field("result"),
    ),
)
