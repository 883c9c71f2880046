"""The host's network interfaces, as a folder like /sys/class/net tells of them."""

from __future__ import annotations

from pathlib import Path

from aiovirt.drivers.qemu.hostinfo.interfaces import read_interface, read_interfaces


def _make(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


def _host(folder: Path) -> None:
    card = {"address": "52:54:00:00:00:01", "operstate": "up", "mtu": "9000", "flags": "0x1003"}
    _make(folder / "eth0", **card)
    bridge = {"bridge__stp_state": "0", "bridge__forward_delay": "1500", "brif__eth0": ""}
    _make(folder / "br0", mtu="1500", flags="0x1002", address="52:54:00:00:00:02", **bridge)


def test_a_bridge_is_told_with_its_ports_and_no_link(tmp_path: Path) -> None:
    _host(tmp_path)
    found = read_interface("br0", tmp_path)
    found.check()
    assert (found.type, found.mtu, found.mac) == ("bridge", 1500, None)
    assert (found.bridge.stp, found.bridge.delay) == (False, "15")
    (port,) = found.bridge.ports
    assert (port.name, port.link_state, str(port.mac)) == ("eth0", "up", "52:54:00:00:00:01")


def test_a_card_is_told_with_its_link(tmp_path: Path) -> None:
    _host(tmp_path)
    found = read_interface("eth0", tmp_path)
    found.check()
    assert (found.type, found.mtu, found.link_state) == ("ethernet", 9000, "up")


def test_all_are_listed_with_whether_they_are_up(tmp_path: Path) -> None:
    _host(tmp_path)
    assert [(each.key.name, each.active) for each in read_interfaces(tmp_path)] == [
        ("br0", False),
        ("eth0", True),
    ]
