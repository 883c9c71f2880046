"""Verbs about networks, filters, interfaces and devices, beside the real virsh's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from clirun import Both, Run
from libvirtlab import Lab, LabError, run_virsh
from networklab import BRIDGE, FILTER, PORT_UUID, isolated_xml, port_xml

from aiovirt.cli.device_listing import draw_tree

pytestmark = pytest.mark.real

TEST = "test:///default"

MAC = "52:54:00:11:22:33"
HOST = f"<host mac='{MAC}' ip='192.168.231.200'/>"
ETH7 = (
    "<interface type='ethernet' name='eth7'><start mode='none'/>"
    "<mac address='aa:bb:cc:dd:ee:77'/></interface>"
)
VPORT = (
    "<device><parent>scsi_host1</parent><capability type='scsi_host'><capability type='fc_host'>"
    "<wwnn>20000000c9831b4b</wwnn><wwpn>10000000c9831b4b</wwpn>"
    "</capability></capability></device>"
)


@pytest.fixture
def lan(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """A network that runs: by virsh, which does it all in one process."""
    path = tmp_path / "lan.xml"
    path.write_text(isolated_xml("lan"))
    run_virsh(lab, f"net-define {path}; net-start lan")
    yield "lan"
    with suppress(LabError):  # a test may have ended it
        run_virsh(lab, "net-destroy", "lan")
    run_virsh(lab, "net-undefine", "lan")


@pytest.fixture
def quiet(lab_run: Run, tmp_path: Path) -> Iterator[str]:
    """A filter."""
    path = tmp_path / "filter.xml"
    path.write_text(FILTER)
    done = lab_run("nwfilter-define", str(path))
    assert done.out == f"Network filter lab-quiet defined from {path}\n"
    yield "lab-quiet"
    assert lab_run("nwfilter-undefine", "lab-quiet").out == "Network filter lab-quiet undefined\n"


def test_a_network_is_made_and_removed(lab_run: Run, tmp_path: Path) -> None:
    path = tmp_path / "own.xml"
    path.write_text(isolated_xml("own"))
    assert lab_run("net-define", str(path)).out == f"Network own defined from {path}\n"
    assert lab_run("net-start", "own").out == "Network own started\n"
    assert lab_run("net-destroy", "own").status == 0
    assert lab_run("net-undefine", "own").out == "Network own has been undefined\n"


SAME = [
    ("net-list",),
    ("net-list", "--all"),
    ("net-list", "--inactive"),
    ("net-list", "--all", "--name"),
    ("net-list", "--uuid"),
    ("net-list", "--persistent", "--no-autostart"),
    ("net-list", "--transient"),
    ("net-info", "lan"),
    ("net-dumpxml", "lan"),
    ("net-dumpxml", "lan", "--inactive"),
    ("net-uuid", "lan"),
    ("net-dhcp-leases", "lan"),
    ("net-port-list", "lan"),
    ("nwfilter-list",),
    ("nwfilter-dumpxml", "lab-quiet"),
    ("nwfilter-binding-list",),
    ("iface-list",),
    ("iface-list", "--all"),
    ("iface-list", "--inactive"),
    ("iface-dumpxml", "lab0"),
    ("iface-mac", "lab2"),
    ("nodedev-list",),
    ("nodedev-list", "--all"),
    ("nodedev-list", "--cap", "net,pci"),
    ("nodedev-list", "--tree"),
    ("nodedev-info", "computer"),
    ("nodedev-dumpxml", "computer"),
]


@pytest.mark.usefixtures("lan", "quiet")
@pytest.mark.parametrize("argv", SAME, ids=" ".join)
def test_it_says_what_virsh_says(both: Both, argv: tuple[str, ...]) -> None:
    ours, virshs = both(*argv)
    assert ours == virshs


HEADED = [
    (("net-list",), "Name State Autostart Persistent"),
    (
        ("net-dhcp-leases", "lan"),
        "Expiry Time MAC address Protocol IP address Hostname Client ID or DUID",
    ),
    (("net-port-list", "lan"), "UUID"),
    (("nwfilter-list",), "UUID Name"),
    (("nwfilter-binding-list",), "Port Dev Filter"),
    (("iface-list",), "Name State MAC Address"),
]


@pytest.mark.usefixtures("lan")
@pytest.mark.parametrize(("argv", "words"), HEADED)
def test_headings_are_virshs(lab_run: Run, argv: tuple[str, ...], words: str) -> None:
    assert lab_run(*argv).out.splitlines()[0].split() == words.split()


def test_a_tree_is_drawn_to_the_letter(lab_run: Run, lab: Lab) -> None:
    ours, virshs = lab_run("nodedev-list", "--tree").out, run_virsh(lab, "nodedev-list", "--tree")
    assert ours.rstrip() == virshs.rstrip()


def test_a_tree_of_several_roots() -> None:
    parents = {"a": None, "b": "a", "c": "b", "d": "a", "e": "elsewhere"}
    drawn = ["a", "  |", "  +- b", "  |   |", "  |   +- c", "  |     ", "  +- d", "    ", "e"]
    assert draw_tree(parents) == drawn


# --- networks -------------------------------------------------------------------------------------


def test_a_network_is_named_by_its_uuid(lab_run: Run, both: Both, lan: str) -> None:
    uuid = lab_run("net-uuid", lan).out.strip()
    assert both("net-name", uuid) == ("lan", "lan")


def test_a_network_starts_with_the_daemon(lab_run: Run, lan: str) -> None:
    assert lab_run("net-autostart", lan).out == "Network lan marked as autostarted\n"
    assert lab_run("net-info", lan, "-o", "json").json["autostart"] is True
    assert lab_run("net-autostart", lan, "--disable").out == "Network lan unmarked as autostarted\n"


def test_a_transient_network(lab_run: Run, tmp_path: Path) -> None:
    path = tmp_path / "brief.xml"
    path.write_text(isolated_xml("brief"))
    assert lab_run("net-create", str(path)).out == f"Network brief created from {path}\n"
    (row,) = lab_run("net-list", "--transient", "-o", "json").json
    assert (row["name"], row["active"], row["persistent"]) == ("brief", True, False)
    assert lab_run("net-destroy", "brief").out == "Network brief destroyed\n"


def test_a_part_of_a_network_is_changed(lab_run: Run, lan: str, tmp_path: Path) -> None:
    argv = ("net-update", lan, "add", "ip-dhcp-host")
    assert lab_run(*argv, HOST, "--live").out == "Updated network lan live state\n"
    path = tmp_path / "host.xml"
    path.write_text(HOST)
    assert lab_run(*argv, str(path), "--config").out == "Updated network lan persistent config\n"
    assert "192.168.231.200" in lab_run("net-dumpxml", lan, "--inactive").out
    less = ("net-update", lan, "delete", "ip-dhcp-host", HOST)
    done = lab_run(*less, "--live", "--config", "--parent-index", "0")
    assert done.out == "Updated network lan persistent config and live state\n"
    assert lab_run(*less, "--current", "--live").status == 2


def test_leases_are_virshs(both: Both, lab_run: Run, lan: str, lab: Lab) -> None:
    lease = {"ip-address": "192.168.231.7", "mac-address": MAC, "expiry-time": 4102444800}
    path = lab.folder / "var/lib/libvirt/dnsmasq" / f"{BRIDGE}.status"
    path.write_text(json.dumps([lease]))
    ours, virshs = both("net-dhcp-leases", lan)
    assert [line for line in virshs.splitlines() if MAC in line] == [ours]
    (row,) = lab_run("net-dhcp-leases", lan, "--mac", MAC, "-o", "json").json
    assert (row["address"], row["expires_s"], row["family"]) == (
        "192.168.231.7",
        4102444800,
        "ipv4",
    )
    path.unlink()


def test_a_port_of_a_network(lab_run: Run, both: Both, lan: str, tmp_path: Path) -> None:
    path = tmp_path / "port.xml"
    path.write_text(port_xml())
    done = lab_run("net-port-create", lan, str(path))
    assert done.out == f"Network port {PORT_UUID} created from {path}\n"
    for argv in (("net-port-list", lan, "--uuid"), ("net-port-dumpxml", lan, PORT_UUID)):
        ours, virshs = both(*argv)
        assert ours == virshs
    done = lab_run("net-port-delete", lan, PORT_UUID)
    assert done.out == f"Network port {PORT_UUID} deleted\n"
    assert "aiovirt net-port-list lan" in lab_run("net-port-delete", lan, PORT_UUID).err


@pytest.mark.parametrize(
    "argv",
    [
        ("net-desc", "lan"),
        ("net-desc", "lan", "--title", "Lab", "--config"),
        ("net-metadata", "lan", "http://example.com/t"),
        ("net-metadata", "lan", "http://example.com/t", "--key", "t", "--set", "<t/>"),
        ("net-metadata", "lan", "http://example.com/t", "--remove"),
    ],
)
@pytest.mark.usefixtures("lan")
def test_what_the_daemon_is_too_old_for_says_so(lab_run: Run, argv: tuple[str, ...]) -> None:
    done = lab_run(*argv)
    assert done.status == 1
    assert "9.0.0" in done.err


# --- editing --------------------------------------------------------------------------------------


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that puts a comment at the end of the document."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "\\$s,</,<!-- seen --></," "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))


@pytest.mark.usefixtures("editor", "lan", "quiet")
def test_configurations_are_edited(lab_run: Run) -> None:
    assert lab_run("net-edit", "lan").out == "Network 'lan' XML configuration edited\n"
    done = lab_run("nwfilter-edit", "lab-quiet")
    assert done.out == "Network filter 'lab-quiet' XML configuration edited\n"


def test_an_interface_is_shown_to_the_editor(lab_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "true")
    assert lab_run("iface-edit", "lab0").out == "Interface lab0 XML configuration unchanged\n"


# --- filters, interfaces, devices -----------------------------------------------------------------


def test_a_device_is_filtered(lab_run: Run, both: Both, quiet: str, tmp_path: Path) -> None:
    path = tmp_path / "binding.xml"
    path.write_text(
        "<filterbinding><owner><name>g</name><uuid>5c6d49af-b071-6127-b4ec-6f8ed4b55336</uuid>"
        f"</owner><portdev name='lab1'/><mac address='{MAC}'/><filterref filter='{quiet}'/>"
        "</filterbinding>"
    )
    done = lab_run("nwfilter-binding-create", str(path))
    assert done.out == f"Network filter binding on lab1 created from {path}\n"
    for argv in (("nwfilter-binding-list",), ("nwfilter-binding-dumpxml", "lab1")):
        ours, virshs = both(*argv)
        assert ours == virshs
    done = lab_run("nwfilter-binding-delete", "lab1")
    assert done.out == "Network filter binding on lab1 deleted\n"


def test_an_interface_is_named_by_its_address(lab_run: Run, both: Both) -> None:
    address = lab_run("iface-mac", "lab2").out.strip()
    assert both("iface-name", address) == ("lab2", "lab2")


def test_interfaces_are_changed_where_that_can_be(lab_run: Run, tmp_path: Path) -> None:
    path = tmp_path / "eth7.xml"
    path.write_text(ETH7)
    assert lab_run("iface-define", str(path), driver=TEST).out == (
        f"Interface eth7 defined from {path}\n"
    )
    # libvirt's test driver forgets what a connection has changed: eth1 is always there.
    assert lab_run("iface-destroy", "eth1", driver=TEST).out == "Interface eth1 destroyed\n"
    assert lab_run("iface-undefine", "eth1", driver=TEST).out == "Interface eth1 undefined\n"
    assert lab_run("iface-begin", driver=TEST).status == 0
    done = lab_run("iface-bridge", "eth1", "br7", "--no-stp", driver=TEST)
    assert done.out == "Bridge br7 with attached device eth1 created and started\n"
    assert "eth1 is no bridge" in lab_run("iface-unbridge", "eth1", driver=TEST).err
    for argv in (("iface-start", "eth1"), ("iface-commit",), ("iface-rollback",)):
        assert lab_run(*argv, driver=TEST).status == 1


def test_a_device_is_made(lab_run: Run, tmp_path: Path) -> None:
    path = tmp_path / "vport.xml"
    path.write_text(VPORT)
    done = lab_run("nodedev-create", str(path), driver=TEST)
    assert done.out == f"Node device scsi_host12 created from {path}\n"


def test_devices_of_a_driver_that_knows_no_states(lab_run: Run) -> None:
    assert "computer" in lab_run("nodedev-list", driver=TEST).out.split()


REFUSED = [
    ("nodedev-detach", "computer"),
    ("nodedev-reattach", "computer"),
    ("nodedev-reset", "computer"),
    ("nodedev-destroy", "computer"),
    ("nodedev-start", "computer"),
    ("nodedev-undefine", "computer"),
    ("nodedev-autostart", "computer"),
    ("nodedev-define", "vport.xml"),
    ("nodedev-update", "computer", "vport.xml"),
]


@pytest.mark.parametrize("argv", REFUSED, ids=" ".join)
def test_the_host_itself_cannot_be_given_away(
    lab_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    (tmp_path / "vport.xml").write_text(VPORT)
    monkeypatch.chdir(tmp_path)
    done = lab_run(*argv)
    assert done.status == 1
    assert done.err.startswith("error: ")


MISTAKES = [
    (("net-start", "none"), "aiovirt net-list --all"),
    (("net-update", "none", "add", "flux", HOST), "aiovirt net-list"),
    (("nwfilter-dumpxml", "none"), "aiovirt nwfilter-list"),
    (("nwfilter-binding-dumpxml", "none"), "aiovirt nwfilter-binding-list"),
    (("iface-dumpxml", "none"), "aiovirt iface-list --all"),
    (("nodedev-dumpxml", "none"), "aiovirt nodedev-list --all"),
    (("nodedev-list", "--cap", "flux"), "such as pci"),
    (("nodedev-list", "--cap", "net", "--tree"), "leave --cap"),
    (("nodedev-update", "x", "y", "--current", "--live"), "--current"),
]


@pytest.mark.parametrize(("argv", "advice"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_gets_advice(lab_run: Run, argv: tuple[str, ...], advice: str) -> None:
    done = lab_run(*argv)
    assert done.status in {1, 2}
    assert advice in done.err
