"""Verbs about definitions: what a domain is made of, whether it runs or not."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from aiovirt.cli.arguments import ContextArg, DomainArg, FileArg, OtherDomainArg, SessionArg, about
from aiovirt.cli.documents import read_document, validate
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.cli.session import Session

if TYPE_CHECKING:
    from aiovirt.config import DomainConfig

__all__ = ["autostart", "define", "domxml_to_native", "dumpxml", "undefine"]

NATIVE_FORMAT = "qemu-argv"


async def define(
    file: FileArg,
    *,
    checked: Annotated[
        bool, Parameter(name="--validate", help="Check it against libvirt's grammar first.")
    ] = False,
    context: ContextArg,
) -> Plain:
    """Define a domain from an XML file, without starting it.

    One that is defined already is changed; what runs is not touched.

    For example:

        aiovirt define web1.xml
        aiovirt define --validate web1.xml
        aiovirt dumpxml old | sed s/old/new/ | aiovirt define -
    """
    # The file first: whoever writes it into a pipe may need the host until then.
    document = await read_document(file)
    if checked:
        validate(document)
    async with context.connect() as session:
        domain = await session.host.domains.define(document)
    source = "standard input" if str(file) == "-" else file
    return done(domain.key, "defined", f"Domain '{domain.name}' defined from {source}")


async def undefine(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Remove the definition of a domain.

    Its disks stay, and it goes on running if it runs.

    For example:

        aiovirt undefine web1
    """
    found = await session.domain(domain)
    await found.undefine()
    return done(found.key, "undefined", f"Domain '{found.name}' has been undefined")


async def autostart(
    domain: DomainArg,
    *,
    disable: Annotated[bool, about("Do not start it with the host any more.")] = False,
    session: SessionArg,
) -> Plain:
    """Let a domain start with the host.

    For example:

        aiovirt autostart web1
        aiovirt autostart --disable web1
    """
    found = await session.domain(domain)
    await found.set_autostart(autostart=not disable)
    result = "unmarked" if disable else "marked"
    return done(found.key, result, f"Domain '{found.name}' {result} as autostarted")


async def dumpxml(
    domain: DomainArg,
    *,
    inactive: Annotated[bool, about("That of the next start, even if it runs.")] = False,
    security_info: Annotated[bool, about("With passwords.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the configuration of a domain as XML.

    For example:

        aiovirt dumpxml web1
        aiovirt dumpxml --inactive web1 > web1.xml
    """
    found = await session.domain(domain)
    xml = await found.xml(inactive=inactive, secure=security_info)
    data = {"name": found.name, "uuid": str(found.uuid), "xml": xml}
    return Plain(xml.rstrip("\n"), data, [found.name])


async def domxml_to_native(
    form: Annotated[Literal["qemu-argv"], about("What to convert to.")],
    *,
    domain: OtherDomainArg = None,
    xml: Annotated[Path | None, about("An XML file instead of a domain; - is stdin.")] = None,
    context: ContextArg,
) -> Plain:
    """Print the command line a configuration becomes.

    Nothing is started.

    For example:

        aiovirt domxml-to-native qemu-argv --domain web1
        aiovirt domxml-to-native qemu-argv --xml web1.xml
    """
    if (domain is None) is (xml is None):
        raise UsageError(f"{form} of what: give either --domain or --xml")
    document = b"" if xml is None else await read_document(xml)
    async with context.connect() as session:
        config = _parse(document) if domain is None else await _config(session, domain)
        arguments = list(await session.host.native_command(config))
    return Plain(shlex.join(arguments), {"arguments": arguments}, arguments[:1])


def _parse(document: bytes) -> DomainConfig:
    parse: Callable[[bytes], DomainConfig] = import_module("aiovirt.config").DomainConfig.parse
    return parse(document)


async def _config(session: Session, domain: str) -> DomainConfig:
    return await (await session.domain(domain)).config(inactive=True, secure=True)
