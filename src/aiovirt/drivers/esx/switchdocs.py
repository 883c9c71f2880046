"""Virtual switches as libvirt's ``<network>``, both ways.

What libvirt has no word for, whether machines may see foreign packets or send such, stands in the
metadata: ``<vmware:security portgroup='VM Network' promiscuous='yes'/>``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import NetworkConfig
from aiovirt.config.making import Element, make, to_text
from aiovirt.config.network import NetworkPortgroup
from aiovirt.config.shared.traffic import Bandwidth, BandwidthLimit
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.esx.switches import ALL_VLANS, DEFAULT_MTU, Group, Security, Shaping, Switch
from aiovirt.errors import ConfigError
from aiovirt.protocols.esxcli import unfit

__all__ = ["NAMESPACE", "describe", "read_group", "read_network"]

NAMESPACE: Final = "http://libvirt.org/schemas/domain/vmware/1.0"
"""libvirt's own, of what its documents say of VMware."""

_SECURITY: Final = f"{{{NAMESPACE}}}security"
_MOST_NAME: Final = 31
"""Characters of a switch's name (vSphere's configuration maximums)."""
_FLAGS: Final = {
    "promiscuous": "promiscuous",
    "macChanges": "mac_changes",
    "forgedTransmits": "forged_transmits",
}
"""The attribute of the element -> the field of `Security`."""

_BITS: Final = 8 * 1000
"""Bits a second of a kilobyte a second, as libvirt reckons here."""
_KIB: Final = 1024


def describe(switch: Switch) -> NetworkConfig:
    """A switch as XML: its cards are what it is forwarded by.

    The MTU stands there where it is not Ethernet's, a rule where it is not VMware's default.
    """
    # As elements: libvirt's grammar allows no spaces in names of port groups, ESX does.
    clients = sum(each.clients for each in switch.groups)
    document = make(
        "network",
        make("name", switch.name),
        make("uuid", str(switch.key.uuid)),
        _metadata(switch),
        _forward(switch),
        make("mtu", size=switch.mtu) if switch.mtu != DEFAULT_MTU else None,
        _bandwidth(switch.shaping, switch.shaping),
        *(_portgroup(each) for each in switch.groups),
        connections=clients or None,
    )
    return NetworkConfig.parse(to_text(document))


def _forward(switch: Switch) -> Element | None:
    if not switch.uplinks:
        return None
    cards = [make("interface", dev=card) for card in switch.uplinks]
    return make("forward", *cards, dev=switch.uplinks[0], mode="bridge")


def _metadata(switch: Switch) -> Element | None:
    rules: list[tuple[str | None, Security | None]] = [
        (None, switch.security if switch.security != Security() else None)
    ]
    rules += [(each.name, each.security) for each in switch.groups]
    told = [_rule(name, rule, switch.security) for name, rule in rules if rule is not None]
    kept = [each for each in told if each is not None]
    return make("metadata", *kept) if kept else None


def _rule(group: str | None, rule: Security, above: Security) -> Element | None:
    if group is not None and rule == above:
        return None
    node = make(_SECURITY, portgroup=group)
    for attribute, field in _FLAGS.items():
        node.set(attribute, "yes" if getattr(rule, field) else "no")
    return node


def _portgroup(group: Group) -> Element:
    tags = [make("tag", id=each) for each in group.vlans]
    is_trunk = len(group.vlans) > 1 or ALL_VLANS in group.vlans
    vlan = make("vlan", *tags, trunk="yes" if is_trunk else None) if tags else None
    return make("portgroup", _bandwidth(group.inbound, group.outbound), vlan, name=group.name)


def _bandwidth(inbound: Shaping | None, outbound: Shaping | None) -> Element | None:
    parts = [
        make(tag, average=_kilobytes(each.average), peak=_kilobytes(each.peak), burst=_burst(each))
        for tag, each in (("inbound", inbound), ("outbound", outbound))
        if each is not None
    ]
    return make("bandwidth", *parts) if parts else None


def _kilobytes(bits: int | None) -> int | None:
    return bits // _BITS if bits else None


def _burst(shaping: Shaping) -> int | None:
    return shaping.burst // _KIB if shaping.burst else None


# --- and back -------------------------------------------------------------------------------------


def read_network(config: NetworkConfig, switch: Switch) -> Switch:
    """The switch that a configuration asks for.

    Args:
        config: It.
        switch: The same as it is, or an empty one for a new one.

    Raises:
        ConfigError: A switch cannot be so.
    """
    name = config.name or ""
    why = unfit(name, most=_MOST_NAME, forbidden="/\\#,")
    if why is not None:
        raise ConfigError(f"no virtual switch can be called {name!r}: {why}", field="name")
    if config.uuid not in {None, switch.key.uuid}:
        raise ConfigError(
            "the UUID of a virtual switch comes from its name", field="uuid", hint="leave it out"
        )
    if config.ips or config.domain or config.mode not in {None, "bridge"}:
        raise ConfigError(
            "a virtual switch has no addresses and translates none",
            field="ip" if config.ips else "forward",
            hint="use <forward mode='bridge'><interface dev='vmnic1'/></forward>",
        )
    rules = dict(_rules(config))
    cards = [each.dev for each in config.forward.interfaces if each.dev]
    if not cards and config.forward.dev:
        cards = [config.forward.dev]
    shaping, _ = _limits(config.bandwidth, "bandwidth")
    return Switch(
        switch.key,
        config.mtu or DEFAULT_MTU,
        tuple(cards),
        tuple(read_group(each, rules) for each in config.portgroups),
        shaping,
        rules.get(None, Security()),
        switch.spec,
        taken=switch.taken,
    )


def _rules(config: NetworkConfig) -> Iterator[tuple[str | None, Security]]:
    for node in node_of(config).iterfind(f"metadata/{_SECURITY}"):
        answers = {}
        for attribute, field in _FLAGS.items():
            told = node.get(attribute)
            if told not in {None, "yes", "no"}:
                raise ConfigError(f"{attribute} is yes or no, not {told!r}", field="metadata")
            if told is not None:
                answers[field] = told == "yes"
        yield node.get("portgroup"), Security(**answers)


def read_group(
    group: NetworkPortgroup, rules: dict[str | None, Security], *, distributed: bool = False
) -> Group:
    """The port group that a configuration asks for.

    Args:
        group: It.
        rules: What machines may do there, by its name.
        distributed: Whether it is of a distributed switch, which limits each direction for itself.

    Raises:
        ConfigError: A port group cannot be so.
    """
    name = group.name or ""
    why = unfit(name)
    if why is not None:
        raise ConfigError(f"no port group can be called {name!r}: {why}", field="portgroup/name")
    tags = tuple(each.id for each in group.vlan.tags if each.id)
    limits = _each if distributed else _limits
    inbound, outbound = limits(group.bandwidth, "portgroup/bandwidth")
    return Group(name, tags, inbound, outbound, rules.get(name))


def _each(bandwidth: Bandwidth, _field: str) -> tuple[Shaping | None, Shaping | None]:
    return _shaping(bandwidth.inbound), _shaping(bandwidth.outbound)


def _limits(bandwidth: Bandwidth, field: str) -> tuple[Shaping | None, Shaping | None]:
    inbound, outbound = _each(bandwidth, field)
    if inbound != outbound:
        raise ConfigError(
            "a standard switch has the same limits for what comes in and what goes out",
            field=field,
        )
    return inbound, outbound


def _shaping(limit: BandwidthLimit) -> Shaping | None:
    told = (limit.average, limit.peak, limit.burst)
    if not any(told):
        return None
    return Shaping(
        limit.average * _BITS if limit.average else None,
        limit.peak * _BITS if limit.peak else None,
        limit.burst * _KIB if limit.burst else None,
    )
