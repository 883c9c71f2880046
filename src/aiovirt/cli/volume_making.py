"""Verbs that make storage volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from xml.etree import ElementTree as ET

from cyclopts import Parameter

from aiovirt.cli.arguments import ContextArg, FileArg, SessionArg, about
from aiovirt.cli.bars import bar
from aiovirt.cli.documents import read_document
from aiovirt.cli.pool_source import printed, put
from aiovirt.cli.results import Plain
from aiovirt.cli.session import Session
from aiovirt.cli.storage import (
    PoolArg,
    PoolOption,
    VolumeArg,
    amount,
    find_pool,
    find_volume,
    volume_done,
)
from aiovirt.errors import NotFound

if TYPE_CHECKING:
    from aiovirt.objects import StoragePool

__all__ = ["vol_clone", "vol_create", "vol_create_as", "vol_create_from"]

PrintArg = Annotated[
    bool, Parameter(name="--print-xml", help="Print the configuration, and do nothing.")
]
MetadataArg = Annotated[
    bool,
    Parameter(name="--prealloc-metadata", help="Write the tables of a qcow2 image at once."),
]
ReflinkArg = Annotated[bool, about("Share the data until one of them is changed.")]
ValidateArg = Annotated[bool, about("Let libvirt check it against its grammar.")]


async def vol_create(
    pool: PoolArg,
    file: FileArg,
    *,
    metadata: MetadataArg = False,
    validate: ValidateArg = False,
    context: ContextArg,
) -> Plain:
    """Make a storage volume from an XML file.

    For example:

        aiovirt vol-create images web1.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        found = await find_pool(session, pool)
        with bar("making the volume", wanted=not context.settings.quiet) as progress:
            made = await found.create_volume(
                document, metadata=metadata, validate=validate, progress=progress
            )
    source = "standard input" if str(file) == "-" else file
    return volume_done(made.key, "created", f"Vol {made.name} created from {source}")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a new volume is."""

    allocation: Annotated[str | None, about("What it takes at once, such as 1G.")] = None
    format: Annotated[str | None, about("The format, such as raw or qcow2.")] = None
    backing_vol: Annotated[str | None, about("The volume with what was never written.")] = None
    backing_vol_format: Annotated[str | None, about("The format of that one.")] = None


async def vol_create_as(
    pool: PoolArg,
    name: Annotated[str, about("Its name.")],
    capacity: Annotated[str, about("What a guest sees, such as 10G.")],
    *,
    shape: Shape = Shape(),
    metadata: MetadataArg = False,
    print_xml: PrintArg = False,
    session: SessionArg,
) -> Plain:
    """Make a storage volume from options.

    For example:

        aiovirt vol-create-as images web1.qcow2 20G --format qcow2
        aiovirt vol-create-as images web2.qcow2 20G --format qcow2 --backing-vol base.qcow2
    """
    found = await find_pool(session, pool)
    backing = shape.backing_vol and await _backing_path(session, found, shape.backing_vol)
    document = _document(name, capacity, shape, backing or None)
    if print_xml:
        return Plain(document, {"xml": document}, [])
    with bar(f"making {name}", wanted=not session.settings.quiet) as progress:
        made = await found.create_volume(document, metadata=metadata, progress=progress)
    return volume_done(made.key, "created", f"Vol {made.name} created")


async def _backing_path(session: Session, pool: StoragePool, text: str) -> str:
    """The path of the backing volume: of that pool by its name, else by key or path."""
    try:
        return await (await pool.volume(text)).path()
    except NotFound:
        return await (await find_volume(session, text, None)).path()


def _document(name: str, capacity: str, shape: Shape, backing: str | None) -> str:
    root = ET.Element("volume")
    put(root, "name", name)
    put(root, "capacity", str(int(amount(capacity, "capacity"))))
    if shape.allocation is not None:
        put(root, "allocation", str(int(amount(shape.allocation, "--allocation"))))
    if shape.format is not None:
        put(ET.SubElement(root, "target"), "format", type=shape.format)
    if backing is not None:
        store = ET.SubElement(root, "backingStore")
        put(store, "path", backing)
        put(store, "format", type=shape.backing_vol_format)
    return printed(root)


async def vol_create_from(
    pool: PoolArg,
    file: FileArg,
    vol: VolumeArg,
    *,
    inputpool: Annotated[str | None, about("The pool of the volume with the data.")] = None,
    metadata: MetadataArg = False,
    reflink: ReflinkArg = False,
    validate: ValidateArg = False,
    context: ContextArg,
) -> Plain:
    """Make a storage volume from an XML file, with the data of another volume.

    For example:

        aiovirt vol-create-from images web2.xml web1.qcow2 --inputpool images
    """
    document = await read_document(file)
    async with context.connect() as session:
        found = await find_pool(session, pool)
        source = await find_volume(session, vol, inputpool)
        with bar(f"copying {source.name}", wanted=not context.settings.quiet) as progress:
            made = await found.clone_volume(
                source,
                document,
                metadata=metadata,
                reflink=reflink,
                validate=validate,
                progress=progress,
            )
    sentence = f"Vol {made.name} created from input vol {source.name}"
    return volume_done(made.key, "created", sentence)


async def vol_clone(
    vol: VolumeArg,
    newname: Annotated[str, about("The name of the new volume.")],
    pool: PoolOption = None,
    *,
    metadata: MetadataArg = False,
    reflink: ReflinkArg = False,
    session: SessionArg,
) -> Plain:
    """Copy a storage volume within its pool.

    For example:

        aiovirt vol-clone web1.qcow2 web2.qcow2 --pool images
    """
    source = await find_volume(session, vol, pool)
    found = await session.host.pools.of(source)
    with bar(f"copying {source.name}", wanted=not session.settings.quiet) as progress:
        made = await found.clone_volume(
            source, name=newname, metadata=metadata, reflink=reflink, progress=progress
        )
    return volume_done(made.key, "cloned", f"Vol {made.name} cloned from {source.name}")
