"""Verbs that change what is in a drive, and whether an interface has a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from aiovirt.cli.affects import AFFECTS, Affects
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.attaching import PrintArg, disk_of
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.errors import InvalidState, NotFound

if TYPE_CHECKING:
    from aiovirt.config import Disk, Interface
    from aiovirt.objects import Domain

__all__ = ["change_media", "domif_getlink", "domif_setlink"]

_REMOVABLE = frozenset({"cdrom", "floppy"})


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is done with a drive."""

    eject: Annotated[bool, about("Take out what is in it.")] = False
    insert: Annotated[bool, about("Put something into an empty drive.")] = False
    update: Annotated[bool, about("Put something in, whatever is there (as with none).")] = False
    force: Annotated[bool, about("Open a tray that the guest has locked.")] = False
    block: Annotated[bool, about("The source is a block device.")] = False

    def check(self, source: str | None) -> None:
        """Refuse what excludes each other.

        Raises:
            UsageError: It does.
        """
        if self.eject + self.insert + self.update > 1:
            raise UsageError("--eject, --insert and --update exclude each other")
        if self.eject is (source is not None):
            wrong = "--eject takes no source" if self.eject else "say what to put in, or --eject"
            raise UsageError(wrong)


PUT_IN = Change()
"""What is done when no option says so."""


async def change_media(
    domain: DomainArg,
    path: Annotated[str, about("The drive's target, such as sda, or what is in it.")],
    source: Annotated[str | None, about("What to put in.")] = None,
    *,
    change: Change = PUT_IN,
    print_xml: PrintArg = False,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Change what is in a CD-ROM or floppy drive.

    For example:

        aiovirt change-media web1 sda /isos/debian.iso
        aiovirt change-media web1 sda --eject
    """
    affects.check()
    change.check(source)
    vm = await session.domain(domain)
    config = await vm.config(inactive=affects.config and not affects.live)
    disk = disk_of(vm, config, path)
    _fill(vm, disk, source, block=change.block, only_empty=change.insert)
    if print_xml:
        return Plain(disk.to_xml().rstrip("\n"), {"xml": disk.to_xml()}, [vm.name])
    await vm.update_device(disk, **affects.meant, force=change.force)
    word = "ejected" if change.eject else "inserted" if change.insert else "updated"
    return done(vm.key, word, f"Successfully {word} media.", device=disk.target.dev)


def _fill(vm: Domain, disk: Disk, source: str | None, *, block: bool, only_empty: bool) -> None:
    """Put a medium into a drive's description, or take it out.

    Raises:
        InvalidState: It is no drive, or it is full.
    """
    name = disk.target.dev
    if disk.device not in _REMOVABLE:
        raise InvalidState(f"disk '{name}' of domain '{vm.name}' is not removable")
    if only_empty and disk.path is not None:
        raise InvalidState(
            f"drive '{name}' of domain '{vm.name}' already has media",
            hint="use --update to put another in",
        )
    disk.source = None
    if source is None:
        return
    disk.type = "block" if block else "file"
    if block:
        disk.source.dev = source
    else:
        disk.source.file = source


# --- links --------------------------------------------------------------------------------------

InterfaceArg = Annotated[str, about("Its MAC address, or its name on the host.")]


async def _interface(vm: Domain, name: str, *, inactive: bool) -> Interface:
    """The interface with that address or name.

    Raises:
        NotFound: There is none.
    """
    interfaces = (await vm.config(inactive=inactive)).interfaces
    for item in interfaces:
        if name.lower() == str(item.mac).lower() or name == item.target_dev:
            return item
    known = ", ".join(str(item.mac) for item in interfaces)
    raise NotFound(
        f"domain '{vm.name}' has no interface {name!r}",
        hint=f"it has: {known}" if known else None,
    )


async def domif_setlink(
    domain: DomainArg,
    interface: InterfaceArg,
    state: Annotated[Literal["up", "down"], about("The link.")],
    *,
    config: Annotated[bool, about("In the definition: from the next start on.")] = False,
    print_xml: PrintArg = False,
    session: SessionArg,
) -> Plain:
    """Cut the link of a network interface, or mend it.

    For example:

        aiovirt domif-setlink web1 52:54:00:11:22:33 down
    """
    vm = await session.domain(domain)
    found = await _interface(vm, interface, inactive=config)
    found.link = state
    if print_xml:
        return Plain(found.to_xml().rstrip("\n"), {"xml": found.to_xml()}, [vm.name])
    await vm.update_device(found, config=config)
    return done(vm.key, state, "Device updated successfully", interface=interface)


async def domif_getlink(
    domain: DomainArg,
    interface: InterfaceArg,
    *,
    config: Annotated[
        bool, Parameter(name=("--config", "--persistent"), help="As the definition has it.")
    ] = False,
    session: SessionArg,
) -> Plain:
    """Print whether a network interface has a link.

    For example:

        aiovirt domif-getlink web1 52:54:00:11:22:33
    """
    vm = await session.domain(domain)
    found = await _interface(vm, interface, inactive=config)
    state = found.link or "up"
    data = {"name": vm.name, "interface": interface, "link": state}
    return Plain(f"{interface} {state}", data, [state])
