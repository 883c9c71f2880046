"""What libvirt's own esx driver and ours tell of a host beside its machines, by documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from esxhosts import opening
from vcsimlab import Checker, Simulator, Virsh, connected

from aiovirt.objects import Connection

__all__ = ["documents_by_aiovirt", "documents_by_virsh", "furnish"]

SNAPSHOTS = ("one", "two")
MEDIUM = "some.iso"
STORE = "LocalDS_0"

COMMANDS: dict[str, tuple[str, ...]] = {
    "capabilities": ("capabilities",),
    "network": ("net-dumpxml", "vSwitch0"),
    "pool": ("pool-dumpxml", STORE),
    "volume": ("vol-dumpxml", MEDIUM, "--pool", STORE),
}
"""By what is told the command of virsh that tells it; those of machines are added."""


def _commands(machine: str) -> dict[str, tuple[str, ...]]:
    of_snapshots = {name: ("snapshot-dumpxml", machine, name) for name in SNAPSHOTS}
    return COMMANDS | {f"snapshot {name}": words for name, words in of_snapshots.items()}


def furnish(simulator: Simulator) -> None:
    """Let the simulator have what is told of."""
    (simulator.datastore(STORE) / MEDIUM).write_bytes(bytes(1000))
    with connected(simulator) as session:
        for name in SNAPSHOTS:
            Checker(session).snapshot(simulator.machine, name, f"the snapshot {name}")


def documents_by_virsh(virsh: Virsh) -> dict[str, str]:
    """Return what libvirt's driver tells."""
    commands = _commands(virsh.simulator.machine)
    return {what: virsh.run(*words) for what, words in commands.items()}


async def _volume(host: Connection) -> str:
    return await (await (await host.pools.get(STORE)).volume(MEDIUM)).xml()


async def _network(host: Connection) -> str:
    return await (await host.networks.get("vSwitch0")).xml()


async def _pool(host: Connection) -> str:
    return await (await host.pools.get(STORE)).xml()


OURS: dict[str, Callable[[Connection], Awaitable[str]]] = {
    "capabilities": Connection.capabilities,
    "network": _network,
    "pool": _pool,
    "volume": _volume,
}


async def documents_by_aiovirt(simulator: Simulator, like_libvirt: str = "0") -> dict[str, str]:
    """Return what our driver tells, with that parameter of its URI."""
    async with opening(simulator, like_libvirt=like_libvirt) as host:
        vm = await host.domains.get(simulator.machine)
        told = {what: await tell(host) for what, tell in OURS.items()}
        for name in SNAPSHOTS:
            told[f"snapshot {name}"] = await (await vm.snapshots.get(name)).xml()
        return told
