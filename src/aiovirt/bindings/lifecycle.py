"""The rows of `Lifecycle`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, fixed, flags, flags_and_bits
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import ignored
from aiovirt.interfaces import Lifecycle
from aiovirt.model.constants import DomainCreateFlags, DomainDestroyFlags, DomainRebootFlags
from aiovirt.protocols.libvirt.tables import domain as p

__all__ = ["ROWS"]

ROWS = (
    bind(
        Lifecycle.start,
        p.DOMAIN_CREATE_WITH_FLAGS,
        DOM,
        flags_and_bits(DomainCreateFlags, paused=DomainCreateFlags.START_PAUSED),
        returns=ignored("dom", None),
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
)
