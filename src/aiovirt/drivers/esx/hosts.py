"""Which host of a connection is meant, where only one can be asked or changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound, Unsupported
from aiovirt.protocols.vsphere import Ref

__all__ = ["host_of", "hosts_of", "manager_of"]

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
    names = ", ".join(map(session.tree.path, hosts[:_CHOICES]))
    return NotFound(
        f"{session.where} has {len(hosts)} hosts here, and only one can {what}",
        hint=f"name it in the URI's path, as {session.uri.driver}://{session.uri.host}/"
        f"{session.tree.path(hosts[0])}; there are: {names}",
    )


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
