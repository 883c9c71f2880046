"""Verbs about snapshots: making, looking at, going back to, deleting."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, SessionArg, TurnsArg, about
from aiovirt.cli.documents import read_document
from aiovirt.cli.editing import Editable, edited
from aiovirt.cli.failures import UsageError
from aiovirt.cli.jobs import job_bar
from aiovirt.cli.points import Removal, point_done
from aiovirt.cli.results import Plain
from aiovirt.cli.session import Session
from aiovirt.errors import NotFound
from aiovirt.model.flags import flag_set

if TYPE_CHECKING:
    from aiovirt.config import SnapshotConfig
    from aiovirt.objects import Domain, Snapshot

__all__ = [
    "find_snapshot",
    "snapshot_create",
    "snapshot_create_as",
    "snapshot_current",
    "snapshot_delete",
    "snapshot_dumpxml",
    "snapshot_edit",
    "snapshot_parent",
    "snapshot_revert",
]

CREATE = "DomainSnapshotCreateFlags"

SnapshotArg = Annotated[str | None, about("Its name; or --current.")]
CurrentArg = Annotated[bool, about("The current one.")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a snapshot is made."""

    no_metadata: Annotated[bool, about("Keep no record of it.")] = False
    halt: Annotated[bool, about("Stop the domain afterwards.")] = False
    disk_only: Annotated[bool, about("Leave the memory out.")] = False
    reuse_external: Annotated[bool, about("The images are there already.")] = False
    quiesce: Annotated[bool, about("Let the guest's agent hold its file systems still.")] = False
    atomic: Annotated[bool, about("All disks or none.")] = False
    live: Annotated[bool, about("Let the guest go on while its memory is written.")] = False
    validate: Annotated[bool, about("Check the document against libvirt's grammar.")] = False

    def flags(self, *, redefine: bool = False, current: bool = False) -> Any:  # noqa: ANN401
        """The flags that no argument of the method stands for."""
        return flag_set(
            CREATE,
            0,
            halt=self.halt,
            reuse_ext=self.reuse_external,
            live=self.live,
            validate=self.validate,
            redefine=redefine,
            current=current,
        )


DEFAULT = Making()


async def find_snapshot(vm: Domain, name: str | None, *, current: bool) -> Snapshot:
    """The snapshot of that name, or the current one.

    Raises:
        UsageError: Neither or both were asked for.
        NotFound: There is none.
    """
    if (name is None) is not current:
        raise UsageError("name a snapshot, or use --current", hint="not both")
    if name is not None:
        return await vm.snapshots.get(name)
    found = await vm.snapshots.current()
    if found is None:
        raise NotFound(f"domain '{vm.name}' has no current snapshot")
    return found


async def _create(
    session: Session,
    vm: Domain,
    config: SnapshotConfig | str | None,
    making: Making,
    flags: Any,  # noqa: ANN401
) -> Snapshot:
    with job_bar(session, f"{vm.name}: snapshot") as progress:
        return await vm.snapshots.create(
            config,
            disk_only=making.disk_only,
            quiesce=making.quiesce,
            atomic=making.atomic,
            no_metadata=making.no_metadata,
            progress=progress,
            flags=flags,
        )


async def snapshot_create(
    domain: DomainArg,
    xmlfile: Annotated[Path | None, about("Its configuration; - is standard input.")] = None,
    *,
    redefine: Annotated[bool, about("Bring back the record of one that is there.")] = False,
    current: Annotated[bool, about("With --redefine: make it the current one.")] = False,
    making: Making = DEFAULT,
    session: SessionArg,
) -> Plain:
    """Make a snapshot from an XML file, or without one as the driver likes.

    For example:

        aiovirt snapshot-create web1
        aiovirt snapshot-create web1 before.xml --disk-only --atomic
    """
    vm = await session.domain(domain)
    config = None if xmlfile is None else (await read_document(xmlfile)).decode()
    flags = making.flags(redefine=redefine, current=current)
    made = await _create(session, vm, config, making, flags)
    source = "" if xmlfile is None else f" from '{xmlfile}'"
    return point_done(vm.key, made.name, "created", f"Domain snapshot {made.name} created{source}")


async def snapshot_create_as(
    domain: DomainArg,
    name: Annotated[str | None, about("Its name; else the time.")] = None,
    description: Annotated[str | None, about("What it is for.")] = None,
    *,
    diskspec: Annotated[
        tuple[str, ...], about("A disk: NAME[,snapshot=TYPE][,driver=TYPE][,stype=TYPE][,file=F].")
    ] = (),
    memspec: Annotated[str | None, about("The memory: [file=]NAME[,snapshot=TYPE].")] = None,
    print_xml: Annotated[bool, about("Print the document instead.")] = False,
    making: Making = DEFAULT,
    session: SessionArg,
) -> Plain:
    """Make a snapshot from options.

    For example:

        aiovirt snapshot-create-as web1 before "before the update"
        aiovirt snapshot-create-as web1 --disk-only --diskspec vda,file=/srv/web1.new
    """
    specs = import_module("aiovirt.cli.snapshot_specs")
    config: SnapshotConfig = specs.snapshot_of(name, description, diskspec, memspec)
    if print_xml:
        return Plain(config.to_xml(), {"xml": config.to_xml()}, [name or ""])
    vm = await session.domain(domain)
    made = await _create(session, vm, config, making, making.flags())
    return point_done(vm.key, made.name, "created", f"Domain snapshot {made.name} created")


async def snapshot_current(
    domain: DomainArg,
    snapshotname: Annotated[str | None, about("Make this one the current one.")] = None,
    *,
    name: Annotated[bool, about("Only its name.")] = False,
    security_info: Annotated[bool, about("With passwords.")] = False,
    session: SessionArg,
) -> Plain:
    """Print or set the current snapshot.

    For example:

        aiovirt snapshot-current web1 --name
        aiovirt snapshot-current web1 before
    """
    vm = await session.domain(domain)
    if snapshotname is not None:
        chosen = await vm.snapshots.get(snapshotname)
        await vm.snapshots.create(
            await chosen.xml(secure=True), flags=flag_set(CREATE, 0, redefine=True, current=True)
        )
        return point_done(vm.key, chosen.name, "current", f"Snapshot {chosen.name} set as current")
    found = await find_snapshot(vm, None, current=True)
    xml = await found.xml(secure=security_info)
    return Plain(found.name if name else xml, {"name": found.name, "xml": xml}, [found.name])


async def snapshot_delete(
    domain: DomainArg,
    snapshotname: SnapshotArg = None,
    *,
    current: CurrentArg = False,
    children: Annotated[bool, about("Those made from it, too.")] = False,
    children_only: Annotated[bool, about("These, and not itself.")] = False,
    metadata: Annotated[bool, about("The record only, and no data.")] = False,
    session: SessionArg,
) -> Plain:
    """Delete a snapshot.

    For example:

        aiovirt snapshot-delete web1 before
        aiovirt snapshot-delete web1 --current --children
    """
    vm = await session.domain(domain)
    found = await find_snapshot(vm, snapshotname, current=current)
    async with session.progress(f"{vm.name}: deleting snapshot {found.name}"):
        await found.delete(children=children, children_only=children_only, metadata_only=metadata)
    sentence = Removal(children, children_only).sentence("snapshot", found.name)
    return point_done(vm.key, found.name, "deleted", sentence)


async def snapshot_dumpxml(
    domain: DomainArg,
    snapshotname: Annotated[str, about("Its name.")],
    *,
    security_info: Annotated[bool, about("With passwords.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the configuration of a snapshot.

    For example:

        aiovirt snapshot-dumpxml web1 before
    """
    found = await (await session.domain(domain)).snapshots.get(snapshotname)
    xml = await found.xml(secure=security_info)
    return Plain(xml, {"name": found.name, "xml": xml}, [found.name])


def snapshot_edit(
    domain: DomainArg,
    snapshotname: SnapshotArg = None,
    *,
    current: Annotated[bool, about("The current one; or make it the current one.")] = False,
    rename: Annotated[bool, about("It may get another name.")] = False,
    clone: Annotated[bool, about("A changed name makes another one.")] = False,
    turns: TurnsArg,
) -> Plain:
    """Edit the record of a snapshot.

    The editor is $VISUAL, $EDITOR or vi. For example:

        aiovirt snapshot-edit web1 before
    """

    async def find(session: Session) -> Editable:
        vm = await session.domain(domain)
        only_current = current and snapshotname is None
        found = await find_snapshot(vm, snapshotname, current=only_current)
        label = f"snapshot '{found.name}'"
        stays = current or await found.is_current()
        flags = flag_set(CREATE, 0, redefine=True, current=stays)

        async def read(session: Session) -> str:
            vm = await session.domain(domain)
            return await (await vm.snapshots.get(found.name)).xml(secure=True)

        async def write(session: Session, text: str) -> None:
            vm = await session.domain(domain)
            made = await vm.snapshots.create(text, flags=flags)
            if made.name != found.name and not clone:
                extra = found if rename else made
                await (await vm.snapshots.get(extra.name)).delete(metadata_only=True)
                if not rename:
                    raise UsageError(
                        f"the name of {label} must not change", hint="see --rename and --clone"
                    )

        return Editable(
            label,
            vm.uuid,
            read,
            write,
            lambda result, text: point_done(vm.key, found.name, result, text),
        )

    return edited(turns, find)


async def snapshot_parent(
    domain: DomainArg,
    snapshotname: SnapshotArg = None,
    *,
    current: CurrentArg = False,
    session: SessionArg,
) -> Plain:
    """Print the name of the snapshot that one was made from.

    For example:

        aiovirt snapshot-parent web1 after
    """
    vm = await session.domain(domain)
    found = await find_snapshot(vm, snapshotname, current=current)
    parent = await found.parent()
    return Plain(parent.name, {"name": found.name, "parent": parent.name}, [parent.name])


async def snapshot_revert(
    domain: DomainArg,
    snapshotname: SnapshotArg = None,
    *,
    current: CurrentArg = False,
    running: Annotated[bool, about("Let it run then.")] = False,
    paused: Annotated[bool, about("Let it stand still then.")] = False,
    force: Annotated[bool, about("Also where more is lost than is expected.")] = False,
    reset_nvram: Annotated[bool, about("Begin with fresh firmware settings.")] = False,
    session: SessionArg,
) -> Plain:
    """Bring a domain back to what it was.

    What happened since is lost. For example:

        aiovirt snapshot-revert web1 before
        aiovirt snapshot-revert web1 --current --running
    """
    vm = await session.domain(domain)
    found = await find_snapshot(vm, snapshotname, current=current)
    with job_bar(session, f"{vm.name}: reverting") as progress:
        await found.revert(
            running=running,
            paused=paused,
            force=force,
            progress=progress,
            flags=flag_set("DomainSnapshotRevertFlags", 0, reset_nvram=reset_nvram),
        )
    return point_done(vm.key, found.name, "reverted", f"Domain snapshot {found.name} reverted")
