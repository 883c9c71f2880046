"""Which Unix socket a local URI means."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.clients.libvirt.transports.parameters import read_parameters
from aiovirt.clients.libvirt.transports.sockets import Choice, Places, choose_socket
from aiovirt.model.uri import URI


def choose(
    uri: str, present: str, folder: Path, *, readonly: bool = False, privileged: bool = False
) -> Choice:
    """Choose where the sockets named in `present` are there."""
    places = Places(folder / "system", folder / "session", privileged)
    for place in present.split():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).touch()
    parsed = URI.parse(uri)
    return choose_socket(parsed, read_parameters(parsed), readonly=readonly, places=places)


BOTH = "system/libvirt-sock system/virtqemud-sock"

CASES = [
    # the modular daemon's socket goes first, then libvirtd's; what is there decides
    ("qemu:///system", BOTH, "system/virtqemud-sock"),
    ("qemu:///system", "system/libvirt-sock", "system/libvirt-sock"),
    ("qemu:///system", "", "system/libvirt-sock"),
    ("qemu+unix:///system?mode=legacy", BOTH, "system/libvirt-sock"),
    ("qemu+unix:///system?mode=direct", "system/libvirt-sock", "system/virtqemud-sock"),
    ("lxc:///system", BOTH, "system/libvirt-sock"),
    ("lxc:///system", "system/virtlxcd-sock", "system/virtlxcd-sock"),
    ("remote+unix:///?mode=direct", "", "system/virtproxyd-sock"),
    ("network+unix:///system?mode=direct", "", "system/virtnetworkd-sock"),
    ("qemu:///session", BOTH, "session/libvirt-sock"),
    ("test+unix:///default", BOTH, "session/libvirt-sock"),
    # our own daemon is taken where none of libvirt's is
    ("qemu:///system", "aiovirt/aiovirt-sock", "aiovirt/aiovirt-sock"),
    ("qemu:///session", "aiovirt/aiovirt-sock", "aiovirt/aiovirt-sock"),
    ("qemu:///system", "aiovirt/aiovirt-sock system/libvirt-sock", "system/libvirt-sock"),
    ("qemu+unix:///system?mode=legacy", "aiovirt/aiovirt-sock", "system/libvirt-sock"),
    ("lxc:///system", "aiovirt/aiovirt-sock", "system/libvirt-sock"),
]


@pytest.mark.parametrize(("uri", "present", "expected"), CASES)
def test_what_is_there_decides(uri: str, present: str, expected: str, tmp_path: Path) -> None:
    assert choose(uri, present, tmp_path).path == tmp_path / expected


def test_a_named_socket_is_taken_and_nothing_started_for_it(tmp_path: Path) -> None:
    choice = choose("qemu+unix:///session?socket=/opt/it", BOTH, tmp_path)
    assert choice.path == Path("/opt/it")
    assert not choice.session


def test_readers_have_a_socket_of_the_system_only(tmp_path: Path) -> None:
    system = choose("qemu:///system", "system/libvirt-sock-ro", tmp_path, readonly=True)
    session = choose("qemu:///session", "", tmp_path, readonly=True)
    assert system.path.name == "libvirt-sock-ro"
    assert session.path.name == "libvirt-sock"


def test_root_has_no_daemons_but_the_hosts(tmp_path: Path) -> None:
    assert choose("qemu:///session", BOTH, tmp_path, privileged=True).path.parent.name == "system"


def test_the_session_lies_in_the_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert Places.of_this_process().session == Path("/run/user/7/libvirt")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert Places.of_this_process().session == Path("/home/me/.cache/libvirt")
