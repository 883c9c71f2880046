"""What an agent's refusal means."""

from __future__ import annotations

import pytest

from aiovirt.errors import AgentDisabled, GuestAgentError
from aiovirt.protocols.guest_agent import refusal


@pytest.mark.parametrize(
    ("reason", "hint"),
    [("the command is not allowed", "block-rpcs"), ("the agent is in frozen state", "thaw")],
)
def test_a_command_that_is_forbidden_is_told_with_what_to_do(reason: str, hint: str) -> None:
    error = refusal("guest-exec", "CommandNotFound", f"guest-exec has been disabled: {reason}")
    assert isinstance(error, AgentDisabled)
    assert hint in (error.hint or "")


def test_any_other_refusal_is_the_agents_own_words() -> None:
    error = refusal("guest-exec", "GenericError", "no such file")
    assert type(error) is GuestAgentError
    assert str(error) == "guest-exec: no such file"
