"""libvirt's permissions, ``object:permission``: which there are, and which of them only read.

They come from the protocol's tables, where each procedure names those that it needs.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from fnmatch import translate
from functools import cache
from typing import Any

from aiovirt.errors import ConfigError
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.registry import registry

__all__ = [
    "expand",
    "is_reading",
    "kinds",
    "notes_of",
    "permissions",
    "refused_readonly",
    "split",
]

_READING = frozenset({"getattr", "read"})
_SEARCH = "search_"

_NOT_FOR_READERS = frozenset(
    {
        "DOMAIN_GET_LAUNCH_SECURITY_INFO",  # its measurement is for who owns the guest
    }
)
"""What libvirt refuses on a read-only connection although its permission only reads."""

_CORRECTED: Mapping[str, tuple[str, ...]] = {"DOMAIN_SET_SCHEDULER_PARAMETERS": ("domain:write",)}
"""What procedures need whose note in libvirt, ``domain:read``, is less than they do."""


@cache
def permissions() -> frozenset[str]:
    """All of them, such as ``domain:start``."""
    return frozenset(_named())


@cache
def kinds() -> frozenset[str]:
    """The objects that permissions are about, such as ``domain``, and ``connect`` for the host."""
    return frozenset(split(permission)[0] for permission in permissions())


def _named() -> Iterator[str]:
    for entry in registry().values():
        if isinstance(entry, Procedure):
            for row in (*entry.acl, *entry.acl_filter):
                yield ":".join(row.split(":")[:2])


def split(permission: str) -> tuple[str, str]:
    """The object and the word of a permission."""
    kind, _, word = permission.partition(":")
    return kind, word


def is_reading(permission: str) -> bool:
    """Whether it only lets one look, and at no secret."""
    _, word = split(permission)
    return word in _READING or word.startswith(_SEARCH)


def notes_of(procedure: Procedure[Any, Any]) -> tuple[str, ...]:
    """The permissions that a procedure needs, as the tables write them, perhaps with conditions."""
    return _CORRECTED.get(procedure.name, procedure.acl)


@cache
def refused_readonly(procedure: Procedure[Any, Any]) -> bool:
    """Whether a read-only connection may never call it (VIR_ERR_OPERATION_DENIED).

    Permissions that it needs only with certain flags do not count here.
    """
    always = (row for row in notes_of(procedure) if row.count(":") == 1)
    return procedure.name in _NOT_FOR_READERS or not all(map(is_reading, always))


def expand(pattern: str) -> frozenset[str]:
    """The permissions that a pattern stands for: ``domain:start``, ``domain:*``, ``*:read``, ``*``.

    Raises:
        ConfigError: It stands for none; the nearest is named.
    """
    wanted = pattern.replace("-", "_")
    if wanted == "*":
        return permissions()
    fits = re.compile(translate(wanted)).match
    found = frozenset(name for name in permissions() if fits(name))
    if found:
        return found
    near = difflib.get_close_matches(wanted, permissions(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see the list of permissions in the manual"
    raise ConfigError(f"there is no permission {pattern!r}", field=pattern, hint=hint)
