"""The rows of `Lifecycle`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, fixed, flags, flags_and_bits
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import repeated
from aiovirt.bindings.values import number
from aiovirt.interfaces import Lifecycle
from aiovirt.model.constants import (
    DomainCreateFlags,
    DomainDestroyFlags,
    DomainModificationImpact,
    DomainRebootFlags,
)
from aiovirt.protocols.libvirt.tables import domain as p
from aiovirt.protocols.libvirt.tables.domain_guest import DOMAIN_INJECT_NMI
from aiovirt.protocols.libvirt.tables.domain_tuning import DOMAIN_SET_LIFECYCLE_ACTION

__all__ = ["ROWS"]

START = flags_and_bits(DomainCreateFlags, paused=DomainCreateFlags.START_PAUSED)
OCCASIONS = number({"poweroff": 0, "reboot": 1, "crash": 2})
ACTIONS = number(
    {
        "destroy": 0,
        "restart": 1,
        "rename-restart": 2,
        "preserve": 3,
        "coredump-destroy": 4,
        "coredump-restart": 5,
    }
)

ROWS = (
    bind(
        Lifecycle.start,
        p.DOMAIN_CREATE_WITH_FLAGS,
        DOM,
        START,
        returns=repeated("dom"),
    ),
    bind(Lifecycle.reboot, p.DOMAIN_REBOOT, DOM, flags(DomainRebootFlags)),
    bind(Lifecycle.suspend, p.DOMAIN_SUSPEND, DOM),
    bind(Lifecycle.resume, p.DOMAIN_RESUME, DOM),
    bind(Lifecycle.reset, p.DOMAIN_RESET, DOM, fixed("flags", 0)),
    bind(
        Lifecycle.destroy,
        p.DOMAIN_DESTROY_FLAGS,
        DOM,
        flags_and_bits(DomainDestroyFlags, graceful=DomainDestroyFlags.GRACEFUL),
    ),
    bind(
        Lifecycle.start_with_files,
        p.DOMAIN_CREATE_WITH_FILES,
        DOM,
        START,
        returns=repeated("dom"),
        files="files",
    ),
    bind(Lifecycle.inject_nmi, DOMAIN_INJECT_NMI, DOM, fixed("flags", 0)),
    bind(
        Lifecycle.set_lifecycle_action,
        DOMAIN_SET_LIFECYCLE_ACTION,
        DOM,
        arg("occasion", "type", OCCASIONS),
        arg("action", value=ACTIONS),
        flags(DomainModificationImpact),
    ),
)
