"""What AppArmor lets a guest that runs do: more with what it gets, less with what it has lost.

A guest without a profile of its own needs none of it: nothing happens then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from anyio import CancelScope

from aiovirt.config import Device, Disk
from aiovirt.drivers.qemu.engine.chains import Link
from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.drivers.qemu.engine.steps import Step
from aiovirt.drivers.qemu.process.profiles import untouched
from aiovirt.drivers.qemu.process.reach import WRITE, handed_as, rule, user_of

__all__ = [
    "allow",
    "allow_merge",
    "handed_for_a_while",
    "withdraw",
    "withdraw_image",
    "withdraw_steps",
]


async def allow(live: LiveDomain, words: Sequence[str], device: Device) -> None:
    """Let a guest use the files that words of a command line name, before QEMU is told them.

    Args:
        live: The running instance.
        words: The words.
        device: The device that these are of.

    Raises:
        ResourceUnavailable: Their storage does not answer.
        HostError: The profile cannot be loaded.
    """
    if live.profile is not None:
        disks = [device] if isinstance(device, Disk) else []
        await live.profile.allow(words, leaving_out=untouched(disks))


async def allow_merge(live: LiveDomain, links: Iterable[Link], job: str) -> None:
    """Let a job write to images of a chain; errors as `allow`."""
    if live.profile is not None:
        paths = [link.path for link in links if link.source.file or link.source.dev]
        await live.profile.widen([rule(path, WRITE, job) for path in paths if path])


@asynccontextmanager
async def handed_for_a_while(live: LiveDomain, fdname: str) -> AsyncIterator[None]:
    """A block after which a guest uses a file no more that it is handed by a name within."""
    try:
        yield
    finally:
        with CancelScope(shield=True):
            await withdraw(live, handed_as({"fdname": fdname}))


async def withdraw(live: LiveDomain, *users: str) -> None:
    """Let a guest use no more what was allowed for things of QEMU's that are gone, by name."""
    if live.profile is not None:
        gone = set(map(user_of, users))
        await live.profile.narrow(gone.__contains__)


async def withdraw_steps(live: LiveDomain, steps: Iterable[Step]) -> None:
    """The same for the things that some commands have made."""
    said = [step.arguments for step in steps]
    names = (each.get("node-name") or each.get("id") or handed_as(each) for each in said)
    await withdraw(live, *map(str, names))


async def withdraw_image(live: LiveDomain, number: int) -> None:
    """The same for the block nodes of an image."""
    if live.profile is not None:
        await live.profile.narrow(lambda user: user.startswith(f"libvirt-{number}-"))
