"""A whole vCenter in one session: every machine, then what happens to them, and no polling.

    python examples/vcenter_inventory.py 'vpx://user@vcenter/?cacert=ca.pem'

Name and password come from libvirt's auth file, section [auth-esx-vcenter].  Without arguments it
looks at a simulated vCenter of its own making.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

import aiovirt
from aiovirt import Domain, DomainRecord, LifecycleEvent, LifecycleKind, SnapshotConfig
from aiovirt.errors import AiovirtError
from aiovirt.testing import run_fake_vsphere
from aiovirt.testing.vsphere import FakeVSphere, Settings

AT_ONCE = 8  # machines that are asked at one time: more only wait for the server
DAY_S = 24 * 60 * 60
LOGIN = aiovirt.Login("root", "secret")  # of the simulated vCenter


async def describe(vm: Domain, record: DomainRecord) -> str:
    """One line: name, power, guest, addresses, snapshot, and where its disks are."""
    try:
        system = (await vm.guest_info("os")).get("os.pretty-name", "an unknown system")
        cards = await vm.interface_addresses("agent")
        places = [address.address for card in cards for address in card.addresses]
        guest = f"{system} at {', '.join(places) or 'no address'}"
    except AiovirtError as error:  # it is off, or has no VMware Tools: the error says which
        guest = str(error)
    snapshot = await vm.snapshots.current()
    age = "no snapshot"
    if snapshot is not None:
        created = (await snapshot.config()).created
        days = (time.time() - created.timestamp()) / DAY_S if created else 0
        age = f"snapshot {snapshot.name!r} is {days:.0f} days old"
    disks = [disk.source.file for disk in (await vm.config()).disks if disk.source]
    return f"{record.key.name}: {record.state.label}; {guest}; {age}; {', '.join(map(str, disks))}"


async def show_all(host: aiovirt.Connection) -> None:
    """List from memory; then ask each for what only the server knows, some at a time."""
    machines = {vm.name: vm for vm in await host.domains.list()}
    slots = anyio.CapacityLimiter(AT_ONCE)

    async def show(record: DomainRecord) -> None:
        async with slots:
            print(await describe(machines[record.key.name], record))

    async with anyio.create_task_group() as tasks:
        for record in await host.domains.records():
            tasks.start_soon(show, record)


async def watch(host: aiovirt.Connection, until: LifecycleKind | None) -> None:
    """Print what happens, whoever does it, until something of a kind happens; None is for ever."""
    async with host.events() as events:
        if until is not None:
            await somebody_works(host)
        async for event in events:
            if isinstance(event, LifecycleEvent):
                print(event.domain.name, event.kind.name.lower(), event.detail.label)
                if event.kind is until:
                    return


async def somebody_works(host: aiovirt.Connection) -> None:
    """Do something that there are events of."""
    vm = await host.domains.get("machine1")
    await vm.suspend()
    await vm.resume()
    await vm.destroy()


@asynccontextmanager
async def own_vcenter() -> AsyncIterator[FakeVSphere]:
    """Run a simulated vCenter; one machine has no VMware Tools, one is off, one has a snapshot."""
    async with run_fake_vsphere(Settings(kind="vcenter", machines=6, hosts=1, running=5)) as fake:
        fake.guest("machine2").tools = False
        fake.machine("machine2").refresh()
        async with aiovirt.open(fake.uri, credentials=LOGIN) as host:
            vm = await host.domains.get("machine0")
            await vm.snapshots.create(SnapshotConfig(name="upgrade"), disk_only=True)
        yield fake


async def main(uri: str | None) -> None:
    """Show a vCenter; of our own also that a second listing asks nothing."""
    if uri is not None:
        async with aiovirt.open(uri) as host:
            await show_all(host)
            await watch(host, until=None)
        return
    with anyio.fail_after(60):
        async with (
            own_vcenter() as fake,
            aiovirt.open(fake.uri, credentials=LOGIN) as host,
        ):
            await show_all(host)
            await watch(host, until=LifecycleKind.STOPPED)
            before = fake.plan.calls.total()
            running = sum(record.state.active for record in await host.domains.records())
            print(
                f"{running} run; to list them again took {fake.plan.calls.total() - before} calls"
            )


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if sys.argv[1:] else None)
