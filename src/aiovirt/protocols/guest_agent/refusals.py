"""What an agent's refusal means: that it may not, or that it cannot."""

from __future__ import annotations

from aiovirt.errors import AgentDisabled, GuestAgentError

__all__ = ["refusal"]

_DISABLED = "has been disabled"
_FROZEN = "frozen"


def refusal(command: str, error_class: str, description: str) -> GuestAgentError:
    """The error for an agent's answer; its words are QEMU's (qapi/qmp-dispatch.c, qga/main.c)."""
    if _DISABLED not in description:
        return GuestAgentError(command, error_class, description)
    hint = (
        "thaw the guest's file systems first"
        if _FROZEN in description
        else "the guest's own settings of qemu-guest-agent forbid it (block-rpcs)"
    )
    return AgentDisabled(command, error_class, description, hint=hint)
