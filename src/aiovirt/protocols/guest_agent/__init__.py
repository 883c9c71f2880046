"""The guest agent's protocol: QMP's messages without greeting and events, but with a resync."""

from __future__ import annotations

from aiovirt.protocols.guest_agent.connection import AgentConnection, AgentMessage, Synced
from aiovirt.protocols.guest_agent.refusals import refusal

__all__ = ["AgentConnection", "AgentMessage", "Synced", "refusal"]
