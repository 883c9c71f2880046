"""Verbs about checkpoints and backups."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, SessionArg, TurnsArg, about
from aiovirt.cli.documents import read_document
from aiovirt.cli.editing import Editable, edited
from aiovirt.cli.failures import UsageError
from aiovirt.cli.jobs import job_bar
from aiovirt.cli.points import CREATED, NameArg, Removal, created, point_done, tree_text
from aiovirt.cli.results import Column, Plain, Record, Result, Row, Rows, done
from aiovirt.cli.session import Session
from aiovirt.model.flags import flag_set

if TYPE_CHECKING:
    from aiovirt.config import CheckpointConfig

__all__ = [
    "backup_begin",
    "backup_dumpxml",
    "checkpoint_create",
    "checkpoint_create_as",
    "checkpoint_delete",
    "checkpoint_dumpxml",
    "checkpoint_edit",
    "checkpoint_info",
    "checkpoint_list",
    "checkpoint_parent",
]

QuiesceArg = Annotated[bool, about("Let the guest's agent hold its file systems still.")]


async def checkpoint_create(
    domain: DomainArg,
    xmlfile: Annotated[Path | None, about("Its configuration; - is standard input.")] = None,
    *,
    redefine: Annotated[bool, about("Bring back the record of one that is there.")] = False,
    redefine_validate: Annotated[bool, about("Likewise, if the images have it.")] = False,
    quiesce: QuiesceArg = False,
    session: SessionArg,
) -> Plain:
    """Make a checkpoint from an XML file, or without one of all disks.

    For example:

        aiovirt checkpoint-create web1
        aiovirt checkpoint-create web1 monday.xml
    """
    vm = await session.domain(domain)
    config = None if xmlfile is None else (await read_document(xmlfile)).decode()
    made = await vm.checkpoints.create(
        config,
        quiesce=quiesce,
        redefine=redefine or redefine_validate,
        flags=flag_set("DomainCheckpointCreateFlags", 0, redefine_validate=redefine_validate),
    )
    source = "" if xmlfile is None else f" from '{xmlfile}'"
    return point_done(
        vm.key, made.name, "created", f"Domain checkpoint {made.name} created{source}"
    )


async def checkpoint_create_as(
    domain: DomainArg,
    name: Annotated[str | None, about("Its name; else the time.")] = None,
    description: Annotated[str | None, about("What it is for.")] = None,
    *,
    diskspec: Annotated[
        tuple[str, ...], about("A disk: NAME[,checkpoint=TYPE][,bitmap=NAME].")
    ] = (),
    print_xml: Annotated[bool, about("Print the document instead.")] = False,
    quiesce: QuiesceArg = False,
    session: SessionArg,
) -> Plain:
    """Make a checkpoint from options.

    For example:

        aiovirt checkpoint-create-as web1 monday
        aiovirt checkpoint-create-as web1 monday --diskspec vda --diskspec vdb,checkpoint=no
    """
    specs = import_module("aiovirt.cli.snapshot_specs")
    config: CheckpointConfig = specs.checkpoint_of(name, description, diskspec)
    if print_xml:
        return Plain(config.to_xml(), {"xml": config.to_xml()}, [name or ""])
    vm = await session.domain(domain)
    made = await vm.checkpoints.create(config, quiesce=quiesce)
    return point_done(vm.key, made.name, "created", f"Domain checkpoint {made.name} created")


async def checkpoint_delete(
    domain: DomainArg,
    checkpointname: NameArg,
    *,
    children: Annotated[bool, about("Those that follow it, too.")] = False,
    children_only: Annotated[bool, about("These, and not itself.")] = False,
    metadata: Annotated[bool, about("The record only, and no bitmap.")] = False,
    session: SessionArg,
) -> Plain:
    """Delete a checkpoint.

    For example:

        aiovirt checkpoint-delete web1 monday
    """
    vm = await session.domain(domain)
    found = await vm.checkpoints.get(checkpointname)
    await found.delete(children=children, children_only=children_only, metadata_only=metadata)
    sentence = Removal(children, children_only).sentence("checkpoint", found.name)
    return point_done(vm.key, found.name, "deleted", sentence)


async def checkpoint_dumpxml(
    domain: DomainArg,
    checkpointname: NameArg,
    *,
    security_info: Annotated[bool, about("With passwords.")] = False,
    no_domain: Annotated[bool, about("Without the domain's configuration.")] = False,
    size: Annotated[bool, about("With how much was written since.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the configuration of a checkpoint.

    For example:

        aiovirt checkpoint-dumpxml web1 monday --no-domain --size
    """
    found = await (await session.domain(domain)).checkpoints.get(checkpointname)
    xml = await found.xml(secure=security_info, no_domain=no_domain, size=size)
    return Plain(xml, {"name": found.name, "xml": xml}, [found.name])


def checkpoint_edit(domain: DomainArg, checkpointname: NameArg, *, turns: TurnsArg) -> Plain:
    """Edit the record of a checkpoint.

    The editor is $VISUAL, $EDITOR or vi. For example:

        aiovirt checkpoint-edit web1 monday
    """

    async def find(session: Session) -> Editable:
        vm = await session.domain(domain)
        found = await vm.checkpoints.get(checkpointname)

        async def read(session: Session) -> str:
            point = await (await session.domain(domain)).checkpoints.get(found.name)
            return await point.xml(secure=True)

        async def write(session: Session, text: str) -> None:
            await (await session.domain(domain)).checkpoints.create(text, redefine=True)

        return Editable(
            f"checkpoint '{found.name}'",
            vm.uuid,
            read,
            write,
            lambda result, text: point_done(vm.key, found.name, result, text),
        )

    return edited(turns, find)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which checkpoints are listed, and in which order."""

    roots: Annotated[bool, about("Only those that follow none.")] = False
    leaves: Annotated[bool, about("Only those that none follows.")] = False
    no_leaves: Annotated[bool, about("Only those that some follows.")] = False
    topological: Annotated[bool, about("None before the one it follows.")] = False


ALL = Filters()


async def checkpoint_list(
    domain: DomainArg,
    *,
    parent: Annotated[bool, about("Show what each follows.")] = False,
    tree: Annotated[bool, about("Draw them as a tree.")] = False,
    name: Annotated[bool, about("Only their names.")] = False,
    filters: Filters = ALL,
    session: SessionArg,
) -> Result:
    """List the checkpoints of a domain.

    For example:

        aiovirt checkpoint-list web1
        aiovirt checkpoint-list web1 --tree
    """
    if tree and (parent or name or filters.roots):
        raise UsageError("--tree goes with none of --parent, --name and --roots")
    vm = await session.domain(domain)
    names = {field.name: getattr(filters, field.name) for field in fields(filters)}
    found = await vm.checkpoints.list(flags=flag_set("DomainCheckpointListFlags", 0, **names))
    rows = [_row(await each.config(no_domain=True)) for each in found]
    if not filters.topological:
        rows.sort(key=lambda row: str(row["name"]))
    if tree:
        parents = {str(row["name"]): _parent(row) or None for row in rows}
        return Plain(tree_text(parents), rows, list(parents))
    if name:
        return Rows([Column("name", "Name")], rows, bare=True)
    columns = [Column("name", "Name"), CREATED]
    if parent:
        columns.append(Column("parent", "Parent", _parent))
    return Rows(columns, rows)


def _row(config: CheckpointConfig) -> Row:
    """A checkpoint, as documented in docs/cli.md."""
    return {"name": config.name, "created": created(config.created), "parent": config.parent}


def _parent(row: Row) -> str:
    return str(row["parent"] or "")


async def checkpoint_info(
    domain: DomainArg, checkpointname: NameArg, *, session: SessionArg
) -> Record:
    """Show what a checkpoint is.

    For example:

        aiovirt checkpoint-info web1 monday
    """
    vm = await session.domain(domain)
    found = await vm.checkpoints.get(checkpointname)
    row = {
        **_row(await found.config(no_domain=True)),
        "domain": vm.name,
        "children": len(await found.children()),
        "descendants": len(await found.children(descendants=True)),
    }
    columns = [
        Column("name", "Name"),
        Column("domain", "Domain"),
        Column("parent", "Parent"),
        Column("children", "Children"),
        Column("descendants", "Descendants"),
    ]
    return Record(columns, row)


async def checkpoint_parent(
    domain: DomainArg, checkpointname: NameArg, *, session: SessionArg
) -> Plain:
    """Print the name of the checkpoint that one follows.

    For example:

        aiovirt checkpoint-parent web1 tuesday
    """
    found = await (await session.domain(domain)).checkpoints.get(checkpointname)
    parent = await found.parent()
    return Plain(parent.name, {"name": found.name, "parent": parent.name}, [parent.name])


async def backup_begin(
    domain: DomainArg,
    backupxml: Annotated[Path | None, about("What is copied; - is standard input.")] = None,
    checkpointxml: Annotated[Path | None, about("A checkpoint of the same moment.")] = None,
    *,
    reuse_external: Annotated[bool, about("The images are there already.")] = False,
    wait: Annotated[bool, about("Return only when it is done.")] = False,
    session: SessionArg,
) -> Plain:
    """Begin a backup of the disks of a running domain.

    Without a file each disk is copied beside itself. For example:

        aiovirt backup-begin web1 --wait
        aiovirt backup-begin web1 monday.xml checkpoint.xml
    """
    vm = await session.domain(domain)
    config = None if backupxml is None else (await read_document(backupxml)).decode()
    point = None if checkpointxml is None else (await read_document(checkpointxml)).decode()
    await vm.begin_backup(config, point, reuse_external=reuse_external)
    if not wait:
        return done(vm.key, "begun", "Backup started")
    with job_bar(session, f"{vm.name}: backup") as progress:
        ended = await vm.wait_for_backup(progress)
    return done(vm.key, "completed", "Backup completed", bytes=ended.total)


async def backup_dumpxml(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Print the configuration of the backup that is under way.

    For example:

        aiovirt backup-dumpxml web1
    """
    vm = await session.domain(domain)
    xml = (await vm.backup_config()).to_xml()
    return Plain(xml, {"name": vm.name, "xml": xml}, [vm.name])
