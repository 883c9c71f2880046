"""The rules of an administrator: who may do what with which objects.

A rule says who it is about, which permissions it gives or takes, and on which objects.  All rules
that fit count, in whatever order they stand: one that takes wins over those that give, and where
none says anything the default for local or for remote clients holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Literal, TypeAlias
from uuid import UUID

from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.names import name_fits
from aiovirt.daemon.access.permissions import split
from aiovirt.daemon.access.subjects import Subject

__all__ = ["Pattern", "Policy", "Rule", "Verdict", "Who", "WhoKind", "verdict"]

WhoKind: TypeAlias = Literal[
    "user", "group", "uid", "sasl", "x509", "local", "remote", "unauthenticated", "anyone"
]

Verdict: TypeAlias = bool | None
"""Whether a rule gives it, or takes it; None when no rule says anything."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a rule is about.

    Attributes:
        kind: What of an identity is looked at.
        pattern: The name that it has to have, with ``*``; unused where the kind says it all.
    """

    kind: WhoKind
    pattern: str = ""

    def fits(self, identity: Identity) -> bool:
        """Whether an identity is meant."""
        fits = name_fits if self.kind == "x509" else _fits
        return any(fits(self.pattern, name) for name in _NAMES[self.kind](identity))


def _one(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


def _when(holds: bool) -> tuple[str, ...]:  # noqa: FBT001 - a condition, not an option
    return ("",) if holds else ()


def _proven(identity: Identity) -> bool:
    shown = (identity.uid, identity.sasl_user, identity.x509_name)
    return any(name is not None for name in shown)


_NAMES: Mapping[WhoKind, Callable[[Identity], tuple[str, ...]]] = {
    "user": lambda identity: _one(identity.user),
    "group": lambda identity: tuple(identity.groups),
    "uid": lambda identity: _one(None if identity.uid is None else str(identity.uid)),
    "sasl": lambda identity: _one(identity.sasl_user),
    "x509": lambda identity: _one(identity.x509_name),
    "local": lambda identity: _when(identity.local),
    "remote": lambda identity: _when(not identity.local),
    "unauthenticated": lambda identity: _when(not _proven(identity)),
    "anyone": lambda _identity: ("",),
}


def _fits(pattern: str, name: str) -> bool:
    return not pattern or re.compile(translate(pattern)).match(name) is not None


class Pattern:
    """Which objects of one kind a rule is about: a UUID, or a name with ``*``.

    A pattern that is a UUID is compared with UUIDs alone: whoever may choose a name cannot get at
    what belongs to another.
    """

    __slots__ = ("_name", "_uuid", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._uuid = _canonical(text)
        self._name = re.compile(translate(text)).match

    def fits(self, subject: Subject) -> bool:
        """Whether a subject is meant."""
        if self._uuid is not None:
            return self._uuid == subject.uuid
        return self._name(subject.label) is not None


def _canonical(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        who: Whom it is about: any of these.
        allow: The permissions that it gives.
        deny: The permissions that it takes.
        on: By kind, the objects that it is about.  Empty: all; otherwise it says nothing of kinds
            that are not named.
    """

    who: tuple[Who, ...]
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    on: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)

    def about(self, identity: Identity) -> bool:
        """Whether it is about somebody."""
        return any(who.fits(identity) for who in self.who)

    def verdict(self, permission: str, subject: Subject | None) -> Verdict:
        """What it says of one permission on one object.

        An object that is not known is none that it gives, and one that it takes.
        """
        if permission in self.deny and self._meant(permission, subject, unknown=True):
            return False
        if permission in self.allow and self._meant(permission, subject, unknown=False):
            return True
        return None

    def _meant(self, permission: str, subject: Subject | None, *, unknown: bool) -> bool:
        if not self.on:
            return True
        patterns = self.on.get(split(permission)[0])
        if patterns is None:
            return False
        return unknown if subject is None else any(one.fits(subject) for one in patterns)


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules, and what holds without one.

    Attributes:
        rules: The rules; their order does not matter.
        local: Whether local clients may do what no rule speaks of.
        remote: Whether remote clients may.
    """

    rules: tuple[Rule, ...] = ()
    local: bool = True
    remote: bool = False

    def about(self, identity: Identity) -> tuple[Rule, ...]:
        """The rules about somebody."""
        return tuple(self._about(identity))

    def _about(self, identity: Identity) -> Iterator[Rule]:
        return (rule for rule in self.rules if rule.about(identity))

    def default(self, identity: Identity) -> bool:
        """What holds for somebody where no rule says anything."""
        return self.local if identity.local else self.remote


def verdict(rules: tuple[Rule, ...], permission: str, subject: Subject | None) -> Verdict:
    """What rules say together: one that takes wins over those that give."""
    said = {rule.verdict(permission, subject) for rule in rules}
    if False in said:
        return False
    return True if True in said else None
