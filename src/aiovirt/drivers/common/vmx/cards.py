"""Network cards: ``ethernet0`` and so on.

Where addresses come from (VMware, "Assigning MAC addresses"): 00:0c:29 is what hosts generate,
00:50:56:00 to 3f is set by hand, 00:50:56:80 to bf is what a vCenter generates; any other address
must be told not to be checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiovirt.config import DomainConfig, Interface, InterfaceSource, element
from aiovirt.drivers.common.vmx.section import Section, present, uuid_text
from aiovirt.drivers.common.vmx.translation import Known, Reading, Writing, wrong
from aiovirt.model.mac import MacAddress

__all__ = ["FAMILY", "network_of", "numbers", "read", "write"]

FAMILY = "ethernet"
NO_ADDRESS = MacAddress(bytes(6))
"""What libvirt shows as long as the host has not generated one."""

MODELS = dict.fromkeys(("vlance", "vmxnet", "vmxnet3", "e1000", "e1000e"))
_ENHANCED = 15  # the features by which a vmxnet card is one of the second generation
_MANY_CARDS = 7  # since this hardware version a machine has ten cards, before four
_BRIDGED = "VMnet0"  # the network of desktops that is the host's own
_WORDS = ("bridged", "nat", "custom", "hostonly")  # the last is unknown to libvirt
_GENERATED = bytes.fromhex("000c29")
_VMWARE = bytes.fromhex("005056")
_BY_HAND = range(0x40)
_BY_VCENTER = range(0x80, 0xC0)


def network_of(card: Interface) -> str | None:
    """The port group that a card names, or None."""
    source = card.source
    return source.portgroup or source.bridge or source.network


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of all cards.

    Raises:
        ConfigError: One cannot be understood.
    """
    for _, section in present(reading.vmx, FAMILY):
        config.interfaces.append(_card(reading, section))


def _card(reading: Reading, section: Section) -> Interface:
    card = Interface()
    _CONNECTIONS[_connection(reading, section)](section, card)
    _read_mac(section, card)
    card.model = _model(section)
    if reading.extended and not section.switch("startConnected", default=True):
        card.link = "down"
    return card


def _connection(reading: Reading, section: Section) -> str:
    if section.text("dvs.switchId") is not None:
        return "distributed"
    default = "none" if section.text("networkName") is None else "bridged"
    words = _WORDS if reading.extended else _WORDS[:-1]
    return section.choice("connectionType", {word: word for word in words}) or default


def _none(_: Section, card: Interface) -> None:
    card.type = "null"


def _nat(_: Section, card: Interface) -> None:
    card.type = "user"


def _host_only(_: Section, card: Interface) -> None:
    card.type, card.source = "network", InterfaceSource(network="hostonly")


def _bridged(section: Section, card: Interface) -> None:
    card.type = "bridge"
    _name(card, section.text("networkName") or _BRIDGED)


def _custom(section: Section, card: Interface) -> None:
    vnet = section.needed("vnet")
    card.type = "bridge"
    _name(card, section.text("networkName") or vnet)
    card.target_dev = "vnet"
    node = element(card)
    target = None if node is None else node.find("target")
    if target is not None:
        target.set("dev", vnet)


def _name(card: Interface, name: str) -> None:
    card.source = InterfaceSource()
    node = element(card.source)
    if node is not None:
        node.set("bridge", name)  # port groups have names that no bridge of Linux could have


def _distributed(section: Section, card: Interface) -> None:
    card.type = "vds"
    group = section.needed("dvs.portgroupId")
    section.needed("dvs.portId")
    section.needed("dvs.connectionId")
    card.source = InterfaceSource(
        switchid=section.uuid("dvs.switchId"),
        portid=str(section.number("dvs.portId", 0)),
        portgroupid=group,
        connectionid=section.number("dvs.connectionId", 0),
    )


_CONNECTIONS: Mapping[str, Callable[[Section, Interface], None]] = {
    "bridged": _bridged,
    "nat": _nat,
    "custom": _custom,
    "hostonly": _host_only,
    "distributed": _distributed,
    "none": _none,
}


def _read_mac(section: Section, card: Interface) -> None:
    kinds = {"generated": "generated", "vpx": "generated", "static": "static"}
    kind = section.choice("addressType", kinds)
    name = "address" if kind == "static" else "generatedAddress"
    card.mac = section.mac(name) or NO_ADDRESS
    card.mac_type = kind
    checked = section.word("checkMACAddress")
    card.mac_check = None if checked is None else checked == "true"


def _model(section: Section) -> str | None:
    if section.choice("virtualDev", {name: name for name in MODELS}) is None:
        return None
    word = section.word("virtualDev")
    enhanced = word == "vmxnet" and section.number("features", 0) == _ENHANCED
    return "vmxnet2" if enhanced else word


def numbers(reading: Reading) -> Known:
    """By what each card of a file is known when that is changed, its address, and its number.

    Raises:
        ConfigError: An address cannot be.
    """
    found = ((_card(reading, section), number) for number, section in present(reading.vmx, FAMILY))
    return [(_known_by(card), number) for card, number in found]


def _known_by(card: Interface) -> str:
    return str(card.mac or NO_ADDRESS)


def write(writing: Writing, config: DomainConfig) -> None:
    """Write all cards.

    Raises:
        XMLError: VMware has no such card, or not so many.
    """
    cards = list(config.interfaces)
    most = 10 if writing.hardware >= _MANY_CARDS else 4
    for card in cards[most:]:
        raise wrong(card, f"hardware version {writing.hardware} has {most} cards at most")
    assigned = writing.numbers.assign(FAMILY, [_known_by(card) for card in cards])
    for card, number in zip(cards, assigned, strict=True):
        section = writing.section(f"{FAMILY}{number}")
        section.put("present", value=True)
        _write_model(section, card)
        _write_connection(section, card)
        _write_mac(section, card)
        section.say(startConnected=False if card.link == "down" else None)


def _write_model(section: Section, card: Interface) -> None:
    model = card.model
    if model is None:
        return
    if model not in {*MODELS, "vmxnet2"}:
        expected = ", ".join(map(repr, (*MODELS, "vmxnet2")))
        raise wrong(card, f"the model cannot be {model!r}", expected=expected)
    if model == "vmxnet2":
        section.say(virtualDev="vmxnet", features=_ENHANCED)
    else:
        section.say(virtualDev=model)


def _write_connection(section: Section, card: Interface) -> None:
    kind = card.type or ""
    if kind not in _WRITERS:
        raise wrong(card, f"the type cannot be {kind!r}", expected=", ".join(map(repr, _WRITERS)))
    _WRITERS[kind](section, card)


def _write_none(_: Section, __: Interface) -> None:
    """A card without a cable has no keys for it."""


def _write_nat(section: Section, _: Interface) -> None:
    section.put("connectionType", "nat")


def _write_bridged(section: Section, card: Interface) -> None:
    vnet = card.target_dev
    section.say(
        networkName=card.source.bridge,
        connectionType="custom" if vnet else "bridged",
        vnet=vnet,
    )


def _write_network(section: Section, card: Interface) -> None:
    name = card.source.network or ""
    if name == "hostonly":
        section.put("connectionType", "hostonly")
    elif name.lower().startswith("vmnet"):
        section.say(connectionType="custom", vnet=name)
    else:
        raise wrong(
            card,
            f"there is no network {name!r}",
            expected="'hostonly' or a name such as 'VMnet8'",
            hint="A port group of ESX is named by <interface type='bridge'>.",
        )


def _write_distributed(section: Section, card: Interface) -> None:
    source = card.source
    if source.switchid is None:
        raise wrong(card, "the source names no switch", expected="switchid='…'")
    section.say(
        dvs_switchId=uuid_text(source.switchid),
        dvs_portId=source.portid,
        dvs_portgroupId=source.portgroupid,
        dvs_connectionId=source.connectionid,
    )


_WRITERS: Mapping[str, Callable[[Section, Interface], None]] = {
    "bridge": _write_bridged,
    "user": _write_nat,
    "null": _write_none,
    "vds": _write_distributed,
    "network": _write_network,
}


def _write_mac(section: Section, card: Interface) -> None:
    address = card.mac or NO_ADDRESS
    if address == NO_ADDRESS:
        section.put("addressType", "generated")  # by the host, when it starts
        return
    kind, checked = _kind(card, address)
    if kind == "generated":
        _write_generated(section, address)
    else:
        section.say(addressType="static", address=str(address))
    section.say(checkMACAddress=checked)


def _kind(card: Interface, address: MacAddress) -> tuple[str, bool | None]:
    """What kind of address a card has, and whether the host shall check it."""
    kind, checked = _usual(address)
    if card.mac_type == "generated":
        checked = None
    if card.mac_check is not None:
        checked = card.mac_check
    return card.mac_type or kind, checked


def _write_generated(section: Section, address: MacAddress) -> None:
    by_vcenter = _is_vmware(address) and address.octets[3] in _BY_VCENTER
    section.say(
        addressType="vpx" if by_vcenter else "generated",
        generatedAddress=str(address),
        generatedAddressOffset=None if by_vcenter else 0,
    )


def _is_vmware(address: MacAddress) -> bool:
    return address.octets.startswith(_VMWARE)


def _usual(address: MacAddress) -> tuple[str, bool | None]:
    """What kind of address this is where the card does not say, and whether it shall be checked."""
    if address.octets.startswith(_GENERATED):
        return "generated", None
    block = address.octets[3] if _is_vmware(address) else None
    if block in _BY_VCENTER:
        return "generated", None
    return "static", None if block in _BY_HAND else False
