"""Which permissions a call needs, and on what."""

from __future__ import annotations

from typing import Any

import pytest

from aiovirt.daemon.service.permissions import needs_of
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.registry import registry
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_guest as g
from aiovirt.protocols.libvirt.tables import domain_snapshots as s
from aiovirt.protocols.libvirt.tables import domain_tuning as t
from aiovirt.protocols.libvirt.tables.structs import Domain

DOM = Domain("web1", bytes(16), -1)


def needed(procedure: Procedure[Any, Any], args: object) -> list[str]:
    return [
        need.permission
        for need in needs_of(procedure)
        if need.applies is None or need.applies(args)
    ]


@pytest.mark.parametrize(
    ("flags", "permissions"),
    [(0, ["domain:read"]), (1, ["domain:read", "domain:read_secure"])],
)
def test_a_flag_may_need_more(flags: int, permissions: list[str]) -> None:
    assert needed(d.DOMAIN_GET_XML_DESC, d.DomainGetXmlDescArgs(DOM, flags)) == permissions


@pytest.mark.parametrize(("flags", "saves"), [(0, True), (1, False), (2, True), (3, True)])
def test_what_is_not_only_for_the_running_instance_is_saved(flags: int, saves: bool) -> None:  # noqa: FBT001
    args = t.DomainSetMemoryFlagsArgs(DOM, 1024, flags)
    assert ("domain:save" in needed(t.DOMAIN_SET_MEMORY_FLAGS, args)) is saves


@pytest.mark.parametrize(("source", "count"), [(0, 1), (1, 2)])
def test_a_field_may_need_more(source: int, count: int) -> None:
    args = g.DomainInterfaceAddressesArgs(DOM, source, 0)
    assert len(needed(g.DOMAIN_INTERFACE_ADDRESSES, args)) == count


def test_the_object_is_found_in_the_arguments() -> None:
    (need,) = needs_of(d.DOMAIN_SUSPEND)
    assert (need.kind, need.field) == ("domain", "dom")


def test_a_snapshot_is_its_domains() -> None:
    assert {need.field for need in needs_of(s.DOMAIN_SNAPSHOT_DELETE)} == {"snap"}


def test_all_notes_can_be_read() -> None:
    for procedure in registry().values():
        if isinstance(procedure, Procedure):
            assert len(needs_of(procedure)) >= len(procedure.acl)
