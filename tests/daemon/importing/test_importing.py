"""Taking libvirt's folders over: what is taken, what is kept, what is refused and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiovirt.daemon.importing import Report, import_folder
from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import Settings, StateSettings
from aiovirt.daemon.sockets import hold_lock
from aiovirt.errors import Busy, ConfigError, NotFound

WEB = """<!-- made by libvirt -->
<domain type="{type}">
  <name>{name}</name>
  <uuid>7d3f9f2a-5b1c-4b7e-9d57-0f4c9b1f0a0{digit}</uuid>
  <memory>65536</memory>
  <os><type arch="{arch}">hvm</type></os>
</domain>
"""

POOL = """<pool type="{type}"><name>images</name><target><path>{folder}</path></target></pool>"""


class Host:
    """A host with libvirt's folders, and ours, in a scratch folder."""

    def __init__(self, folder: Path) -> None:
        self.etc = folder / "etc/libvirt"
        self.libraries = folder / "var/lib/libvirt/qemu"
        self.run = folder / "run/libvirt/qemu"
        self.state = folder / "state"
        (self.etc / "qemu").mkdir(parents=True)

    def put(self, place: Path, text: str = "<x/>") -> Path:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def define(self, name: str, *, digit: int = 1, arch: str = "x86_64") -> Path:
        text = WEB.format(name=name, digit=digit, type="qemu", arch=arch)
        return self.put(self.etc / f"qemu/{name}.xml", text)

    def take(self) -> Report:
        settings = Settings(state=StateSettings(self.state))
        return import_folder(self.etc, settings, Places.of(settings))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.real
@pytest.mark.usefixtures("qemu")
def test_a_domain_is_taken_over(host: Host) -> None:
    host.define("web")
    report = host.take()
    assert report.taken == ["domain web"]
    assert "<name>web</name>" in (host.state / "qemu/config/web.xml").read_text()
    assert report.complete


@pytest.mark.real
@pytest.mark.usefixtures("qemu")
def test_a_domain_goes_on_to_start_with_the_host(host: Host) -> None:
    place = host.define("web")
    mark = host.etc / "qemu/autostart/web.xml"
    mark.parent.mkdir()
    mark.symlink_to(place)
    assert host.take().taken == ["domain web (starts with the host)"]
    assert (host.state / "qemu/config/autostart/web").exists()


@pytest.mark.real
@pytest.mark.usefixtures("qemu")
def test_what_is_there_already_stays(host: Host) -> None:
    host.define("web")
    host.take()
    taken = host.state / "qemu/config/web.xml"
    changed = taken.read_text().replace("65536", "131072")
    taken.write_text(changed)
    assert host.take().there == ["domain web"]
    assert taken.read_text() == changed


@pytest.mark.real
@pytest.mark.usefixtures("qemu")
def test_another_domain_of_the_same_uuid_is_refused(host: Host) -> None:
    host.define("web")
    host.take()
    host.define("other")
    (refused,) = host.take().refused
    assert "domain 'web' has the UUID" in refused


def test_a_domain_that_cannot_be_served_is_kept(host: Host) -> None:
    host.define("odd", arch="s390x")
    (kept,) = host.take().kept
    assert kept.startswith("domain odd: ")
    assert (host.state / "imported/domain/odd.xml").exists()
    assert not (host.state / "qemu/config/odd.xml").exists()


def test_a_damaged_document_is_named_and_stops_nothing(host: Host) -> None:
    host.put(host.etc / "qemu/bad.xml", "<domain")
    host.put(host.etc / "nwfilter/clean.xml")
    report = host.take()
    assert report.refused[0].startswith("domain bad: ")
    assert report.kept == ["network filter clean"]


def test_a_file_that_defines_another_domain_is_refused(host: Host) -> None:
    text = host.define("web").read_text()
    host.put(host.etc / "qemu/db.xml", text)
    assert any("db.xml defines 'web'" in line for line in host.take().refused)


def test_a_domain_that_runs_under_libvirt_is_refused(host: Host) -> None:
    host.define("web")
    host.put(host.run / "web.pid", str(os.getpid()))
    (refused,) = host.take().refused
    assert "it runs under libvirt" in refused
    assert "virsh shutdown web" in refused


def test_a_pid_of_nobody_is_no_obstacle(host: Host) -> None:
    host.define("web", arch="s390x")
    host.put(host.run / "web.pid", "99999999")
    assert host.take().complete


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("qemu/networks/lan.xml", "network lan"),
        ("nwfilter/clean.xml", "network filter clean"),
    ],
)
def test_what_has_no_driver_yet_is_kept(host: Host, place: str, kept: str) -> None:
    host.put(host.etc / place, "<kept/>")
    assert host.take().kept == [kept]
    folder = kept.rpartition(" ")[0].replace(" ", "-")
    assert (host.state / "imported" / folder / Path(place).name).read_text() == "<kept/>"


@pytest.mark.parametrize(("type_", "taken"), [("dir", True), ("iscsi", False)])
def test_a_pool_is_taken_over_where_there_are_such(host: Host, type_: str, taken: bool) -> None:  # noqa: FBT001
    path = host.etc / "storage/images.xml"
    host.put(path, POOL.format(type=type_, folder=host.etc / "images"))
    (path.parent / "autostart").mkdir()
    (path.parent / "autostart/images.xml").symlink_to(path)
    report = host.take()
    name = "storage pool images (starts with the host)"
    assert report.taken == [name] * taken
    assert [line.partition(": ")[0] for line in report.kept] == [name] * (not taken)
    assert (host.state / "qemu/pools/autostart/images").exists() is taken
    assert not (host.state / "qemu/pools/active/images.xml").exists()


def test_a_secret_is_taken_over_with_its_value(host: Host) -> None:
    uuid = "7d3f9f2a-5b1c-4b7e-9d57-0f4c9b1f0a01"
    host.put(host.etc / f"secrets/{uuid}.xml", f"<secret><uuid>{uuid}</uuid></secret>")
    host.put(host.etc / f"secrets/{uuid}.base64", "c2VjcmV0")
    assert host.take().taken == [f"secret {uuid}"]
    value = host.state / f"qemu/secrets/{uuid}.value"
    assert value.read_bytes() == b"secret"
    assert value.stat().st_mode & 0o777 == 0o600
    assert host.take().there == [f"secret {uuid}"]


def test_a_secret_is_kept_with_its_value_for_nobody_else(host: Host) -> None:
    host.put(host.etc / "secrets/7d.xml")
    host.put(host.etc / "secrets/7d.base64", "c2VjcmV0")
    report = host.take()
    value = host.state / "imported/secret/7d.base64"
    assert value.read_text() == "c2VjcmV0"
    assert value.stat().st_mode & 0o777 == 0o600
    assert "c2VjcmV0" not in str(report)


@pytest.mark.parametrize("kind", ["snapshot", "checkpoint"])
def test_snapshots_are_kept_by_their_domain(host: Host, kind: str) -> None:
    host.put(host.libraries / kind / "web/clean.xml")
    assert host.take().kept == [f"{kind} clean of domain web"]
    assert (host.state / f"imported/{kind}/web/clean.xml").exists()


def test_a_users_folder_has_its_snapshots_below(host: Host) -> None:
    host.put(host.etc / "qemu/lib/snapshot/web/clean.xml")
    assert host.take().kept == ["snapshot clean of domain web"]


def test_a_saved_state_is_named(host: Host) -> None:
    host.put(host.libraries / "save/web.save")
    (refused,) = host.take().refused
    assert "virsh managedsave-remove" in refused


def test_nothing_is_nothing(host: Host) -> None:
    assert str(host.take()) == "There is nothing to take over.\n"


def test_a_report_tells_each_thing_in_its_place(host: Host) -> None:
    host.put(host.etc / "nwfilter/clean.xml")
    host.put(host.etc / "qemu/bad.xml", "<domain")
    lines = str(host.take()).splitlines()
    assert lines[0] == "Kept as libvirt has it, for a later aiovirtd that can serve it:"
    assert lines[1:3] == ["  network filter clean", "Not taken over:"]


def test_the_source_is_only_read(host: Host) -> None:
    host.define("web", arch="s390x")
    before = {path: path.stat().st_mtime_ns for path in host.etc.rglob("*")}
    host.take()
    assert {path: path.stat().st_mtime_ns for path in host.etc.rglob("*")} == before


def test_beside_a_daemon_that_runs_it_is_refused(host: Host) -> None:
    host.state.mkdir(mode=0o700)
    lock = hold_lock(host.state / "aiovirtd.lock", "has the state open")
    with lock, pytest.raises(Busy, match="has the state open"):
        host.take()


def test_what_is_no_folder_of_libvirt_is_refused(tmp_path: Path) -> None:
    settings = Settings(state=StateSettings(tmp_path / "state"))
    with pytest.raises(ConfigError, match="no configuration folder of libvirt"):
        import_folder(tmp_path, settings, Places.of(settings))
    with pytest.raises(NotFound):
        import_folder(tmp_path / "none", settings, Places.of(settings))
