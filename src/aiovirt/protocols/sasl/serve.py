"""Which mechanisms a server offers, and its end of the one that a client takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from aiovirt.errors import AuthenticationFailed
from aiovirt.protocols.sasl.library import HASHES, present
from aiovirt.protocols.sasl.mechanism import ServerMechanism
from aiovirt.protocols.sasl.scram import ScramServerMechanism
from aiovirt.protocols.sasl.simple import serve_external, serve_plain
from aiovirt.protocols.sasl.verifier import Lookup

__all__ = ["SERVED", "serve", "served"]

SERVED: Mapping[str, Callable[[Lookup], ServerMechanism]] = {
    **{name: partial(ScramServerMechanism, name) for name in HASHES},
    "PLAIN": serve_plain,
}
"""The mechanisms that look users up, strongest first."""

_SHOWN = 64
"""Characters of a name that a client made up that are repeated."""


def served(*, encrypted: bool, local: bool, external: bool = False) -> tuple[str, ...]:
    """The mechanisms for one connection: none over an open line, as with libvirtd."""
    if not (encrypted or local) or not present():
        return ("EXTERNAL",) if external and (encrypted or local) else ()
    return (("EXTERNAL",) if external else ()) + tuple(SERVED)


def serve(
    name: str, lookup: Lookup, *, offered: Sequence[str], external: str | None = None
) -> ServerMechanism:
    """The server's end of a mechanism.

    Args:
        name: What the client takes.
        lookup: Finds what is kept for a user.
        offered: What was offered on this connection.
        external: Who the transport says the client is, for EXTERNAL.

    Raises:
        AuthenticationFailed: It was not offered.
    """
    if name in offered and name == "EXTERNAL" and external is not None:
        return serve_external(external)
    if name not in offered or name not in SERVED:
        raise AuthenticationFailed(f"the SASL mechanism {name[:_SHOWN]!r} was not offered")
    return SERVED[name](lookup)
