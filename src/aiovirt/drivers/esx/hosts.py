"""Which host of a connection is meant, where only one can be asked or changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound, Unsupported
from aiovirt.protocols.vsphere import Ref

__all__ = ["host_of", "hosts_of", "manager_of", "uri_path"]

_CHOICES: Final = 20
"""How many hosts a hint names."""


def hosts_of(session: Session) -> list[Ref]:
    """The hosts that a connection is about, by name."""
    tree, scope = session.tree, session.scope
    if scope.host is not None:
        return [scope.host]
    above = scope.compute or scope.datacenter or scope.folder
    hosts = list(tree.of_kind("HostSystem"))
    return hosts if above is None else [each for each in hosts if above in tree.above(each)]


def host_of(session: Session, what: str) -> Ref:
    """The host that a connection is about.

    Args:
        session: The connection.
        what: What is asked of it, for the error: ``tell its memory``.

    Raises:
        NotFound: The URI leaves more than one open; the hint says how to name one.
    """
    hosts = hosts_of(session)
    if len(hosts) == 1:
        return hosts[0]
    raise _unclear(session, hosts, what)


def _unclear(session: Session, hosts: Sequence[Ref], what: str) -> NotFound:
    if not hosts:
        return NotFound(
            f"{session.where} has no host that could {what}",
            hint="may the account see hosts, and is the URI's path the right one?",
        )
    paths = [uri_path(session, each) for each in hosts[:_CHOICES]]
    return NotFound(
        f"{session.where} has {len(hosts)} hosts here, and only one can {what}",
        hint=f"name it in the URI's path, as {session.uri.driver}://{session.uri.host}/"
        f"{paths[0]}; there are: {', '.join(paths)}",
    )


def uri_path(session: Session, ref: Ref) -> str:
    """Where a host, or what it is in, is in the path of a URI: ``DC0/Cluster0/esx0``.

    The folder of a datacenter that all hosts are in is not told there.
    """
    tree = session.tree
    line = [ref, *tree.above(ref)][:-1]  # without the root
    hidden = {tree.get(each).get("hostFolder") for each in line if each.kind == "Datacenter"}
    names = [tree.get(each).get("name") or each.value for each in line if each not in hidden]
    return "/".join(reversed(names))


async def manager_of(session: Session, host: Ref, name: str, operation: str) -> Ref:
    """A manager of a host, such as its ``networkSystem``.

    Raises:
        Unsupported: The host has none.
        AiovirtError: It does not tell.
    """
    path = f"configManager.{name}"
    found = await session.get(host, path)
    manager = found.get(path)
    if not isinstance(manager, Ref):
        raise Unsupported(DRIVER, operation, f"{session.tree.called(host)} has no {name}")
    return manager
