"""The guest agent's client: commands that the guest carries out, one after the other."""

from __future__ import annotations

from aiovirt.clients.guest_agent._client import (
    SYNC_TIMEOUT_S,
    GuestAgentClient,
    connect_guest_agent,
)

__all__ = ["SYNC_TIMEOUT_S", "GuestAgentClient", "connect_guest_agent"]
