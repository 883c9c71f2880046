"""Verbs about the host: what it is, what it can do."""

from __future__ import annotations

from typing import Annotated

from aiovirt.cli.about import own_version
from aiovirt.cli.arguments import ContextArg, SessionArg, about
from aiovirt.cli.results import Plain, value

__all__ = ["capabilities", "domcapabilities", "hostname", "uri", "version"]


async def capabilities(*, session: SessionArg) -> Plain:
    """Print what the host can do, as XML.

    For example:

        aiovirt capabilities
    """
    return _document(await session.host.capabilities())


async def domcapabilities(
    *,
    virttype: Annotated[str | None, about("kvm, or qemu for emulation.")] = None,
    emulatorbin: Annotated[str | None, about("The path of the emulator.")] = None,
    arch: Annotated[str | None, about("The guest's architecture, such as aarch64.")] = None,
    machine: Annotated[str | None, about("The machine type, such as q35.")] = None,
    session: SessionArg,
) -> Plain:
    """Print what a domain may have here, as XML.

    For example:

        aiovirt domcapabilities
        aiovirt domcapabilities --arch aarch64 --machine virt
    """
    return _document(
        await session.host.domain_capabilities(
            virt_type=virttype, emulator=emulatorbin, arch=arch, machine=machine
        )
    )


def _document(xml: str) -> Plain:
    return Plain(xml.rstrip("\n"), {"xml": xml}, [])


async def hostname(*, session: SessionArg) -> Plain:
    """Print the host's name.

    For example:

        aiovirt hostname
    """
    return value("hostname", await session.host.hostname())


async def version(
    *,
    daemon: Annotated[bool, about("That of the libvirt daemon, too.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the versions of aiovirt and of the hypervisor.

    For example:

        aiovirt version
        aiovirt version --daemon
    """
    hypervisor = await session.host.version()
    aiovirt = own_version()
    text = f"Using aiovirt: {aiovirt}\nRunning hypervisor: {hypervisor}"
    data = {"aiovirt": aiovirt, "hypervisor": hypervisor}
    if daemon:
        library = ".".join(map(str, await session.host.library_version()))
        text = f"{text}\nRunning against daemon: {library}"
        data["daemon"] = library
    return Plain(text, data, [hypervisor])


async def uri(*, context: ContextArg) -> Plain:
    """Print which host the other verbs speak to.

    For example:

        aiovirt uri
    """
    return value("uri", str(context.settings.uri))
