"""Verbs that make storage pools, and that look for what they could be made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import ContextArg, FileArg, about
from aiovirt.cli.documents import read_document
from aiovirt.cli.pool_source import NO_SOURCE, Source, pool_document, source_document
from aiovirt.cli.results import Plain
from aiovirt.cli.session import Context
from aiovirt.cli.storage import NOTHING_FIRST, Building, pool_done

__all__ = [
    "find_storage_pool_sources",
    "find_storage_pool_sources_as",
    "pool_create",
    "pool_create_as",
    "pool_define",
    "pool_define_as",
]

PrintArg = Annotated[
    bool, Parameter(name="--print-xml", help="Print the configuration, and do nothing.")
]


def _source(file: Path) -> str:
    return "standard input" if str(file) == "-" else str(file)


async def pool_define(
    file: FileArg,
    *,
    validate: Annotated[bool, about("Let libvirt check it against its grammar.")] = False,
    context: ContextArg,
) -> Plain:
    """Define a storage pool from an XML file, without starting it.

    For example:

        aiovirt pool-define images.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        pool = await session.host.pools.define(document, validate=validate)
    return pool_done(pool.key, "defined", f"Pool {pool.name} defined from {_source(file)}")


async def pool_define_as(
    name: Annotated[str, about("Its name.")],
    type_: Annotated[str, Parameter(name="type", help="The type, such as dir or netfs.")],
    *,
    source: Source = NO_SOURCE,
    print_xml: PrintArg = False,
    context: ContextArg,
) -> Plain:
    """Define a storage pool from options, without starting it.

    For example:

        aiovirt pool-define-as images dir --target /srv/images
        aiovirt pool-define-as iso netfs --source-host nas --source-path /iso --target /srv/iso
    """
    document = pool_document(name, type_, source)
    if print_xml:
        return Plain(document, {"xml": document}, [])
    async with context.connect() as session:
        pool = await session.host.pools.define(document)
    return pool_done(pool.key, "defined", f"Pool {pool.name} defined")


async def pool_create(
    file: FileArg, *, building: Building = NOTHING_FIRST, context: ContextArg
) -> Plain:
    """Start a storage pool from an XML file, without defining it.

    For example:

        aiovirt pool-create --build images.xml
    """
    return await _create(
        context, (await read_document(file)).decode(), building, f"created from {_source(file)}"
    )


async def pool_create_as(
    name: Annotated[str, about("Its name.")],
    type_: Annotated[str, Parameter(name="type", help="The type, such as dir or netfs.")],
    *,
    source: Source = NO_SOURCE,
    building: Building = NOTHING_FIRST,
    print_xml: PrintArg = False,
    context: ContextArg,
) -> Plain:
    """Start a storage pool from options, without defining it.

    For example:

        aiovirt pool-create-as scratch dir --target /tmp/scratch --build
    """
    document = pool_document(name, type_, source)
    if print_xml:
        return Plain(document, {"xml": document}, [])
    return await _create(context, document, building, "created")


async def _create(context: Context, document: str, building: Building, sentence: str) -> Plain:
    async with context.connect() as session, session.progress("waiting for the pool"):
        pool = await session.host.pools.create(
            document,
            build=building.build,
            overwrite=building.overwrite,
            no_overwrite=building.no_overwrite,
        )
    return pool_done(pool.key, "created", f"Pool {pool.name} {sentence}")


async def find_storage_pool_sources(
    type_: Annotated[str, Parameter(name="type", help="The type of pool.")],
    src_spec: Annotated[Path | None, about("An XML file that says where to look.")] = None,
    *,
    context: ContextArg,
) -> Plain:
    """Print what storage pools of a type could be made of, as XML.

    For example:

        aiovirt find-storage-pool-sources logical
    """
    source = None if src_spec is None else (await read_document(src_spec)).decode()
    return await _sources(context, type_, source)


async def find_storage_pool_sources_as(
    type_: Annotated[str, Parameter(name="type", help="The type of pool.")],
    host: Annotated[str | None, about("The server to ask.")] = None,
    port: Annotated[str | None, about("Its port.")] = None,
    initiator: Annotated[str | None, about("The name we have for iSCSI.")] = None,
    *,
    context: ContextArg,
) -> Plain:
    """Print what storage pools of a type could be made of, as XML, by options.

    For example:

        aiovirt find-storage-pool-sources-as netfs nas.example.org
    """
    asked = (host, port, initiator) != (None, None, None)
    return await _sources(context, type_, source_document(host, port, initiator) if asked else None)


async def _sources(context: Context, kind: str, source: str | None) -> Plain:
    async with context.connect() as session:
        xml = (await session.host.pools.find_sources(kind, source)).to_xml()
    return Plain(xml.rstrip("\n"), {"xml": xml}, [])
