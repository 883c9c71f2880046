"""Every procedure of the programs that the daemon serves is answered by something, or excused."""

from __future__ import annotations

from aiovirt.daemon.service.table import admin_routes, routes
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.registry import registry
from aiovirt.protocols.libvirt.tables.programs import Program

UNANSWERED: dict[str, str] = {}
"""The procedures that are answered with "unknown procedure", and why."""


def unanswered(*programs: Program) -> set[str]:
    """Return the names of procedures that nothing answers."""
    served = {*routes(), *admin_routes()}
    return {
        entry.name
        for key, entry in registry().items()
        if isinstance(entry, Procedure) and entry.program in programs and key not in served
    }


def test_every_procedure_is_answered_or_excused() -> None:
    programs = (Program.REMOTE, Program.QEMU, Program.LXC, Program.ADMIN)
    assert unanswered(*programs) == UNANSWERED.keys()


def test_the_protocols_own_pings_are_no_affair_of_the_rooms() -> None:
    assert unanswered(Program.KEEPALIVE) == {"PING", "PONG"}


def test_every_answer_is_to_the_procedure_that_it_stands_for() -> None:
    for key, route in {**routes(), **admin_routes()}.items():
        assert key == (int(route.procedure.program), route.procedure.number)
