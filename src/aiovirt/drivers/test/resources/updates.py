"""Changing one part of a network: which sections there are, and what stands for the same part.

As in libvirt, some sections cannot be changed at all, and parts of some can be added and removed
but not modified.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from aiovirt.config import NetworkConfig, View
from aiovirt.config.network import (
    DhcpHost,
    DhcpRange,
    DnsHost,
    DnsSrv,
    DnsTxt,
    ForwardInterface,
    NetworkIp,
    NetworkPortgroup,
)
from aiovirt.drivers.test.resources.checking import DRIVER
from aiovirt.errors import ConfigError, Unsupported, XMLError
from aiovirt.model.constants import NetworkUpdateCommand, NetworkUpdateSection

__all__ = ["update"]

V = TypeVar("V", bound=View)

_SECTION = NetworkUpdateSection
_COMMAND = NetworkUpdateCommand


class _Change(Protocol):
    def apply(self, config: NetworkConfig, command: int, xml: str, index: int) -> None:
        """Do a command on a configuration."""


@dataclass(frozen=True)
class _Section(Generic[V]):
    """How one section is changed.

    Attributes:
        kind: What its parts are.
        parts: Where they are; gets the number of the parent, or -1, and the part.
        same: Whether two stand for the same.
        modified: Whether a part can be modified.
    """

    kind: type[V]
    parts: Callable[[NetworkConfig, int, V], MutableSequence[V]]
    same: Callable[[V, V], bool]
    modified: bool = False

    def apply(self, config: NetworkConfig, command: int, xml: str, index: int) -> None:
        """Do a command on a configuration."""
        part = self.kind.parse(xml)
        parts = self.parts(config, index, part)
        there = [place for place, each in enumerate(parts) if self.same(each, part)]
        name = self.kind.__name__
        if command in {_COMMAND.ADD_LAST, _COMMAND.ADD_FIRST}:
            if there:
                raise ConfigError(f"the network has such a {name} already", field=name)
            parts.insert(0 if command == _COMMAND.ADD_FIRST else len(parts), part)
            return
        if not there:
            raise ConfigError(f"the network has no such {name}", field=name)
        if command == _COMMAND.DELETE:
            del parts[there[0]]
        elif self.modified:
            parts[there[0]] = part
        else:
            raise Unsupported(DRIVER, "Networks.update", f"a {name} can be added or deleted only")


def _of_subnet(config: NetworkConfig, index: int, part: DhcpHost | DhcpRange) -> NetworkIp:
    """The subnet that a part of a DHCP server is in."""
    subnets = list(config.ips)
    if index >= 0:
        if index >= len(subnets):
            raise ConfigError(f"the network has {len(subnets)} addresses", field="parent_index")
        return subnets[index]
    address = part.start if isinstance(part, DhcpRange) else part.ip
    fitting = [each for each in subnets if each.interface and address in each.interface.network]
    found = next(iter(fitting or [each for each in subnets if each.ranges or each.hosts]), None)
    if found is None:
        raise ConfigError("no subnet of the network fits", field="parent_index")
    return found


def _same_host(one: DhcpHost, two: DhcpHost) -> bool:
    return any(
        left is not None and left == right
        for left, right in ((one.mac, two.mac), (one.id, two.id), (one.ip, two.ip))
    ) or (one.mac is None and one.name is not None and one.name == two.name)


_SECTIONS: dict[int, _Change] = {
    _SECTION.IP_DHCP_HOST: _Section(
        DhcpHost,
        lambda config, index, part: _of_subnet(config, index, part).hosts,
        _same_host,
        modified=True,
    ),
    _SECTION.IP_DHCP_RANGE: _Section(
        DhcpRange,
        lambda config, index, part: _of_subnet(config, index, part).ranges,
        lambda one, two: (one.start, one.end) == (two.start, two.end),
    ),
    _SECTION.FORWARD_INTERFACE: _Section(
        ForwardInterface,
        lambda config, _index, _part: config.forward.interfaces,
        lambda one, two: one.dev == two.dev,
    ),
    _SECTION.PORTGROUP: _Section(
        NetworkPortgroup,
        lambda config, _index, _part: config.portgroups,
        lambda one, two: one.name == two.name,
        modified=True,
    ),
    _SECTION.DNS_HOST: _Section(
        DnsHost,
        lambda config, _index, _part: config.dns.hosts,
        lambda one, two: one.ip == two.ip or bool({*one.hostnames} & {*two.hostnames}),
    ),
    _SECTION.DNS_TXT: _Section(
        DnsTxt,
        lambda config, _index, _part: config.dns.txts,
        lambda one, two: one.name == two.name,
    ),
    _SECTION.DNS_SRV: _Section(
        DnsSrv,
        lambda config, _index, _part: config.dns.srvs,
        lambda one, two: (
            (one.service, one.protocol, one.domain, one.target)
            == (two.service, two.protocol, two.domain, two.target)
        ),
    ),
}


def update(
    config: NetworkConfig, command: int, section: int, xml: str, index: int
) -> NetworkConfig:
    """A configuration with one part changed; the one that is given stays as it is.

    Args:
        config: The configuration.
        command: Of `NetworkUpdateCommand`.
        section: Of `NetworkUpdateSection`.
        xml: The part.
        index: Which of several parents it is in; -1 finds it.

    Raises:
        ConfigError: The part is wrong, or is not there, or is there already.
        Unsupported: The section, or the command in it, cannot be done.
    """
    how = _SECTIONS.get(section)
    if how is None or command not in {*_COMMAND} - {_COMMAND.NONE}:
        what = f"{_name(_COMMAND, command)} of the section {_name(_SECTION, section)}"
        raise Unsupported(DRIVER, "Networks.update", what)
    changed = config.copy()
    how.apply(changed, command, xml, index)
    problems: list[XMLError] = changed.problems()
    if problems:
        raise problems[0]
    return changed


def _name(kind: type[NetworkUpdateCommand | NetworkUpdateSection], number: int) -> str:
    return next((each.name.lower() for each in kind if each == number), str(number))
