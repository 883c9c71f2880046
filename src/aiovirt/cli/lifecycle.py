"""Verbs that change what a domain is doing. Each is one verb of `Domain`, and a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from aiovirt.cli.affects import AFFECTS, Affects
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.console import Manner, show_console
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain, done
from aiovirt.cli.session import Session
from aiovirt.model.domain import LifecycleAction, LifecycleOccasion, ShutdownMode

if TYPE_CHECKING:
    from aiovirt.objects import Domain

__all__ = [
    "destroy",
    "inject_nmi",
    "reboot",
    "reset",
    "resume",
    "set_lifecycle_action",
    "shutdown",
    "start",
    "suspend",
]

ModeArg = Annotated[
    str | None, about("How to ask it: acpi, agent, initctl, signal, paravirt; or several.")
]


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


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """How it is started."""

    autodestroy: Annotated[bool, about("End it when this program has ended.")] = False
    bypass_cache: Annotated[bool, about("Leave the host's cache out of loading it.")] = False
    force_boot: Annotated[bool, about("Forget the state that was saved.")] = False
    reset_nvram: Annotated[bool, about("Its firmware begins anew.")] = False


PLAINLY = StartOptions()


async def start(
    domain: DomainArg,
    *,
    paused: Annotated[bool, about("Let it stand still before its first step.")] = False,
    console: Annotated[bool, about("Show its console when it runs.")] = False,
    options: StartOptions = PLAINLY,
    session: SessionArg,
) -> Plain | None:
    """Start a domain that is defined.

    Returns when it runs. It goes on running when this command has ended.

    For example:

        aiovirt start web1
        aiovirt start --paused web1
        aiovirt start --console web1
    """
    given = asdict(options)
    started = await _act(
        session, domain, lambda vm: vm.start(paused=paused, **given), "started", "started"
    )
    if not console:
        return started
    session.out.say(started.text)
    await show_console(session, await session.domain(domain), Manner())
    return None


async def shutdown(
    domain: DomainArg,
    *,
    wait: Annotated[bool, about("Return only when it is off; --timeout bounds it.")] = False,
    mode: ModeArg = None,
    session: SessionArg,
) -> Plain:
    """Ask a guest to shut down, as by its power button.

    For example:

        aiovirt shutdown web1
        aiovirt shutdown --wait --timeout 60 web1
    """
    result, sentence = ("off", "is shut off") if wait else ("asked", "is being shutdown")
    return await _act(
        session, domain, lambda vm: vm.shutdown(wait=wait, modes=_modes(mode)), result, sentence
    )


async def reboot(domain: DomainArg, *, mode: ModeArg = None, session: SessionArg) -> Plain:
    """Ask a guest to shut down, and start it anew.

    For example:

        aiovirt reboot web1
    """
    modes = _modes(mode)
    return await _act(
        session, domain, lambda vm: vm.reboot(modes=modes), "asked", "is being rebooted"
    )


_MODES = {"acpi": "acpi", "agent": "agent", "guest-agent": "agent", "initctl": "initctl"}
_MODES |= {"signal": "signal", "paravirt": "paravirt"}


def _modes(text: str | None) -> Sequence[ShutdownMode]:
    """The ways to ask a guest, from words with commas between.

    Raises:
        UsageError: There is no such way.
    """
    words = text.split(",") if text else []
    known: list[ShutdownMode] = []
    for word in words:
        if word not in _MODES:
            raise UsageError(f"--mode {word}: there is no such way", hint=", ".join(_MODES))
        known.append(cast("ShutdownMode", _MODES[word]))
    return known


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


async def inject_nmi(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Send a guest a non-maskable interrupt.

    Most systems then write a crash dump.

    For example:

        aiovirt inject-nmi web1
    """
    return await _act(session, domain, lambda vm: vm.inject_nmi(), "sent", "got an NMI")


async def set_lifecycle_action(
    domain: DomainArg,
    occasion: Annotated[
        LifecycleOccasion, Parameter(name="--type", help="When it powers off, reboots or crashes.")
    ],
    action: Annotated[LifecycleAction, about("What happens then.")],
    *,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Say what happens when a guest powers off, reboots or crashes.

    For example:

        aiovirt set-lifecycle-action web1 crash restart --live --config
    """
    found = await session.domain(domain)
    await found.set_lifecycle_action(occasion, action, **affects.meant)
    return done(found.key, "set", f"The action for {occasion} is {action} now")
