"""Verbs that change what a domain is doing. Each is one verb of `Domain`, and a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.console import Manner, show_console
from aiovirt.cli.results import Plain, done
from aiovirt.cli.session import Session

if TYPE_CHECKING:
    from aiovirt.objects import Domain

__all__ = ["destroy", "reboot", "reset", "resume", "shutdown", "start", "suspend"]


async def _act(
    session: Session,
    domain: str,
    verb: Callable[[Domain], Awaitable[None]],
    result: str,
    sentence: str,
) -> Plain:
    """Find the domain, do it, and confirm it.

    Args:
        session: The open host.
        domain: Name, UUID or id.
        verb: What to do.
        result: The word that programs get.
        sentence: What people read after the domain's name.
    """
    found = await session.domain(domain)
    async with session.progress(f"{found.name}: waiting until it is {result}"):
        await verb(found)
    return done(found.key, result, f"Domain '{found.name}' {sentence}")


async def start(
    domain: DomainArg,
    *,
    paused: Annotated[bool, about("Let it stand still before its first step.")] = False,
    console: Annotated[bool, about("Show its console when it runs.")] = False,
    session: SessionArg,
) -> Plain | None:
    """Start a domain that is defined.

    Returns when it runs. It goes on running when this command has ended.

    For example:

        aiovirt start web1
        aiovirt start --paused web1
        aiovirt start --console web1
    """
    started = await _act(session, domain, lambda vm: vm.start(paused=paused), "started", "started")
    if not console:
        return started
    session.out.say(started.text)
    await show_console(session, await session.domain(domain), Manner())
    return None


async def shutdown(
    domain: DomainArg,
    *,
    wait: Annotated[bool, about("Return only when it is off; --timeout bounds it.")] = False,
    session: SessionArg,
) -> Plain:
    """Ask a guest to shut down, as by its power button.

    For example:

        aiovirt shutdown web1
        aiovirt shutdown --wait --timeout 60 web1
    """
    result, sentence = ("off", "is shut off") if wait else ("asked", "is being shutdown")
    return await _act(session, domain, lambda vm: vm.shutdown(wait=wait), result, sentence)


async def reboot(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Ask a guest to shut down, and start it anew.

    For example:

        aiovirt reboot web1
    """
    return await _act(session, domain, lambda vm: vm.reboot(), "asked", "is being rebooted")


async def reset(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Reset a machine, as by its reset button.

    What the guest had not written to its disks is lost.

    For example:

        aiovirt reset web1
    """
    return await _act(session, domain, lambda vm: vm.reset(), "reset", "was reset")


async def destroy(
    domain: DomainArg,
    *,
    graceful: Annotated[bool, about("Never kill the hypervisor process: fail instead.")] = False,
    session: SessionArg,
) -> Plain:
    """End a domain now, as by its plug.

    Its definition and its disks stay.

    For example:

        aiovirt destroy web1
        aiovirt destroy --graceful web1
    """
    return await _act(session, domain, lambda vm: vm.destroy(graceful=graceful), "off", "destroyed")


async def suspend(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Let a domain stand still.

    Its virtual processors stop; its memory stays as it is.

    For example:

        aiovirt suspend web1
    """
    return await _act(session, domain, lambda vm: vm.suspend(), "suspended", "suspended")


async def resume(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Let a suspended domain go on.

    For example:

        aiovirt resume web1
    """
    return await _act(session, domain, lambda vm: vm.resume(), "resumed", "resumed")
