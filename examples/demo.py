"""Boot a real Linux guest under QEMU and watch it: console, events, statistics.

    nox -s demo                       prepares what this needs, then runs it
    python examples/demo.py --trio    the same on trio

QEMU, its sockets and its state live in a temporary folder and are gone at the end.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator

import anyio

import aiovirt
from _tiny import PROMPT, config, guest
from aiovirt import (
    Connection,
    Domain,
    DomainEvent,
    Event,
    LifecycleEvent,
    MiB,
    MonitorEvent,
)
from aiovirt.errors import AiovirtError

BOOT_LIMIT_S = 60
TYPED = b"uname -sr; ip link show eth0; free -m\n"
ASKS_FOR_CURSOR = b"\x1b[6n"  # busybox's shell asks a terminal that we are not


def say(who: str, text: str) -> None:
    """Print one line and who it is from."""
    print(f"  {who:>8} | {text}", flush=True)


def in_words(event: Event) -> str:
    """Say an event in a few words."""
    who = f"{event.domain.name}: " if isinstance(event, DomainEvent) else ""
    if isinstance(event, LifecycleEvent):
        return f"{who}{event.kind.name.lower()} ({event.detail.label.lower()})"
    return f"{who}{event.name if isinstance(event, MonitorEvent) else type(event).__name__}"


def leaves(group: BaseExceptionGroup[AiovirtError]) -> Iterator[AiovirtError]:
    """Walk the errors of a group; two tasks may have failed at once."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error


async def watch_events(host: Connection, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    """Print every event of the host, from now on."""
    async with host.events() as events:
        task_status.started()
        async for event in events:
            say("event", in_words(event))


async def use_console(vm: Domain) -> None:
    """Wait for the guest's prompt, type a line, and show what comes back."""
    async with vm.console() as console:
        for typed in (TYPED, None):
            said = b""
            while not said.endswith(PROMPT) and PROMPT not in said:
                said += await console.receive()
            for line in said.replace(ASKS_FOR_CURSOR, b"").decode(errors="replace").splitlines():
                if line.strip():
                    say("console", line.rstrip())
            if typed:
                await console.send(typed)


async def show_statistics(host: Connection) -> None:
    """Print a table of what each guest has used."""
    print(f"\n  {'guest':8}{'state':10}{'cpu s':>8}{'memory MiB':>12}{'resident MiB':>14}")
    for stats in await host.stats():
        cpu = (stats.cpu.time_ns or 0) / 1e9 if stats.cpu else 0
        maximum = (stats.balloon.maximum or 0) if stats.balloon else 0
        resident = (stats.balloon.rss or 0) if stats.balloon else 0
        name, state = stats.key.name, stats.state.name.lower()
        print(f"  {name:8}{state:10}{cpu:8.1f}{maximum / MiB(1):12.0f}{resident / MiB(1):14.0f}")
    print()


async def main(root: str) -> None:
    """Run the guest from its definition to its end."""
    uri = f"qemu:///embed?root={root}"
    print(f"Opening {uri}: the driver runs in this process, there is no daemon.")
    async with aiovirt.open(uri) as host, anyio.create_task_group() as tasks:
        print(f"The host has {await host.version()}. Defining and starting a guest.\n")
        await tasks.start(watch_events, host)
        vm = await host.domains.define(config())
        await vm.start()
        with anyio.fail_after(BOOT_LIMIT_S):
            await use_console(vm)
        await show_statistics(host)
        print("Pressing its power button, and waiting until it is off.\n")
        with anyio.fail_after(BOOT_LIMIT_S):
            await vm.shutdown(wait=True)
        await vm.undefine()
        tasks.cancel_scope.cancel()
    print("\nDone: the guest is off, and nothing of it is left.")


if __name__ == "__main__":
    backend = "trio" if "--trio" in sys.argv[1:] else "asyncio"
    try:
        with tempfile.TemporaryDirectory(prefix="aiovirt-demo-") as folder:
            guest()
            anyio.run(main, folder, backend=backend)
    except* AiovirtError as group:
        sys.exit("\n".join(f"{error}. {error.hint or ''}" for error in leaves(group)))
