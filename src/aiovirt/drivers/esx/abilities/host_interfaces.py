"""The network interfaces of a host: its physical cards, and its own addresses (VMkernel)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from aiovirt.config import HostInterfaceConfig
from aiovirt.config.making import Element, make, to_text
from aiovirt.drivers.esx.hosts import host_of
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.drivers.esx.switches import host_network
from aiovirt.errors import CallerError, NotFound
from aiovirt.interfaces import HostInterfaces
from aiovirt.model.keys import HostInterfaceKey
from aiovirt.model.network import HostInterfaceRecord
from aiovirt.protocols.vsphere.tables.networks import HostIpConfig, HostVirtualNic, PhysicalNic

__all__ = ["EsxHostInterfaces"]


@dataclass(frozen=True, slots=True)
class _Interface:
    """An interface of the host.

    Attributes:
        key: Name and MAC address.
        active: Whether a card has a link; a VMkernel interface is always up.
        ip: Its addresses, or None.
        mtu: The largest packet, or None.
        speed: Of a card's link, in Mbit/s.
    """

    key: HostInterfaceKey
    active: bool
    ip: HostIpConfig | None
    mtu: int | None = None
    speed: int | None = None


class EsxHostInterfaces(EsxAbility, HostInterfaces):
    """See `HostInterfaces`; the host can only be asked."""

    async def _all(self) -> list[_Interface]:
        host = host_of(self.session, "tell its network cards")
        info = await host_network(self.session, host)
        found = [_card(each) for each in info.pnic] + [_own(each) for each in info.vnic]
        return sorted(found, key=lambda each: each.key.name)

    async def records(self) -> Sequence[HostInterfaceRecord]:
        """See `HostInterfaces.records`."""
        return [HostInterfaceRecord(each.key, each.active) for each in await self._all()]

    async def keys(self, *, active: bool | None = None) -> Sequence[HostInterfaceKey]:
        """See `HostInterfaces.keys`."""
        return [each.key for each in await self._all() if active in {None, each.active}]

    async def _find(self, name: str) -> _Interface:
        found = await self._all()
        for each in found:
            if each.key.name == name:
                return each
        known = ", ".join(each.key.name for each in found) or "none"
        raise NotFound(
            f"{self.session.where} has no network interface {name!r}", hint=f"there are: {known}"
        )

    async def find_by_name(self, name: str) -> HostInterfaceKey:
        """See `HostInterfaces.find_by_name`."""
        return (await self._find(name)).key

    async def find_by_mac(self, mac: str) -> HostInterfaceKey:
        """See `HostInterfaces.find_by_mac`; a card goes before an own interface with its address.

        The first VMkernel interface of a host mostly has the address of the first card.
        """
        found = [each for each in await self._all() if each.key.mac.lower() == mac.lower()]
        cards = [each for each in found if each.speed is not None] or found
        if len(cards) > 1:
            raise CallerError(f"{self.session.where} has several interfaces with {mac}")
        if not cards:
            raise NotFound(f"{self.session.where} has no interface with the address {mac}")
        return cards[0].key

    async def config(
        self, interface: HostInterfaceKey, *, inactive: bool = False
    ) -> HostInterfaceConfig:
        """See `HostInterfaces.config`: that of DHCP has no addresses when `inactive`."""
        found = await self._find(interface.name)
        document = make(
            "interface",
            make("start", mode="onboot"),
            make("mtu", size=found.mtu) if found.mtu else None,
            make("mac", address=found.key.mac),
            make("link", speed=found.speed, state="up" if found.active else "down")
            if found.speed is not None
            else None,
            *_protocols(found.ip, inactive=inactive),
            type="ethernet",
            name=found.key.name,
        )
        return HostInterfaceConfig.parse(to_text(document))

    async def is_active(self, interface: HostInterfaceKey) -> bool:
        """See `HostInterfaces.is_active`: whether a card has a link."""
        return (await self._find(interface.name)).active


def _card(nic: PhysicalNic) -> _Interface:
    speed = nic.link_speed.speed_mb if nic.link_speed else 0
    key = HostInterfaceKey(nic.device, nic.mac)
    return _Interface(key, nic.link_speed is not None, nic.spec.ip, speed=speed)


def _own(nic: HostVirtualNic) -> _Interface:
    key = HostInterfaceKey(nic.device, nic.spec.mac or "")
    return _Interface(key, active=True, ip=nic.spec.ip, mtu=nic.spec.mtu)


def _protocols(ip: HostIpConfig | None, *, inactive: bool) -> list[Element]:
    if ip is None:
        return []
    return [each for each in (_ipv4(ip, inactive=inactive), _ipv6(ip)) if each is not None]


def _ipv4(ip: HostIpConfig, *, inactive: bool) -> Element | None:
    parts = [make("dhcp")] if ip.dhcp else []
    if ip.ip_address and ip.subnet_mask and not (ip.dhcp and inactive):
        prefix = IPv4Network(f"0.0.0.0/{ip.subnet_mask}").prefixlen
        parts.append(make("ip", address=ip.ip_address, prefix=prefix))
    return make("protocol", *parts, family="ipv4") if parts else None


def _ipv6(ip: HostIpConfig) -> Element | None:
    config = ip.ip_v6_config
    if config is None or not config.ip_v6_address:
        return None
    auto = [make("autoconf")] if config.auto_configuration_enabled else []
    dhcp = [make("dhcp")] if config.dhcp_v6_enabled else []
    addresses = [
        make("ip", address=each.ip_address, prefix=each.prefix_length)
        for each in config.ip_v6_address
    ]
    return make("protocol", *auto, *dhcp, *addresses, family="ipv6")
