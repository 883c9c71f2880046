"""Verbs about definitions: what a domain is made of, whether it runs or not."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import ContextArg, DomainArg, FileArg, OtherDomainArg, SessionArg, about
from aiovirt.cli.console import Manner, show_console
from aiovirt.cli.documents import read_document, validate
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.cli.session import Session

if TYPE_CHECKING:
    from aiovirt.config import DomainConfig

__all__ = [
    "autostart",
    "create",
    "define",
    "domxml_from_native",
    "domxml_to_native",
    "dumpxml",
    "undefine",
]

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


async def create(
    file: FileArg,
    *,
    console: Annotated[bool, about("Show its console when it runs.")] = False,
    paused: Annotated[bool, about("Let it stand still before its first step.")] = False,
    context: ContextArg,
) -> Plain | None:
    """Start a domain from an XML file, without defining it: it is gone when it stops.

    For example:

        aiovirt create web1.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        domain = await session.host.domains.create(document, paused=paused)
        source = "standard input" if str(file) == "-" else file
        created = done(domain.key, "created", f"Domain '{domain.name}' created from {source}")
        if not console:
            return created
        session.out.say(created.text)
        await show_console(session, domain, Manner())
    return None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What goes with the definition."""

    managed_save: Annotated[bool, about("The saved state.")] = False
    snapshots_metadata: Annotated[bool, about("What is known of its snapshots.")] = False
    checkpoints_metadata: Annotated[bool, about("What is known of its checkpoints.")] = False
    nvram: Annotated[bool, about("The variables of its firmware.")] = False
    keep_nvram: Annotated[bool, about("They stay.")] = False
    tpm: Annotated[bool, about("The state of its TPM.")] = False
    keep_tpm: Annotated[bool, about("It stays.")] = False


NOTHING = Leftovers()


def _either(yes: bool, no: bool) -> bool | None:  # noqa: FBT001 - two options' values
    return None if yes is no else yes


async def undefine(
    domain: DomainArg, *, leftovers: Leftovers = NOTHING, session: SessionArg
) -> Plain:
    """Remove the definition of a domain.

    Its disks stay, and it goes on running if it runs.

    For example:

        aiovirt undefine web1
    """
    found = await session.domain(domain)
    await found.undefine(
        managed_save=leftovers.managed_save,
        snapshots_metadata=leftovers.snapshots_metadata,
        checkpoints_metadata=leftovers.checkpoints_metadata,
        nvram=_either(leftovers.nvram, leftovers.keep_nvram),
        tpm=_either(leftovers.tpm, leftovers.keep_tpm),
    )
    return done(found.key, "undefined", f"Domain '{found.name}' has been undefined")


async def autostart(
    domain: DomainArg,
    *,
    disable: Annotated[bool, about("Do not start it with the host any more.")] = False,
    once: Annotated[bool, about("Only the next time.")] = False,
    session: SessionArg,
) -> Plain:
    """Let a domain start with the host.

    For example:

        aiovirt autostart web1
        aiovirt autostart --disable web1
    """
    found = await session.domain(domain)
    await found.set_autostart(autostart=not disable, once=once)
    result = "unmarked" if disable else "marked"
    return done(found.key, result, f"Domain '{found.name}' {result} as autostarted")


async def dumpxml(
    domain: DomainArg,
    *,
    inactive: Annotated[bool, about("That of the next start, even if it runs.")] = False,
    security_info: Annotated[bool, about("With passwords.")] = False,
    update_cpu: Annotated[bool, about("With the CPU as the host has it.")] = False,
    migratable: Annotated[bool, about("As a migration needs it.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the configuration of a domain as XML.

    For example:

        aiovirt dumpxml web1
        aiovirt dumpxml --inactive web1 > web1.xml
    """
    found = await session.domain(domain)
    xml = await found.xml(
        inactive=inactive, secure=security_info, update_cpu=update_cpu, migratable=migratable
    )
    data = {"name": found.name, "uuid": str(found.uuid), "xml": xml}
    return Plain(xml.rstrip("\n"), data, [found.name])


async def domxml_to_native(
    form: Annotated[str, Parameter(name="--format", help="The form, such as qemu-argv.")],
    *,
    domain: OtherDomainArg = None,
    xml: Annotated[Path | None, about("An XML file instead of a domain; - is stdin.")] = None,
    context: ContextArg,
) -> Plain:
    """Print what a configuration is in another program's form.

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
        text = await session.host.to_native(form, config)
    arguments = shlex.split(text) if form == NATIVE_FORMAT else None
    return Plain(text.rstrip("\n"), {"arguments": arguments, "text": text}, [form])


async def domxml_from_native(
    form: Annotated[str, Parameter(name="--format", help="The form, such as lxc-tools.")],
    config: Annotated[Path, about("A document of that form; - is standard input.")],
    *,
    context: ContextArg,
) -> Plain:
    """Print the XML that another program's form stands for.

    For example:

        aiovirt domxml-from-native -c lxc:///system lxc-tools box.conf
    """
    text = (await read_document(config)).decode()
    async with context.connect() as session:
        found = await session.host.from_native(form, text)
    xml = found.to_xml()
    return Plain(xml.rstrip("\n"), {"name": found.name, "xml": xml}, [found.name or ""])


def _parse(document: bytes) -> DomainConfig:
    parse: Callable[[bytes], DomainConfig] = import_module("aiovirt.config").DomainConfig.parse
    return parse(document)


async def _config(session: Session, domain: str) -> DomainConfig:
    return await (await session.domain(domain)).config(inactive=True, secure=True)
