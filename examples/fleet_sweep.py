"""Ask many hosts at once, every one within its own deadline.

    python examples/fleet_sweep.py qemu+ssh://node1/system qemu+ssh://node2/system …

Without arguments it sweeps thirty hosts of its own making: fake daemons, of which one does not
answer and one is not there.  Neither delays the others.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

import aiovirt
from aiovirt.errors import AiovirtError
from aiovirt.testing.fake_libvirtd import run_fake_libvirtd
from aiovirt.testing.faults import Silent

DEADLINE_S = 5.0
HOSTS = 30


@dataclass
class Report:
    """What the sweep found."""

    running: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)


async def sweep(uris: Sequence[str], deadline_s: float) -> Report:
    """Ask all hosts at once how many of their domains run."""
    report = Report()

    async def ask(uri: str) -> None:
        try:
            with anyio.fail_after(deadline_s):
                async with aiovirt.open(uri) as host:
                    records = await host.domains.records(active=True)
                    report.running[uri] = len(records)
        except TimeoutError:
            report.troubles[uri] = f"no answer within {deadline_s:g} s"
        except AiovirtError as error:
            report.troubles[uri] = f"{error} ({error.hint})" if error.hint else str(error)

    async with anyio.create_task_group() as tasks:
        for uri in uris:
            tasks.start_soon(ask, uri)
    return report


@asynccontextmanager
async def own_hosts() -> AsyncIterator[list[str]]:
    """Run fake daemons; one will not answer, and one more is named that is not there."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fakes = [
            await stack.enter_async_context(run_fake_libvirtd(folder / f"host{number}"))
            for number in range(HOSTS - 1)
        ]
        fakes[7].script.add("CONNECT_OPEN", Silent())
        paths = [*(fake.path for fake in fakes), folder / "nobody"]
        yield [f"qemu+unix:///system?socket={path}" for path in paths]


async def main(uris: Sequence[str]) -> None:
    """Sweep, and tell what was found."""
    if uris:
        report = await sweep(uris, DEADLINE_S)
    else:
        async with own_hosts() as ours:
            report = await sweep(ours, deadline_s=1.0)
    print(f"{len(report.running)} hosts run {sum(report.running.values())} domains")
    for uri, trouble in report.troubles.items():
        print(f"{uri}: {trouble}")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1:])
