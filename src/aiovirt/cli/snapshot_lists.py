"""``snapshot-list`` and ``snapshot-info``: which snapshots there are, and what one is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.points import CREATED, created, tree_text
from aiovirt.cli.results import Column, Plain, Record, Result, Row, Rows
from aiovirt.cli.snapshots import find_snapshot
from aiovirt.model.flags import flag_set

if TYPE_CHECKING:
    from aiovirt.config import SnapshotConfig
    from aiovirt.objects import Domain, Snapshot

__all__ = ["snapshot_info", "snapshot_list"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which snapshots are listed; what is left out is no condition."""

    leaves: Annotated[bool, about("Only those that none was made from.")] = False
    no_leaves: Annotated[bool, about("Only those that some was made from.")] = False
    metadata: Annotated[bool, about("Only those with a record.")] = False
    no_metadata: Annotated[bool, about("Only those without a record.")] = False
    inactive: Annotated[bool, about("Only those of the domain while it was off.")] = False
    active: Annotated[bool, about("Only those with memory.")] = False
    disk_only: Annotated[bool, about("Only those without the memory of a running domain.")] = False
    internal: Annotated[bool, about("Only those within the images.")] = False
    external: Annotated[bool, about("Only those in images of their own.")] = False
    topological: Annotated[bool, about("None before the one it was made from.")] = False

    @property
    def flags(self) -> Any:  # noqa: ANN401  # a kind by its name
        """libvirt's flags."""
        names = {field.name: getattr(self, field.name) for field in fields(self)}
        return flag_set("DomainSnapshotListFlags", 0, **names)


ALL = Filters()


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the tree the list begins."""

    roots: Annotated[bool, about("Only those that were made from none.")] = False
    from_: Annotated[
        str | None, Parameter(name="--from", help="Only those made from this one.")
    ] = None
    current: Annotated[bool, about("Only those made from the current one.")] = False
    descendants: Annotated[bool, about("With --from: also those made from these.")] = False


EVERYWHERE = Place()


async def snapshot_list(
    domain: DomainArg,
    *,
    parent: Annotated[bool, about("Show what each was made from.")] = False,
    tree: Annotated[bool, about("Draw them as a tree.")] = False,
    name: Annotated[bool, about("Only their names.")] = False,
    place: Place = EVERYWHERE,
    filters: Filters = ALL,
    session: SessionArg,
) -> Result:
    """List the snapshots of a domain.

    For example:

        aiovirt snapshot-list web1
        aiovirt snapshot-list web1 --tree
        aiovirt snapshot-list web1 --from before --descendants --name
    """
    if tree and (parent or name or place.roots):
        raise UsageError("--tree goes with none of --parent, --name and --roots")
    vm = await session.domain(domain)
    above = await _above(vm, place)
    found = await _found(vm, above, place, filters)
    rows = [_row(await each.config()) for each in found]
    if not filters.topological:
        rows.sort(key=lambda row: str(row["name"]))
    if tree:
        parents = {str(row["name"]): _text(row["parent"]) for row in rows}
        names = [*([above.name] if above else []), *parents]
        return Plain(tree_text(parents, above.name if above else None), rows, names)
    if name:
        return Rows([Column("name", "Name")], rows, bare=True)
    columns = [Column("name", "Name"), CREATED, Column("state", "State")]
    if parent:
        columns.append(Column("parent", "Parent", lambda row: _text(row["parent"]) or ""))
    return Rows(columns, rows)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


async def _above(vm: Domain, place: Place) -> Snapshot | None:
    """The snapshot that the list begins below."""
    if place.from_ is not None or place.current:
        return await find_snapshot(vm, place.from_, current=place.current)
    return None


async def _found(
    vm: Domain, above: Snapshot | None, place: Place, filters: Filters
) -> list[Snapshot]:
    if above is None:
        return list(await vm.snapshots.list(roots=place.roots, flags=filters.flags))
    return list(await above.children(descendants=place.descendants, flags=filters.flags))


def _row(config: SnapshotConfig) -> Row:
    """A snapshot, as documented in docs/cli.md."""
    return {
        "name": config.name,
        "created": created(config.created),
        "state": config.state,
        "parent": config.parent,
    }


async def snapshot_info(
    domain: DomainArg,
    snapshotname: Annotated[str | None, about("Its name; or --current.")] = None,
    *,
    current: Annotated[bool, about("The current one.")] = False,
    session: SessionArg,
) -> Record:
    """Show what a snapshot is.

    For example:

        aiovirt snapshot-info web1 before
    """
    vm = await session.domain(domain)
    found = await find_snapshot(vm, snapshotname, current=current)
    config = await found.config()
    row = {
        **_row(config),
        "domain": vm.name,
        "current": await found.is_current(),
        "location": _location(config),
        "children": len(await found.children()),
        "descendants": len(await found.children(descendants=True)),
        "metadata": await found.has_metadata(),
    }
    columns = [
        Column("name", "Name"),
        Column("domain", "Domain"),
        Column("current", "Current", lambda row: _yes_no(row["current"])),
        Column("state", "State"),
        Column("location", "Location"),
        Column("parent", "Parent"),
        Column("children", "Children"),
        Column("descendants", "Descendants"),
        Column("metadata", "Metadata", lambda row: _yes_no(row["metadata"])),
    ]
    return Record(columns, row)


def _yes_no(value: object) -> str:
    return "yes" if value else "no"


def _location(config: SnapshotConfig) -> str:
    """Whether anything of it is outside of the images."""
    parts = [each.snapshot for each in config.disks]
    if config.memory:
        parts.append(config.memory.snapshot)
    outside = "external" in parts or config.state == "disk-snapshot"
    return "external" if outside else "internal"
