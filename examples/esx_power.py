"""Power many machines off and on: some in flight at a time, each within its own deadline.

    python examples/esx_power.py 'esx://root@esx1/?thumbprint=AA:BB:…' web1 web2 …

The password comes from libvirt's auth file, section [auth-esx-esx1].  Without arguments it works on
a simulated ESX host of its own making, where one machine never stops and one cannot start: neither
holds up the others.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import anyio

import aiovirt
from aiovirt.errors import AiovirtError
from aiovirt.protocols.vsphere.tables.faults import InsufficientResourcesFault
from aiovirt.testing import run_fake_vsphere
from aiovirt.testing.vsphere import Settings

AT_ONCE = 16
DEADLINE_S = 120.0


@dataclass
class Progress:
    """How far it is."""

    total: int
    done: int = 0
    troubles: dict[str, str] = field(default_factory=dict)

    def tell(self, name: str, trouble: str | None = None) -> None:
        """Count a machine, and print a line of what has gone wrong and of every tenth."""
        self.done += 1
        if trouble is not None:
            self.troubles[name] = trouble
        if trouble is not None or self.done % 10 == 0 or self.done == self.total:
            print(f"{self.done:3}/{self.total} {name}: {trouble or 'off and on'}")


async def power_cycle(vm: aiovirt.Domain, deadline_s: float, progress: Progress) -> None:
    """Power one off and on; whatever goes wrong is told, and stays with this one."""
    try:
        with anyio.fail_after(deadline_s):  # a task that is cut off is cancelled at the host
            await vm.destroy()
            await vm.start()
    except TimeoutError:
        progress.tell(vm.name, f"not done within {deadline_s:g} s")
    except AiovirtError as error:
        progress.tell(vm.name, f"{error} ({error.hint})" if error.hint else str(error))
    else:
        progress.tell(vm.name)


async def power_all(vms: Sequence[aiovirt.Domain], deadline_s: float) -> Progress:
    """Power all off and on, `AT_ONCE` at a time."""
    progress = Progress(len(vms))
    slots = anyio.CapacityLimiter(AT_ONCE)

    async def one(vm: aiovirt.Domain) -> None:
        async with slots:
            await power_cycle(vm, deadline_s, progress)

    async with anyio.create_task_group() as tasks:
        for vm in vms:
            tasks.start_soon(one, vm)
    return progress


async def own_machines() -> Progress:
    """Run a simulated host, and let one machine hang and another one fail."""
    async with (
        run_fake_vsphere(Settings(kind="esx", machines=50)) as fake,
        aiovirt.open(fake.uri, credentials=aiovirt.Login("root", "secret")) as host,
    ):
        stuck, failing = fake.machine("machine7"), fake.machine("machine23")
        fake.plan.slow_task("PowerOffVM_Task", math.inf, of=stuck.ref.value)
        fake.plan.fail_task("PowerOnVM_Task", InsufficientResourcesFault(), of=failing.ref.value)
        return await power_all(await host.domains.list(), deadline_s=3.0)


async def given_machines(uri: str, names: Sequence[str]) -> Progress:
    """Power those that were named."""
    async with aiovirt.open(uri) as host:
        return await power_all([await host.domains.get(name) for name in names], DEADLINE_S)


async def main(arguments: Sequence[str]) -> None:
    """Do it, and say how it went."""
    begin = perf_counter()
    if arguments:
        progress = await given_machines(arguments[0], arguments[1:])
    else:
        progress = await own_machines()
    good = progress.total - len(progress.troubles)
    print(f"{good} of {progress.total} machines went off and on in {perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1:])
