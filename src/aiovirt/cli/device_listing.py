"""``nodedev-list``: which devices of the host it shows, as names or as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt._tasks import gather
from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Rows
from aiovirt.cli.session import Session
from aiovirt.errors import CallerError

if TYPE_CHECKING:
    from aiovirt.objects import NodeDevice

__all__ = ["draw_tree", "nodedev_list"]


async def nodedev_list(
    *,
    tree: Annotated[bool, about("Below the devices that they belong to.")] = False,
    cap: Annotated[str | None, about("Those of these kinds, such as pci,net.")] = None,
    everything: Annotated[
        bool, Parameter(name="--all", help="Those that are only defined, too.")
    ] = False,
    inactive: Annotated[bool, about("Only those that are only defined.")] = False,
    session: SessionArg,
) -> Rows | Plain:
    """List the devices of the host.

    For example:

        aiovirt nodedev-list --tree
        aiovirt nodedev-list --cap pci,net
    """
    if tree and (cap or inactive):
        raise UsageError("--tree shows all devices: leave --cap and --inactive out")
    kinds = cap.split(",") if cap else []
    active = None if everything else not inactive
    devices = await _devices(session, kinds, active=active)
    if not tree:
        rows = [{"name": device.name} for device in devices]
        return Rows([Column("name", "Name")], rows, bare=True)
    found = await gather(*[device.parent for device in devices])
    parents = {
        device.name: None if parent is None else parent.name
        for device, parent in zip(devices, found, strict=True)
    }
    data = [{"name": name, "parent": parent} for name, parent in parents.items()]
    return Plain("\n".join(draw_tree(parents)), data, list(parents))


async def _devices(
    session: Session, kinds: Sequence[str], *, active: bool | None
) -> Sequence[NodeDevice]:
    """The devices; a daemon that knows none that are only defined is asked for all."""
    try:
        return await session.host.node_devices.list(*kinds, active=active)
    except CallerError:
        if not active:
            raise
        return await session.host.node_devices.list(*kinds)


def draw_tree(parents: Mapping[str, str | None]) -> list[str]:
    """Names below the names that they belong to, as virsh draws it.

    Args:
        parents: To each name the one above it; one that is not a name here is as good as None.
    """
    below: dict[str | None, list[str]] = {}
    for name, parent in parents.items():
        below.setdefault(parent if parent in parents else None, []).append(name)
    lines: list[str] = []
    for root in below.get(None, ()):
        lines += [root, *_branches(below, root, "")]
    return lines


def _branches(below: Mapping[str | None, Sequence[str]], name: str, lead: str) -> Iterator[str]:
    """The lines below a name."""
    names = below.get(name, ())
    if names:
        yield f"{lead}  |"
    for one in names:
        last = one == names[-1]
        yield f"{lead}  +- {one}"
        inner = f"{lead}    " if last else f"{lead}  | "
        yield from _branches(below, one, inner)
        if last and one not in below:
            yield inner
