"""Copies of machines, their removal with all files, and the host's maintenance mode."""

from __future__ import annotations

from aiovirt.drivers.esxssh.cloning import clone
from aiovirt.drivers.esxssh.context import DRIVER, Context, EsxAbility
from aiovirt.drivers.esxssh.inventory import OFF
from aiovirt.drivers.esxssh.link import LONG_S
from aiovirt.drivers.esxssh.maintenance import Maintenance
from aiovirt.errors import InvalidState, Unsupported
from aiovirt.interfaces import Inventory, SnapshotUpkeep
from aiovirt.interfaces.inventory import OnPercent
from aiovirt.model.domain import DomainKey

__all__ = ["EsxInventory", "EsxSnapshotUpkeep"]


class EsxInventory(EsxAbility, Inventory):
    """See `Inventory`; folders, attributes and other hosts are a vCenter's."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._maintenance = Maintenance(context.host)

    async def clone(
        self,
        domain: DomainKey,
        name: str,
        *,
        folder: str | None = None,
        host: str | None = None,
        datastore: str | None = None,
        linked: bool = False,
        template: bool = False,
        progress: OnPercent | None = None,
    ) -> DomainKey:
        """See `Inventory.clone`: of a machine that is off; how far it is, is not told."""
        del progress  # vmkfstools tells of each disk alone
        if folder or host or linked or template:
            raise Unsupported(DRIVER, "Inventory.clone", "whole copies on the host itself only")
        return await clone(self.context, domain, name, datastore)

    async def delete(self, domain: DomainKey) -> None:
        """See `Inventory.delete`."""
        async with self.context.changing(domain) as machine:
            if machine.power != OFF:
                raise InvalidState(
                    f"domain {domain.name!r} on {self.host.where} is not off: "
                    "its files cannot be removed",
                    hint=f"aiovirt shutdown {domain.name}",
                )
            what = f"remove domain {domain.name!r} with its files"
            await self.host.vim("vmsvc/destroy", str(machine.vmid), what=what, bound_s=LONG_S)
            self.context.watcher.gone(self.inventory.record(machine))

    async def is_template(self, domain: DomainKey) -> bool:
        """See `Inventory.is_template`."""
        machine = await self.inventory.get(domain)
        return machine.summary.get("config.template") is True

    async def maintenance(self, host: str | None = None) -> bool:
        """See `Inventory.maintenance`."""
        _check_host(host)
        return await self._maintenance.active()

    async def enter_maintenance(
        self,
        host: str | None = None,
        *,
        evacuate: bool = False,
        timeout_s: int = 0,
        progress: OnPercent | None = None,
    ) -> None:
        """See `Inventory.enter_maintenance`."""
        del progress  # the host does not tell
        _check_host(host)
        if evacuate:
            raise Unsupported(DRIVER, "Inventory.enter_maintenance", "machines can go nowhere")
        await self._maintenance.enter(wait_s=timeout_s)

    async def leave_maintenance(self, host: str | None = None) -> None:
        """See `Inventory.leave_maintenance`."""
        _check_host(host)
        await self._maintenance.leave()


def _check_host(host: str | None) -> None:
    if host is not None:
        raise Unsupported(DRIVER, "naming a host", "the connection is to one host only")


class EsxSnapshotUpkeep(EsxAbility, SnapshotUpkeep):
    """See `SnapshotUpkeep`."""

    async def delete_all_snapshots(self, domain: DomainKey) -> None:
        """See `SnapshotUpkeep.delete_all_snapshots`."""
        async with self.context.changing(domain) as machine:
            what = f"remove all snapshots of domain {domain.name!r}"
            number = str(machine.vmid)
            await self.host.vim("vmsvc/snapshot.removeall", number, what=what, bound_s=LONG_S)
