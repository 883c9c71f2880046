"""Verbs about network filters and their bindings."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from aiovirt.cli.arguments import ContextArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document, source_name
from aiovirt.cli.results import Column, Plain, Rows
from aiovirt.cli.session import Session
from aiovirt.errors import NotFound

if TYPE_CHECKING:
    from aiovirt.objects import FilterBinding, NetworkFilter

__all__ = [
    "FilterArg",
    "filter_done",
    "find_filter",
    "nwfilter_binding_create",
    "nwfilter_binding_delete",
    "nwfilter_binding_dumpxml",
    "nwfilter_binding_list",
    "nwfilter_define",
    "nwfilter_dumpxml",
    "nwfilter_list",
    "nwfilter_undefine",
]

FilterArg = Annotated[str, about("Its name or UUID.")]
DeviceArg = Annotated[str, about("The device of the host, such as vnet0.")]
ValidateArg = Annotated[bool, about("Let libvirt check it against its grammar.")]


async def find_filter(session: Session, text: str) -> NetworkFilter:
    """The filter of that UUID or name, looked for in this order, as virsh does.

    Raises:
        NotFound: There is none.
    """
    with suppress(ValueError, NotFound):
        return await session.host.filters.get(UUID(text))
    try:
        return await session.host.filters.get(text)
    except NotFound as error:
        hint = error.hint or "aiovirt nwfilter-list shows what there is"
        raise NotFound(str(error), hint=hint) from error


def filter_done(found: NetworkFilter, result: str, sentence: str) -> Plain:
    """The confirmation that something was done to a filter."""
    data = {"name": found.name, "uuid": str(found.uuid), "result": result}
    return Plain(sentence, data, [found.name], chatter=True)


async def nwfilter_list(*, session: SessionArg) -> Rows:
    """List the network filters.

    For example:

        aiovirt nwfilter-list
    """
    rows = [{"name": one.name, "uuid": str(one.uuid)} for one in await session.host.filters.list()]
    return Rows([Column("uuid", "UUID"), Column("name", "Name")], rows)


async def nwfilter_define(
    file: FileArg, *, validate: ValidateArg = False, context: ContextArg
) -> Plain:
    """Define or change a network filter from an XML file.

    Guests that use it are filtered anew at once. For example:

        aiovirt nwfilter-define no-mail.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        made = await session.host.filters.define(document, validate=validate)
    return filter_done(
        made, "defined", f"Network filter {made.name} defined from {source_name(file)}"
    )


async def nwfilter_undefine(nwfilter: FilterArg, *, session: SessionArg) -> Plain:
    """Remove a network filter that nobody uses.

    For example:

        aiovirt nwfilter-undefine no-mail
    """
    found = await find_filter(session, nwfilter)
    await found.undefine()
    return filter_done(found, "undefined", f"Network filter {found.name} undefined")


async def nwfilter_dumpxml(nwfilter: FilterArg, *, session: SessionArg) -> Plain:
    """Print a network filter as XML.

    For example:

        aiovirt nwfilter-dumpxml clean-traffic
    """
    found = await find_filter(session, nwfilter)
    xml = await found.xml()
    data = {"name": found.name, "uuid": str(found.uuid), "xml": xml}
    return Plain(xml.rstrip("\n"), data, [found.name])


# --- bindings ---------------------------------------------------------------------------------


async def _binding(session: Session, device: str) -> FilterBinding:
    try:
        return await session.host.filters.binding(device)
    except NotFound as error:
        hint = error.hint or "aiovirt nwfilter-binding-list shows what there is"
        raise NotFound(str(error), hint=hint) from error


def _bound(binding: FilterBinding, result: str, words: str) -> Plain:
    data = {"name": binding.port_device, "filter": binding.filter_name, "result": result}
    sentence = f"Network filter binding on {binding.port_device} {words}"
    return Plain(sentence, data, [binding.port_device], chatter=True)


async def nwfilter_binding_list(*, session: SessionArg) -> Rows:
    """List which devices of the host are filtered.

    For example:

        aiovirt nwfilter-binding-list
    """
    rows = [
        {"name": one.port_device, "filter": one.filter_name}
        for one in await session.host.filters.bindings()
    ]
    return Rows([Column("name", "Port Dev"), Column("filter", "Filter")], rows)


async def nwfilter_binding_create(
    file: FileArg, *, validate: ValidateArg = False, context: ContextArg
) -> Plain:
    """Let a filter hold for a device of the host, from an XML file.

    For example:

        aiovirt nwfilter-binding-create binding.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        made = await session.host.filters.bind(document, validate=validate)
    return _bound(made, "created", f"created from {source_name(file)}")


async def nwfilter_binding_delete(binding: DeviceArg, *, session: SessionArg) -> Plain:
    """Let a device of the host be filtered no more.

    For example:

        aiovirt nwfilter-binding-delete vnet0
    """
    found = await _binding(session, binding)
    await found.delete()
    return _bound(found, "deleted", "deleted")


async def nwfilter_binding_dumpxml(binding: DeviceArg, *, session: SessionArg) -> Plain:
    """Print which filter a device of the host has, as XML.

    For example:

        aiovirt nwfilter-binding-dumpxml vnet0
    """
    found = await _binding(session, binding)
    xml = await found.xml()
    data = {"name": found.port_device, "filter": found.filter_name, "xml": xml}
    return Plain(xml.rstrip("\n"), data, [found.port_device])
