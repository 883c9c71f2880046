"""A guest in a lab that has what can be tuned: processors to plug, threads, an interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from labsamples import guest_xml

from aiovirt.errors import InvalidState
from aiovirt.objects import Connection, Domain

T = TypeVar("T")

__all__ = ["once_known", "running", "tuned_xml"]

DEVICES = (
    "<interface type='bridge'><mac address='52:54:00:aa:bb:01'/><source bridge='lab0'/>"
    "<target dev='tuned0'/><model type='virtio'/></interface>"
    "<memballoon model='virtio'/>"
)


def tuned_xml(name: str = "tuned1") -> str:
    """Return it: one of two processors plugged in, one I/O thread, 64 MiB."""
    return guest_xml(name, devices=DEVICES).replace(
        "<vcpu>1</vcpu>", "<vcpu current='1'>2</vcpu><iothreads>1</iothreads>"
    )


@asynccontextmanager
async def running(host: Connection, xml: str) -> AsyncIterator[Domain]:
    """Define a guest and start it, paused; at the end it is gone."""
    vm = await host.domains.define(xml)
    try:
        await vm.start(paused=True)
        yield vm
    finally:
        if (await vm.record()).state.active:
            await vm.destroy()
        if await vm.has_managed_save():
            await vm.remove_managed_save()
        await vm.undefine()


STARTS = 20
ASKS = 300


async def once_known(vm: Domain, ask: Callable[[], Awaitable[T]]) -> T:
    """Start a container and ask something that libvirt knows a moment after the start.

    Now and then it never gets to know (libvirt 9.0 misses the message of a container's first
    process), or the container is gone again: then it is started anew.
    """
    for _ in range(STARTS):
        if not (await vm.record()).state.active:
            await vm.start()
        for _ in range(ASKS):
            with suppress(InvalidState):
                return await ask()
        with suppress(InvalidState):
            await vm.destroy()
    raise AssertionError(f"libvirt never knew the first process of {vm}")
