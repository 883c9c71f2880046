"""The physical cards of a host, as its network interfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiovirt.config import HostInterfaceConfig
from aiovirt.drivers.esxssh.context import EsxAbility
from aiovirt.errors import CallerError, NotFound
from aiovirt.interfaces import HostInterfaces
from aiovirt.model.keys import HostInterfaceKey
from aiovirt.model.network import HostInterfaceRecord

__all__ = ["EsxHostInterfaces"]


class EsxHostInterfaces(EsxAbility, HostInterfaces):
    """See `HostInterfaces`; the host can only be asked."""

    async def _rows(self) -> list[Mapping[str, str]]:
        return await self.host.table("network", "nic", "list", what="list its network cards")

    async def records(self) -> Sequence[HostInterfaceRecord]:
        """See `HostInterfaces.records`."""
        found = [HostInterfaceRecord(_key(row), _is_up(row)) for row in await self._rows()]
        return sorted(found, key=lambda record: record.key.name)

    async def keys(self, *, active: bool | None = None) -> Sequence[HostInterfaceKey]:
        """See `HostInterfaces.keys`."""
        return [each.key for each in await self.records() if active in {None, each.active}]

    async def _find(self, name: str) -> Mapping[str, str]:
        for row in await self._rows():
            if row["Name"] == name:
                return row
        raise NotFound(f"{self.host.where} has no network card {name!r}")

    async def find_by_name(self, name: str) -> HostInterfaceKey:
        """See `HostInterfaces.find_by_name`."""
        return _key(await self._find(name))

    async def find_by_mac(self, mac: str) -> HostInterfaceKey:
        """See `HostInterfaces.find_by_mac`."""
        found = [_key(row) for row in await self._rows() if row["MACAddress"] == mac.lower()]
        if len(found) > 1:
            raise CallerError(f"{self.host.where} has several network cards with {mac}")
        if not found:
            raise NotFound(f"{self.host.where} has no network card with the address {mac}")
        return found[0]

    async def config(
        self, interface: HostInterfaceKey, *, inactive: bool = False
    ) -> HostInterfaceConfig:
        """See `HostInterfaces.config`: a card without addresses, which are the host's own."""
        del inactive  # there is one configuration only
        row = await self._find(interface.name)
        config = HostInterfaceConfig.ethernet(row["Name"], dhcp=False)
        config.mac = row["MACAddress"]
        config.mtu = int(row["MTU"])
        return config

    async def is_active(self, interface: HostInterfaceKey) -> bool:
        """See `HostInterfaces.is_active`: whether it has a link."""
        return _is_up(await self._find(interface.name))


def _key(row: Mapping[str, str]) -> HostInterfaceKey:
    return HostInterfaceKey(row["Name"], row["MACAddress"])


def _is_up(row: Mapping[str, str]) -> bool:
    return row["LinkStatus"].lower() == "up"
