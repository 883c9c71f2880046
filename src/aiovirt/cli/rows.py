"""What the structured formats say of a domain: one place, so that every verb says the same."""

from __future__ import annotations

from aiovirt.cli.results import Row
from aiovirt.model.domain import Control, DomainRecord, DomainState

__all__ = ["describe", "state_style", "state_text"]

_STYLES = {
    DomainState.RUNNING.label: "green",
    DomainState.PAUSED.label: "yellow",
    DomainState.PM_SUSPENDED.label: "yellow",
    DomainState.SHUTOFF.label: "dim",
    DomainState.CRASHED.label: "bold red",
}


def describe(record: DomainRecord) -> Row:
    """A line of a listing, as documented in docs/cli.md."""
    return {
        "id": record.id,
        "name": record.key.name,
        "uuid": str(record.key.uuid),
        "state": record.state.label,
        "reason": record.reason.label,
        "persistent": record.persistent,
        "autostart": record.autostart,
        "control": record.control.control.value,
        "unresponsive_since": record.control.since,
        "last_error": record.control.last_error,
    }


def state_text(row: Row) -> str:
    """The state as people read it; that the hypervisor does not answer belongs to it."""
    silent = row["control"] == Control.UNRESPONSIVE.value
    return f"{row['state']} (not responding)" if silent else str(row["state"])


def state_style(row: Row) -> str:
    """The state's colour."""
    if row["control"] == Control.UNRESPONSIVE.value:
        return "bold red"
    return _STYLES.get(str(row["state"]), "")
