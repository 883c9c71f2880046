"""Verbs about what a domain is called, and what is noted of it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.affects import AFFECTS, Affects
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done

__all__ = ["desc", "domrename", "metadata"]


async def domrename(
    domain: DomainArg, new_name: Annotated[str, about("The new name.")], *, session: SessionArg
) -> Plain:
    """Give a domain that is off another name.

    For example:

        aiovirt domrename web1 web2
    """
    found = await session.domain(domain)
    await found.rename(new_name)
    return done(found.key, "renamed", "Domain successfully renamed")


async def desc(
    domain: DomainArg,
    *new_desc: Annotated[str, about("The new text; nothing shows the present one.")],
    title: Annotated[bool, about("The title, not the description.")] = False,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or set the description of a domain, or its title.

    An empty text takes it away.

    For example:

        aiovirt desc web1
        aiovirt desc web1 --title "The first web server"
    """
    found = await session.domain(domain)
    kind = "title" if title else "description"
    where = affects.meant
    if new_desc:
        text = " ".join(new_desc) or None
        setter = found.set_title if title else found.set_description
        await setter(text, **where)
        return done(found.key, "updated", f"Domain {kind} updated successfully")
    known = await (found.title(**where) if title else found.description(**where))
    data = {"name": found.name, "uuid": str(found.uuid), kind: known}
    text = known or f"No {kind} for domain: {found.name}"
    return Plain(text, data, [known or ""], chatter=not known)


async def metadata(
    domain: DomainArg,
    uri: Annotated[str, about("The namespace.")],
    *,
    key: Annotated[str | None, about("The prefix of the namespace; needed to set.")] = None,
    set_: Annotated[str | None, Parameter(name="--set", help="The element as XML.")] = None,
    remove: Annotated[bool, about("Take it out.")] = False,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show or set the metadata that a domain has in a namespace.

    For example:

        aiovirt metadata web1 http://example.org/owner
        aiovirt metadata web1 http://example.org/owner --key own --set "<who>me</who>"
    """
    if remove and set_ is not None:
        raise UsageError("--set and --remove do not go together")
    if set_ is not None and key is None:
        raise UsageError("--set needs a --key")
    found = await session.domain(domain)
    if set_ is not None or remove:
        await found.set_metadata(uri, set_, key=key, **affects.meant)
        word = "removed" if remove else "modified"
        return done(found.key, word, f"Metadata {word}")
    xml = await found.metadata(uri, **affects.meant)
    data = {"name": found.name, "uuid": str(found.uuid), "uri": uri, "xml": xml}
    return Plain(xml.rstrip("\n"), data, [found.name])
