"""Verbs about whole machines in the inventory of VMware's servers, and about their hosts."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done

__all__ = ["attribute", "clone", "delete", "folder", "maintenance", "relocate", "template"]

HostArg = Annotated[str | None, about("The host's name; not needed where there is one only.")]


async def clone(
    domain: DomainArg,
    name: Annotated[str, about("The copy's name.")],
    *,
    folder: Annotated[str | None, about("The copy's folder, such as web/staging.")] = None,
    host: Annotated[str | None, about("The copy's host, or a cluster.")] = None,
    datastore: Annotated[str | None, about("Where its files go.")] = None,
    linked: Annotated[
        bool, about("Only hold what differs from the domain's current snapshot.")
    ] = False,
    template: Annotated[bool, about("Make a template.")] = False,
    session: SessionArg,
) -> Plain:
    """Copy a domain with its disks; the copy is off.

    For example:

        aiovirt clone golden web1 --datastore ssd1
    """
    found = await session.domain(domain)
    async with session.progress(f"{found.name}: copying"):
        made = await found.clone(
            name, folder=folder, host=host, datastore=datastore, linked=linked, template=template
        )
    return done(made.key, "cloned", f"Domain '{found.name}' copied to '{made.name}'")


async def delete(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Remove a domain that is off with all its files, disks among them.

    For example:

        aiovirt delete web1
    """
    found = await session.domain(domain)
    await found.delete()
    return done(found.key, "deleted", f"Domain '{found.name}' deleted with its files")


async def relocate(
    domain: DomainArg,
    *,
    host: Annotated[str | None, about("Another host, or a cluster.")] = None,
    datastore: Annotated[str | None, about("Another datastore.")] = None,
    session: SessionArg,
) -> Plain:
    """Move a domain to another host or datastore of its server, while it runs.

    For example:

        aiovirt relocate web1 --host esx2.example.org
        aiovirt relocate web1 --datastore ssd1
    """
    if host is None and datastore is None:
        raise UsageError("name a --host, a --datastore, or both")
    found = await session.domain(domain)
    async with session.progress(f"{found.name}: moving"):
        await found.relocate(host=host, datastore=datastore)
    return done(found.key, "moved", f"Domain '{found.name}' moved")


async def template(
    domain: DomainArg,
    *,
    off: Annotated[bool, Parameter(negative=(), help="Make a domain of a template again.")] = False,
    session: SessionArg,
) -> Plain:
    """Make a template of a domain that is off, which never runs and is there to be copied.

    For example:

        aiovirt template golden
    """
    found = await session.domain(domain)
    await found.set_template(template=not off)
    said = "a domain again" if off else "a template now"
    return done(found.key, "domain" if off else "template", f"'{found.name}' is {said}")


async def folder(
    domain: DomainArg,
    new_folder: Annotated[str | None, about("Where to put it, such as web/staging.")] = None,
    *,
    session: SessionArg,
) -> Plain:
    """Show or set the folder that a domain is in; missing ones are made.

    For example:

        aiovirt folder web1
        aiovirt folder web1 web/staging
    """
    found = await session.domain(domain)
    if new_folder is not None:
        await found.move_to_folder(new_folder)
        return done(found.key, "moved", f"Domain '{found.name}' is in '{new_folder}' now")
    where = await found.folder()
    data = {"name": found.name, "uuid": str(found.uuid), "folder": where}
    return Plain(where or "/", data, [where])


async def attribute(
    domain: DomainArg,
    name: Annotated[str | None, about("The attribute; nothing shows all.")] = None,
    value: Annotated[str | None, about("Its new value; an empty one takes it away.")] = None,
    *,
    session: SessionArg,
) -> Plain:
    """Show or set the custom attributes of a domain.

    For example:

        aiovirt attribute web1
        aiovirt attribute web1 owner "the web team"
    """
    found = await session.domain(domain)
    if name is not None and value is not None:
        await found.set_attribute(name, value)
        return done(found.key, "updated", f"Attribute '{name}' updated")
    known = await found.attributes()
    shown = {key: text for key, text in known.items() if name in {None, key}}
    text = "\n".join(f"{key}: {text}" for key, text in sorted(shown.items()))
    data = {"name": found.name, "uuid": str(found.uuid), "attributes": shown}
    nothing = f"No attributes for domain: {found.name}"
    return Plain(text or nothing, data, list(shown), chatter=not shown)


async def maintenance(
    host: HostArg = None,
    *,
    enter: Annotated[bool, Parameter(negative=(), help="Let it enter maintenance mode.")] = False,
    leave: Annotated[bool, Parameter(negative=(), help="Let it leave it.")] = False,
    evacuate: Annotated[
        bool, about("In a cluster, move domains that are off away as well.")
    ] = False,
    wait: Annotated[int, about("Seconds for which is waited for its domains; 0 for ever.")] = 0,
    session: SessionArg,
) -> Plain:
    """Show whether a host is in maintenance mode, or let it enter or leave it.

    For example:

        aiovirt maintenance esx1.example.org --enter --wait 600
    """
    if enter and leave:
        raise UsageError("--enter and --leave do not go together")
    server = session.host
    if enter:
        async with session.progress("waiting until no domain runs there"):
            await server.enter_maintenance(host, evacuate=evacuate, timeout_s=wait)
    elif leave:
        await server.leave_maintenance(host)
    active = enter or (not leave and await server.maintenance(host))
    words = "in maintenance mode" if active else "not in maintenance mode"
    return Plain(words, {"host": host, "maintenance": active}, [words])
