"""Verbs that save a domain's memory, go on from it, or dump it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from aiovirt.cli.affects import told
from aiovirt.cli.arguments import DomainArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document
from aiovirt.cli.failures import UsageError
from aiovirt.cli.jobs import job_bar
from aiovirt.cli.results import Plain, done

__all__ = [
    "AS_IT_WAS",
    "HostFileArg",
    "Then",
    "dump",
    "managedsave",
    "managedsave_define",
    "managedsave_dumpxml",
    "managedsave_remove",
    "restore",
    "save",
    "save_image_define",
    "save_image_dumpxml",
]

HostFileArg = Annotated[Path, about("The file, on the host.")]
XmlArg = Annotated[
    Path | None, Parameter(name="--xml", help="A file with a configuration in place of its own.")
]
SecureArg = Annotated[bool, about("With passwords.")]
CacheArg = Annotated[bool, about("Keep the file out of the host's cache.")]
VerboseArg = Annotated[bool, about("There is a bar on a terminal anyway.")]
DumpFormat = Literal["elf", "kdump-zlib", "kdump-lzo", "kdump-snappy", "win-dmp"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What it does when it goes on; as it was when it was saved without either."""

    running: Annotated[bool, about("It runs when it goes on.")] = False
    paused: Annotated[bool, about("It stands still when it goes on.")] = False

    @property
    def wanted(self) -> bool | None:
        """The library's `paused`.

        Raises:
            UsageError: They contradict each other.
        """
        if self.running and self.paused:
            raise UsageError("--running excludes --paused")
        return self.paused if self.running or self.paused else None


AS_IT_WAS = Then()


async def _document(path: Path | None) -> str | None:
    return None if path is None else (await read_document(path)).decode()


async def save(  # virsh's options
    domain: DomainArg,
    file: HostFileArg,
    *,
    xml: XmlArg = None,
    then: Then = AS_IT_WAS,
    bypass_cache: CacheArg = False,
    verbose: VerboseArg = False,
    session: SessionArg,
) -> Plain:
    """Write a domain's memory into a file, and stop it.

    For example:

        aiovirt save web1 /var/tmp/web1.save
    """
    _ = verbose
    other = await _document(xml)
    found = await session.domain(domain)
    with job_bar(session, f"saving {found.name}") as progress:
        await found.save(
            str(file),
            config=other,
            paused=then.wanted,
            bypass_cache=bypass_cache,
            progress=progress,
        )
    return done(found.key, "saved", f"Domain '{found.name}' saved to {file}", file=str(file))


async def restore(  # virsh's options
    file: HostFileArg,
    *,
    xml: XmlArg = None,
    then: Then = AS_IT_WAS,
    bypass_cache: CacheArg = False,
    reset_nvram: Annotated[bool, about("Begin with fresh variables of the firmware.")] = False,
    session: SessionArg,
) -> Plain:
    """Let the domain of a file go on where it was saved.

    For example:

        aiovirt restore /var/tmp/web1.save
    """
    other = await _document(xml)
    async with session.progress(f"restoring from {file}"):
        found = await session.host.domains.restore(
            str(file),
            config=other,
            paused=then.wanted,
            bypass_cache=bypass_cache,
            reset_nvram=reset_nvram,
        )
    return done(found.key, "restored", f"Domain restored from {file}", file=str(file))


async def managedsave(
    domain: DomainArg,
    *,
    then: Then = AS_IT_WAS,
    bypass_cache: CacheArg = False,
    verbose: VerboseArg = False,
    session: SessionArg,
) -> Plain:
    """Write a domain's memory into a file that the host keeps, and stop it.

    Its next start goes on from there. For example:

        aiovirt managedsave web1
        aiovirt start web1
    """
    _ = verbose
    found = await session.domain(domain)
    with job_bar(session, f"saving {found.name}") as progress:
        await found.managed_save(paused=then.wanted, bypass_cache=bypass_cache, progress=progress)
    return done(found.key, "saved", f"Domain '{found.name}' state saved by libvirt")


async def managedsave_remove(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Throw away the memory that the host keeps of a domain.

    For example:

        aiovirt managedsave-remove web1
    """
    found = await session.domain(domain)
    if not await found.has_managed_save():
        sentence = f"Domain '{found.name}' has no manage save image; removal skipped"
        return done(found.key, "unchanged", sentence)
    await found.remove_managed_save()
    return done(found.key, "removed", f"Removed managedsave image for domain '{found.name}'")


async def managedsave_dumpxml(
    domain: DomainArg, *, security_info: SecureArg = False, session: SessionArg
) -> Plain:
    """Print the configuration that the host keeps with a domain's memory.

    For example:

        aiovirt managedsave-dumpxml web1
    """
    found = await session.domain(domain)
    config = await found.managed_save_config(secure=security_info)
    xml = config.to_xml(secure=security_info)
    return Plain(xml, told(found.key, xml=xml), [found.name])


async def managedsave_define(
    domain: DomainArg, xml: FileArg, *, then: Then = AS_IT_WAS, session: SessionArg
) -> Plain:
    """Change the configuration that the host keeps with a domain's memory.

    For example:

        aiovirt managedsave-define web1 web1.xml
    """
    document = (await read_document(xml)).decode()
    found = await session.domain(domain)
    await found.set_managed_save_config(document, paused=then.wanted)
    sentence = f"Managed save state file of domain '{found.name}' updated"
    return done(found.key, "changed", sentence)


async def save_image_dumpxml(
    file: HostFileArg, *, security_info: SecureArg = False, session: SessionArg
) -> Plain:
    """Print the configuration in a file of saved memory.

    For example:

        aiovirt save-image-dumpxml /var/tmp/web1.save
    """
    config = await session.host.domains.saved_config(str(file), secure=security_info)
    xml = config.to_xml(secure=security_info)
    data = {"name": config.name, "uuid": str(config.uuid), "xml": xml, "file": str(file)}
    return Plain(xml, data, [str(config.name)])


async def save_image_define(
    file: HostFileArg, xml: FileArg, *, then: Then = AS_IT_WAS, session: SessionArg
) -> Plain:
    """Change the configuration in a file of saved memory.

    For example:

        aiovirt save-image-define /var/tmp/web1.save web1.xml
    """
    document = (await read_document(xml)).decode()
    await session.host.domains.set_saved_config(str(file), document, paused=then.wanted)
    data = {"file": str(file), "result": "changed"}
    return Plain(f"State file {file} updated.", data, [str(file)], chatter=True)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a dump is made."""

    memory_only: Annotated[bool, about("Only memory and registers, as an ELF file.")] = False
    live: Annotated[bool, about("Let the guest go on meanwhile.")] = False
    crash: Annotated[bool, about("End the domain afterwards.")] = False
    reset: Annotated[bool, about("Reset the domain afterwards.")] = False
    bypass_cache: CacheArg = False
    dump_format: Annotated[
        DumpFormat | None, Parameter(name="--format", help="Of a dump of memory only.")
    ] = None


FORMATS: dict[str, Literal["raw", "kdump_zlib", "kdump_lzo", "kdump_snappy", "win_dmp"]] = {
    "elf": "raw",
    "kdump-zlib": "kdump_zlib",
    "kdump-lzo": "kdump_lzo",
    "kdump-snappy": "kdump_snappy",
    "win-dmp": "win_dmp",
}
"""virsh's words to libvirt's."""


async def dump(
    domain: DomainArg,
    file: HostFileArg,
    *,
    how: How = How(),
    verbose: VerboseArg = False,
    session: SessionArg,
) -> Plain:
    """Write a domain's memory into a file, for debuggers.

    For example:

        aiovirt dump web1 /var/tmp/web1.core --memory-only
    """
    _ = verbose
    if how.dump_format is not None and not how.memory_only:
        raise UsageError("--format needs --memory-only")
    found = await session.domain(domain)
    with job_bar(session, f"dumping {found.name}") as progress:
        await found.dump(
            str(file),
            dump_format=FORMATS[how.dump_format or "elf"],
            memory_only=how.memory_only,
            live=how.live,
            crash=how.crash,
            reset=how.reset,
            bypass_cache=how.bypass_cache,
            progress=progress,
        )
    return done(found.key, "dumped", f"Domain '{found.name}' dumped to {file}", file=str(file))
