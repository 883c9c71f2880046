"""Network cards, both ways."""

from __future__ import annotations

import pytest
from vmxsamples import told, written

from aiovirt.config import Interface
from aiovirt.errors import ConfigError, XMLError


def card(*lines: str, extended: bool = True) -> Interface:
    """The only card of a file."""
    own = [f"ethernet3.{line}" for line in ("present = TRUE", *lines)]
    (found,) = told(*own, extended=extended).interfaces
    return found


@pytest.mark.parametrize(
    ("lines", "kind", "bridge", "target"),
    [
        (("networkName = VM Network",), "bridge", "VM Network", None),
        (("networkName = Wärme (alt)", "connectionType = Bridged"), "bridge", "Wärme (alt)", None),
        (("connectionType = bridged",), "bridge", "VMnet0", None),
        (("connectionType = custom", "vnet = VMnet3"), "bridge", "VMnet3", "VMnet3"),
        (
            ("connectionType = custom", "vnet = /dev/vmnet1", "networkName = b"),
            "bridge",
            "b",
            "/dev/vmnet1",
        ),
        (("connectionType = nat",), "user", None, None),
        ((), "null", None, None),
    ],
)
def test_connections(
    lines: tuple[str, ...], kind: str, bridge: str | None, target: str | None
) -> None:
    found = card(*lines)
    assert (found.type, found.source.bridge, found.target_dev) == (kind, bridge, target)


def test_a_port_of_a_distributed_switch() -> None:
    found = card(
        "dvs.switchId = 50 34 26 b2 94 e9 3b 16-1d 68 87 bf ff 4a 54 40",
        "dvs.portId = 5",
        "dvs.portgroupId = dvportgroup-1285",
        "dvs.connectionId = -7",
    ).source
    assert str(found.switchid) == "503426b2-94e9-3b16-1d68-87bfff4a5440"
    assert (found.portid, found.portgroupid, found.connectionid) == ("5", "dvportgroup-1285", -7)


def test_a_network_of_the_host_alone_is_told_of_beyond_libvirt() -> None:
    found = card("connectionType = hostonly")
    assert (found.type, found.source.network) == ("network", "hostonly")
    with pytest.raises(ConfigError, match=r"ethernet3\.connectionType: .*'hostonly'"):
        card("connectionType = hostonly", extended=False)


@pytest.mark.parametrize(
    ("lines", "address", "kind", "checked"),
    [
        ((), "00:00:00:00:00:00", None, None),
        (("generatedAddress = 00:0c:29:01:02:03",), "00:0c:29:01:02:03", None, None),
        (
            ("addressType = vpx", "generatedAddress = 0:50:56:80:2:3"),
            "00:50:56:80:02:03",
            "generated",
            None,
        ),
        (
            ("addressType = static", "address = 02:00:00:00:00:01", "checkMACAddress = false"),
            "02:00:00:00:00:01",
            "static",
            False,
        ),
        (
            ("addressType = Generated", "checkMACAddress = true"),
            "00:00:00:00:00:00",
            "generated",
            True,
        ),
    ],
)
def test_addresses(
    lines: tuple[str, ...], address: str, kind: str | None, *, checked: bool | None
) -> None:
    found = card(*lines)
    assert (str(found.mac), found.mac_type, found.mac_check) == (address, kind, checked)


@pytest.mark.parametrize(
    ("lines", "model"),
    [
        (("virtualDev = E1000e",), "e1000e"),
        (("virtualDev = vmxnet",), "vmxnet"),
        (("virtualDev = vmxnet", "features = 15"), "vmxnet2"),
        (("virtualDev = vmxnet3", "features = 15"), "vmxnet3"),
        (("features = 1",), None),
    ],
)
def test_models(lines: tuple[str, ...], model: str | None) -> None:
    assert card(*lines).model == model


def test_a_cable_that_is_pulled_is_told_of_beyond_libvirt() -> None:
    assert card("startConnected = FALSE").link == "down"
    assert card("startConnected = FALSE", extended=False).link is None
    assert card("startConnected = TRUE").link is None


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("addressType = dynamic", "addressType"),
        ("generatedAddress = 00:0c", "generatedAddress"),
        ("virtualDev = ne2000", "virtualDev"),
        ("connectionType = wireless", "connectionType"),
        ("connectionType = custom", "vnet"),
        ("dvs.switchId = 50", "dvs.portgroupId"),
    ],
)
def test_what_cannot_be_names_its_key(line: str, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"ethernet3\.{key}: "):
        card(line)


def keys(
    inner: str, kind: str = "bridge", *, source: str = "<source bridge='a'/>"
) -> dict[str, str]:
    """What the file of a domain with one card says of it."""
    vmx = written(devices=f"<interface type='{kind}'>{inner}{source}</interface>")
    found = {key.removeprefix("ethernet0."): vmx.get(key) for key in vmx if "ethernet" in key}
    return {key: value for key, value in found.items() if value is not None and key != "present"}


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("bridge", "<source bridge='a b'/>", {"networkName": "a b", "connectionType": "bridged"}),
        (
            "bridge",
            "<source bridge='a'/><target dev='VMnet3'/>",
            {"networkName": "a", "connectionType": "custom", "vnet": "VMnet3"},
        ),
        ("user", "", {"connectionType": "nat"}),
        ("null", "", {}),
        ("network", "<source network='hostonly'/>", {"connectionType": "hostonly"}),
        ("network", "<source network='VMnet8'/>", {"connectionType": "custom", "vnet": "VMnet8"}),
        ("null", "<link state='down'/>", {"startConnected": "false"}),
        ("null", "<model type='vmxnet2'/>", {"virtualDev": "vmxnet", "features": "15"}),
        ("null", "<model type='e1000'/>", {"virtualDev": "e1000"}),
    ],
)
def test_connections_are_written(kind: str, source: str, expected: dict[str, str]) -> None:
    assert keys("", kind, source=source) == {**expected, "addressType": "generated"}


@pytest.mark.parametrize(
    ("mac", "expected"),
    [
        (
            "address='00:0c:29:01:02:03'",
            {
                "addressType": "generated",
                "generatedAddress": "00:0c:29:01:02:03",
                "generatedAddressOffset": "0",
            },
        ),
        ("address='00:50:56:3f:00:00'", {"addressType": "static", "address": "00:50:56:3f:00:00"}),
        (
            "address='00:50:56:bf:00:00'",
            {"addressType": "vpx", "generatedAddress": "00:50:56:bf:00:00"},
        ),
        (
            "address='00:50:56:40:00:00'",
            {"addressType": "static", "address": "00:50:56:40:00:00", "checkMACAddress": "false"},
        ),
        (
            "address='00:0c:29:01:02:03' type='static' check='yes'",
            {"addressType": "static", "address": "00:0c:29:01:02:03", "checkMACAddress": "true"},
        ),
    ],
)
def test_addresses_are_written(mac: str, expected: dict[str, str]) -> None:
    assert keys(f"<mac {mac}/>", "null", source="") == expected


@pytest.mark.parametrize(
    ("kind", "inner", "message"),
    [
        ("direct", "<source dev='eth0'/>", "the type cannot be 'direct'"),
        ("network", "<source network='default'/>", "no network 'default'"),
        ("vds", "<source portid='1'/>", "names no switch"),
        ("null", "<model type='virtio'/>", "the model cannot be 'virtio'"),
    ],
)
def test_what_vmware_has_not_is_refused(kind: str, inner: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        keys("", kind, source=inner)


@pytest.mark.parametrize(("hardware", "most"), [(4, 4), (7, 10)])
def test_how_many_cards_there_can_be(hardware: int, most: int) -> None:
    cards = "<interface type='null'/>"
    assert f"ethernet{most - 1}.present" in written(devices=cards * most, hardware=hardware)
    with pytest.raises(XMLError, match=f"{most} cards at most"):
        written(devices=cards * (most + 1), hardware=hardware)
