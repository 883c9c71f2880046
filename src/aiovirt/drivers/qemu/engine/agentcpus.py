"""The processors that a guest uses, as its agent tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from aiovirt.drivers.qemu.engine.agent import ask_agent
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.errors import AgentError, CallerError

__all__ = ["guest_cpus", "set_guest_cpus"]


async def guest_cpus(domain: ManagedDomain) -> Mapping[int, bool]:
    """The numbers of those that the guest has, and whether it uses each; errors as `ask_agent`."""
    return {number: bool(cpu["online"]) for number, cpu in (await _known(domain)).items()}


async def _known(domain: ManagedDomain) -> Mapping[int, Mapping[str, object]]:
    answer = await ask_agent(domain, "guest-get-vcpus")
    try:
        rows = cast("list[Mapping[str, object]]", answer)
        return {int(str(row["logical-id"])): row for row in rows if "online" in row}
    except (TypeError, KeyError, ValueError) as error:
        raise AgentError("the guest agent's answer to guest-get-vcpus is none") from error


async def set_guest_cpus(domain: ManagedDomain, count: int) -> None:
    """Let the guest use so many: the lowest come back, and the highest that may rest do.

    Raises:
        CallerError: It has not so many, or cannot rest so many.
        AgentError: The agent did a part only; other errors as `ask_agent`.
    """
    known = await _known(domain)
    online = sorted(number for number, cpu in known.items() if cpu["online"])
    if not 1 <= count <= len(known):
        raise CallerError(f"the guest has 1 to {len(known)} processors, not {count}")
    free = [number for number in sorted(known) if number not in online]
    restful = [number for number in reversed(online) if known[number].get("can-offline")]
    more = count - len(online)
    changed = free[:more] if more > 0 else restful[:-more] if more else []
    if len(changed) != abs(more):
        raise CallerError(f"the guest cannot do with {count} processors")
    rows = [{"logical-id": number, "online": more > 0} for number in changed]
    if rows and await ask_agent(domain, "guest-set-vcpus", {"vcpus": rows}) != len(rows):
        raise AgentError("the guest agent has changed a part of the processors only")
