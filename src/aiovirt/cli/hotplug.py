"""Verbs that plug devices in, pull them out and change them, from XML files; and where they act."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.affects import AFFECTS, Affects, Meant
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.documents import read_document
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.cli.session import Session

if TYPE_CHECKING:
    from aiovirt.objects import Domain

__all__ = [
    "NOW",
    "Where",
    "act_on_file",
    "attach_device",
    "detach_device",
    "detach_device_alias",
    "update_device",
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Where(Affects):
    """Where a device is changed."""

    persistent: Annotated[
        bool, about("In the definition, and at the running instance if there is one.")
    ] = False

    async def of(self, vm: Domain) -> Meant:
        """The arguments `live` and `config` of a verb of `Domain`.

        Raises:
            UsageError: Options exclude each other.
        """
        if not self.persistent:
            return self.meant
        if self.current:
            raise UsageError("--current excludes --persistent")
        return {"live": self.live or (await vm.state()).state.active, "config": True}


NOW = Where()
"""Where a change is made when no option says so."""

DeviceFile = Annotated[
    Path, Parameter(help="The device as XML; - is standard input.", allow_leading_hyphen=True)
]


async def act_on_file(
    session: Session,
    domain: str,
    file: Path,
    verb: Callable[[Domain, str], Awaitable[None]],
    word: str,
) -> Plain:
    """Read a device from a file and do something with it.

    Args:
        session: The open host.
        domain: Name, UUID or id.
        file: Where the device stands.
        verb: What to do.
        word: What has become of it, such as ``attached``.
    """
    text = (await read_document(file)).decode()
    vm = await session.domain(domain)
    await verb(vm, text)
    return done(vm.key, word, f"Device {word} successfully")


async def attach_device(
    domain: DomainArg, file: DeviceFile, *, where: Where = NOW, session: SessionArg
) -> Plain:
    """Plug a device in, from an XML file.

    For example:

        aiovirt attach-device web1 disk.xml
        aiovirt attach-device web1 disk.xml --persistent
    """

    async def attach(vm: Domain, text: str) -> None:
        await vm.attach(text, **await where.of(vm))

    return await act_on_file(session, domain, file, attach, "attached")


async def detach_device(
    domain: DomainArg, file: DeviceFile, *, where: Where = NOW, session: SessionArg
) -> Plain:
    """Pull a device out: the one that is described in an XML file.

    The guest may take its time: `event --event device-removed` tells when it is gone.
    For example:

        aiovirt detach-device web1 disk.xml --live
    """

    async def detach(vm: Domain, text: str) -> None:
        await vm.detach(text, **await where.of(vm))

    return await act_on_file(session, domain, file, detach, "detached")


async def update_device(
    domain: DomainArg,
    file: DeviceFile,
    *,
    force: Annotated[bool, about("Open a tray that the guest has locked.")] = False,
    where: Where = NOW,
    session: SessionArg,
) -> Plain:
    """Change a device to what stands in an XML file.

    For example:

        aiovirt update-device web1 interface.xml
    """

    async def update(vm: Domain, text: str) -> None:
        await vm.update_device(text, force=force, **await where.of(vm))

    return await act_on_file(session, domain, file, update, "updated")


async def detach_device_alias(
    domain: DomainArg,
    alias: Annotated[str, about("The device's alias, such as ua-data.")],
    *,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Ask the guest to let a device go, by its alias.

    For example:

        aiovirt detach-device-alias web1 ua-data
    """
    affects.check()
    vm = await session.domain(domain)
    await vm.detach_alias(alias, **affects.meant)
    return done(vm.key, "asked", f"Device with alias '{alias}' detach request sent successfully")
