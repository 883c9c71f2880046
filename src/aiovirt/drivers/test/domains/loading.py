"""Domains from a document of the host: which run already, which are saved, which transient."""

from __future__ import annotations

from typing import Final

from lxml import etree

from aiovirt.config import Document, DomainConfig, Node, SnapshotConfig, error_at
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.test.domains.completing import complete
from aiovirt.drivers.test.domains.machine import Machine, Saved
from aiovirt.drivers.test.domains.room import Domains
from aiovirt.drivers.test.domains.taking import redefined
from aiovirt.drivers.test.world import World
from aiovirt.model.domain import DomainKey, DomainState, StateReason, state_reason

__all__ = ["load_domain"]

_PREFIX: Final = "{http://libvirt.org/schemas/domain/test/1.0}"


def load_domain(world: World, part: Document) -> None:
    """Put a domain into the world: it runs, unless its document says something else.

    Raises:
        XMLError: It is wrong.
        AlreadyExists: There is one of its name or UUID.
    """
    assert isinstance(part, DomainConfig)  # noqa: S101 - the table of loaders says so
    config = part.copy()
    marks = _take_marks(config)
    complete(config, config.uuid or world.new_uuid())
    domains = world.room(Domains)
    machine = Machine(DomainKey(config.uuid or world.new_uuid(), config.name or ""), config)
    domains.shelf.add(machine)
    reason = _reason(marks.get("runstate", []))
    if reason.state.active:
        domains.begin(machine, config, reason)
    machine.reason = reason
    if "transient" in marks and machine.live is not None:
        machine.definition = None
    if "hasmanagedsave" in marks and machine.live is None:
        machine.saved = Saved(config.copy(), paused=False)
    for node in marks.get("domainsnapshot", []):
        _load_snapshot(machine, node)


def _take_marks(config: DomainConfig) -> dict[str, list[Node]]:
    """Take the elements out that are not the domain's but the test driver's; by their names."""
    node = node_of(config)
    found: dict[str, list[Node]] = {}
    for each in [child for child in node if str(child.tag).startswith(_PREFIX)]:
        found.setdefault(str(each.tag).removeprefix(_PREFIX), []).append(each)
        node.remove(each)
    return found


def _reason(marks: list[Node]) -> StateReason:
    """The state of a mark's number; one that is named has no reason."""
    if not marks:
        return StateReason.RUNNING_UNKNOWN
    text = (marks[0].text or "").strip()
    known = {str(int(state)) for state in DomainState}
    if text not in known:
        raise error_at(
            marks[0], f"there is no run state {text!r}", expected=", ".join(sorted(known))
        )
    return state_reason(int(text), 0)


def _load_snapshot(machine: Machine, mark: Node) -> None:
    if mark.get("file"):
        raise error_at(mark, "a snapshot is written out here, not in a file of its own")
    mark.tag = "domainsnapshot"
    snapshot = redefined(machine, SnapshotConfig.parse(etree.tostring(mark)))
    machine.snapshots[snapshot.name] = snapshot
    if snapshot.config.active:
        machine.snapshot = snapshot.name
    snapshot.config.active = None
