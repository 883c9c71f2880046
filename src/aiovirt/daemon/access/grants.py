"""What one client may do: the rules about it, picked once, and what they have already said."""

from __future__ import annotations

from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.permissions import is_reading, split
from aiovirt.daemon.access.policy import Policy, Rule, Verdict, verdict
from aiovirt.daemon.access.subjects import Subject, subject_of

__all__ = ["Grants"]

MAX_KNOWN = 4096
"""Answers that are kept for one client; beyond, they are forgotten and found anew."""

LONGEST = 256
"""Characters of the name of an object whose answer is kept: clients may send megabytes."""


class Grants:
    """The rights of one identity under one policy.

    Args:
        identity: Whose.
        policy: The rules.
        trusted: The user whose own daemon this is, besides root: may do all, as root may.
        ask: Whether polkit is asked where no rule says anything.
    """

    __slots__ = (
        "__weakref__",
        "_all",
        "_default",
        "_known",
        "_named",
        "_readonly",
        "_rules",
        "asks",
    )

    def __init__(
        self, identity: Identity, policy: Policy, *, trusted: int | None = None, ask: bool = False
    ) -> None:
        master = identity.local and identity.uid in {0, trusted} and identity.uid is not None
        self._rules: tuple[Rule, ...] = () if master else policy.about(identity)
        self._readonly = identity.readonly
        self._default = master or policy.default(identity)
        self._all = self._default and not self._rules and not self._readonly
        self._named = frozenset(kind for rule in self._rules for kind in rule.on)
        self._known: dict[tuple[str, Subject | None], bool] = {}
        # polkit knows people by their processes: it has nothing to say of who comes from afar.
        self.asks = ask and identity.local and not master
        """Whether there may be permissions that only polkit can decide."""

    def looks_at(self, permission: str) -> bool:
        """Whether it matters on which object a permission is asked for."""
        return split(permission)[0] in self._named

    @property
    def anything(self) -> bool:
        """Whether there is anything at all that it may do."""
        return self._default or self.asks or any(rule.allow for rule in self._rules)

    @property
    def everything(self) -> bool:
        """Whether it may do all, whatever it is and on what: nobody need be asked."""
        return self._all and not self.asks

    def allows(self, permission: str, subject: object | None) -> bool:
        """Whether the policy in memory lets it do something; cheap."""
        if self._all:
            return True
        if self._readonly and not is_reading(permission):
            return False
        if not self._rules:
            return self._default
        known = subject_of(subject) if self.looks_at(permission) else None
        found = self._known.get((permission, known))
        if found is None:
            said = verdict(self._rules, permission, known)
            found = self._default if said is None else said
            self._keep(permission, known, found)
        return found

    def _keep(self, permission: str, subject: Subject | None, answer: bool) -> None:  # noqa: FBT001 - it is the answer
        if subject is not None and len(subject.label) + len(subject.key) > LONGEST:
            return
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[permission, subject] = answer

    def said(self, permission: str, subject: object | None) -> Verdict:
        """What rules say outright: None leaves it to the default, or to polkit."""
        if self._readonly and not is_reading(permission):
            return False
        return verdict(self._rules, permission, subject_of(subject)) if self._rules else None
