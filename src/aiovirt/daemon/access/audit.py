"""One record of every change that a client asked for: who, from where, what, on what, outcome.

Records go to the logger ``aiovirt.audit``, in one line each; where that writes is a matter of the
daemon's logging settings.  What a client sends stands in a record only as quoted text, so that
nobody forges a line.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.subjects import Subject, subject_of

__all__ = ["AUDIT_LOGGER", "Audit", "AuditFormat"]

AUDIT_LOGGER = "aiovirt.audit"

AuditFormat: TypeAlias = Literal["text", "json"]

_LONGEST = 512
"""Characters of one value; what is longer is cut."""

_PLAIN = re.compile(r"[A-Za-z0-9_.:@/+-]+")

Value: TypeAlias = str | int | float


@dataclass(slots=True)
class Audit:
    """Writes the records.

    Attributes:
        form: ``text`` gives ``key=value`` pairs, ``json`` an object.
        enabled: Whether records are written at all.
    """

    form: AuditFormat = "text"
    enabled: bool = True

    def record(
        self,
        identity: Identity,
        operation: str,
        subject: object | None,
        outcome: str,
        error: str | None = None,
        *,
        duration_s: float | None = None,
    ) -> None:
        """Write one record; it never raises.

        Args:
            identity: Who asked.
            operation: What for: libvirt's name of the procedure.
            subject: On what: a key, a `Subject`, or None for the host as a whole.
            outcome: ``success``, ``failure``, ``denied``, ``cancelled``.
            error: Why not.
            duration_s: How long it took.
        """
        if not self.enabled:
            return
        record = dict(_identity(identity))
        record["operation"] = operation
        record |= _subject(subject)
        record["outcome"] = outcome
        if error is not None:
            record["error"] = error
        if duration_s is not None:
            record["duration_ms"] = round(duration_s * 1000, 3)
        record = {key: _cut(value) for key, value in record.items()}
        # A logger's handlers keep their own errors to themselves (logging.Handler.handleError).
        _LOGGER.info("%s", _FORMS[self.form](record), extra={"audit": record})


_LOGGER = logging.getLogger(AUDIT_LOGGER)


def _identity(identity: Identity) -> Iterator[tuple[str, Value]]:
    yield "user", identity.name
    yield "from", identity.address
    yield "transport", identity.transport
    for key in ("uid", "pid", "sasl_user", "x509_name"):
        value = getattr(identity, key)
        if value is not None:
            yield key, value


def _subject(subject: object | None) -> dict[str, Value]:
    found = subject if isinstance(subject, Subject) else subject_of(subject)
    if found is None:
        return {}
    known = {"object": found.kind, "name": found.name, "uuid": found.uuid, "pool": found.pool}
    return {key: value for key, value in known.items() if value}


def _text(record: dict[str, Value]) -> str:
    return " ".join(f"{key}={_quoted(value)}" for key, value in record.items())


def _json(record: dict[str, Value]) -> str:
    return json.dumps(record, ensure_ascii=True)


def _quoted(value: Value) -> str:
    plain = not isinstance(value, str) or _PLAIN.fullmatch(value)
    return str(value) if plain else json.dumps(value, ensure_ascii=True)


def _cut(value: Value) -> Value:
    return value[:_LONGEST] + "…" if isinstance(value, str) and len(value) > _LONGEST else value


_FORMS = {"text": _text, "json": _json}
