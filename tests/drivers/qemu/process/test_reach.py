"""What files QEMU opens for words of its command line."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from domainsamples import SAMPLES
from qemuvalues import MACHINES, arguments, full, small

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv.words import options_of
from aiovirt.drivers.qemu.process.reach import (
    abstractions,
    handed_over,
    names_files,
    reach,
    reach_of_command,
)
from aiovirt.errors import AiovirtError

NOWHERE = Path("/nowhere")
ELSEWHERE = ("-append", "-name", "-smbios", "-uuid", "-global")
"""Options whose values are the guest's own."""
OF_SERVERS = ("gluster", "nfs", "rbd", "sheepdog", "ssh")
"""Block drivers whose paths are those of a server."""


def found(*words: object) -> dict[str, str]:
    """What may be done, by path."""
    texts = [json.dumps(word) if isinstance(word, dict) else str(word) for word in words]
    return {each.path: each.access for each in reach(texts, NOWHERE)}


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        (("-kernel", "/k", "-initrd", "/i"), {"/k": "r", "/i": "r"}),
        (("-chardev", "socket,id=a,path=/a,,b"), {"/a,b": "rw"}),
        (("-chardev", "pty,id=a,logfile=/log,logappend=on"), {"/log": "rw"}),
        (("-chardev", "pipe,id=a,path=/p"), dict.fromkeys(("/p", "/p.in", "/p.out"), "rw")),
        (("-chardev", "socket,id=a,path=b.sock"), {}),
        (("-object", {"qom-type": "rng-random", "id": "o", "filename": "/r"}), {"/r": "r"}),
        (("-object", {"qom-type": "memory-backend-file", "mem-path": "/m"}), {"/m": "rwk"}),
        (("-fsdev", "local,id=f,path=/share"), {"/share": "rwlk"}),
        (("-fsdev", "local,id=f,path=/share,readonly=on"), {"/share": "r"}),
        (("-device", {"driver": "e1000", "romfile": "/rom"}), {"/rom": "r"}),
        (("-device", {"driver": "usb-host", "hostdevice": "/dev/x"}), {"/dev/x": "rw"}),
        (("-device", {"driver": "usb-host", "vendorid": 1}), {"/dev/bus/usb": "rw"}),
        (("-netdev", {"type": "stream", "addr": {"type": "unix", "path": "/s"}}), {"/s": "rw"}),
        (("-vnc", "vnc=unix:/v,password=on"), {"/v": "rw"}),
        (("-vnc", "vnc=127.0.0.1:0"), {}),
        (("-spice", "unix=on,addr=/s,x509-dir=/pki"), {"/s": "rw", "/pki": "r"}),
        (("-spice", "addr=127.0.0.1,port=5900"), {}),
        (("-tpmdev", "passthrough,id=t,path=/t,cancel-path=/c"), {"/t": "rw", "/c": "w"}),
        (("-acpitable", "sig=SLIC,file=/slic"), {"/slic": "r"}),
        (("-append", "/not/a/file"), {}),
        (("-audiodev", {"driver": "oss", "out": {"dev": "/dev/dsp1"}}), {"/dev/dsp1": "rw"}),
    ],
)
def test_an_option_names_files(words: tuple[object, ...], rules: dict[str, str]) -> None:
    assert found(*words) == rules


def node(number: int, path: str, *, read_only: bool) -> list[object]:
    storage, name = f"libvirt-{number}-storage", f"libvirt-{number}-format"
    return [
        *("-blockdev", {"driver": "file", "filename": path, "node-name": storage}),
        "-blockdev",
        {"driver": "qcow2", "node-name": name, "read-only": read_only, "file": storage},
    ]


def test_an_image_is_written_unless_the_node_on_it_says_otherwise() -> None:
    words = [*node(2, "/base", read_only=True), *node(1, "/top", read_only=False)]
    assert found(*words) == {"/base": "rk", "/top": "rwk"}


def test_a_part_of_an_image_is_written_as_little_as_what_is_on_it() -> None:
    words = [
        *("-blockdev", {"driver": "file", "filename": "/a", "node-name": "s"}),
        *("-blockdev", {"driver": "raw", "node-name": "part", "file": "s"}),
        *("-blockdev", {"driver": "qcow2", "node-name": "f", "read-only": True, "file": "part"}),
    ]
    assert found(*words) == {"/a": "rk"}


@pytest.mark.parametrize("driver", OF_SERVERS)
def test_a_path_of_a_server_is_none_of_the_host(driver: str) -> None:
    assert found("-blockdev", {"driver": driver, "path": "/etc/shadow", "node-name": "n"}) == {}


def test_a_socket_of_a_server_of_images_is_one_of_the_host() -> None:
    server = {"type": "unix", "path": "/nbd"}
    assert found("-blockdev", {"driver": "nbd", "server": server, "node-name": "n"}) == {
        "/nbd": "rw"
    }


def test_links_are_followed_and_folders_seen(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    words = ("-fsdev", f"local,id=fs0,path={tmp_path}/link")
    (rule,) = reach(words)
    assert (rule.path, rule.below, rule.user) == (f"{tmp_path}/real", True, "fs0")


def test_who_needs_a_file_is_named_by_a_word() -> None:
    (rule,) = reach(("-chardev", "socket,id=ua-ö x,path=/a"))
    assert rule.user == "ua-__x"


def test_a_device_by_vfio_is_its_group(tmp_path: Path) -> None:
    folder = tmp_path / "bus/pci/devices/0000:01:00.0"
    (tmp_path / "kernel/iommu_groups/7").mkdir(parents=True)
    folder.mkdir(parents=True)
    (folder / "iommu_group").symlink_to(tmp_path / "kernel/iommu_groups/7")
    words = ("-device", json.dumps({"driver": "vfio-pci", "host": "0000:01:00.0", "id": "h"}))
    rules = {each.path: each.access for each in reach(words, tmp_path)}
    assert rules == {"/dev/vfio/vfio": "rw", str(folder): "r", "/dev/vfio/7": "rw"}


def test_a_mediated_device_is_found_in_sysfs(tmp_path: Path) -> None:
    said = {"driver": "vfio-pci", "sysfsdev": "/sys/bus/mdev/devices/u", "id": "h"}
    rules = [each.path for each in reach(("-device", json.dumps(said)), tmp_path)]
    assert rules == ["/dev/vfio/vfio", f"{tmp_path}/bus/mdev/devices/u"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("-display", "egl-headless"), ("dri-common", "dri-enumerate", "mesa")),
        (("-spice", "port=0,gl=on"), ("dri-common", "dri-enumerate", "mesa")),
        (("-spice", "port=0"), ()),
        (("-audiodev", '{"id": "a", "driver": "alsa"}'), ("audio",)),
        (("-audiodev", '{"id": "a", "driver": "none"}'), ()),
    ],
)
def test_sound_and_graphics_have_rules_of_their_own(
    words: tuple[str, ...], names: tuple[str, ...]
) -> None:
    assert tuple(abstractions(words)) == names


def test_a_file_that_is_handed_over_is_used_as_it_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    handles = [os.open(path, flags) for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)]
    try:
        assert [each.access for each in handed_over(handles, "h")] == ["rk", "wk", "rwk"]
    finally:
        for each in handles:
            os.close(each)


def test_sockets_and_files_that_are_gone_need_no_rule(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with socket.socket() as one, path.open("w") as two:
        path.unlink()
        assert list(handed_over([one.fileno(), two.fileno()], "h")) == []


@pytest.mark.parametrize(
    ("command", "arguments", "path"),
    [
        ("migrate", {"uri": "unix:/m"}, "/m"),
        ("migrate-incoming", {"uri": "unix:/m"}, "/m"),
        ("nbd-server-start", {"addr": {"type": "unix", "data": {"path": "/n"}}}, "/n"),
        ("object-add", {"qom-type": "tls-creds-x509", "id": "t", "dir": "/pki"}, "/pki"),
    ],
)
def test_a_command_names_files(command: str, arguments: dict[str, Any], path: str) -> None:
    assert names_files(command)
    assert [each.path for each in reach_of_command(command, arguments)] == [path]


def test_other_commands_name_none() -> None:
    assert not names_files("query-status")
    assert not list(reach_of_command("migrate", {"uri": "tcp:127.0.0.1:1"}))
    server = {"addr": {"type": "inet", "data": {"host": "::", "port": "1"}}}
    assert not list(reach_of_command("nbd-server-start", server))


# --- nothing is forgotten -------------------------------------------------------------------------


def paths_in(said: object) -> Iterator[str]:
    """The absolute paths in what an option says."""
    if isinstance(said, dict):
        if said.get("driver") not in OF_SERVERS:
            for name, value in said.items():
                yield from paths_in(value if name != "mount_tag" else "")  # the guest's
    elif isinstance(said, str):
        text = said.removeprefix("unix:")
        if text.startswith("/") and not text.startswith("/dev/fdset/"):
            yield text


def named(argv: tuple[str, ...]) -> Iterator[str]:
    for option, value in pairwise(argv):
        if not option.startswith("-") or option in ELSEWHERE:
            continue
        if value.startswith("{"):
            yield from paths_in(json.loads(value))
        elif "=" not in value:
            yield from paths_in(value)
        else:
            yield from paths_in(options_of(value)[1])


def check(argv: tuple[str, ...]) -> int:
    """See that all the paths of a command line are known; how many there are."""
    lost = {os.path.realpath(path) for path in named(argv)} - found(*argv).keys()
    lost = {path for path in lost if not path.startswith("/sys/")}
    assert not lost, argv
    return sum(1 for _ in named(argv))


@pytest.mark.parametrize("machine", MACHINES)
def test_a_guest_with_all_devices_may_open_all_that_it_names(machine: str) -> None:
    argv = arguments(full(machine, Path("/images")), MACHINES[machine])
    assert check(argv) >= len("abcd")


def test_each_kind_of_thing_is_known() -> None:
    """Each part of a configuration by itself, as far as QEMU has it."""
    counts = []
    for sample in SAMPLES:
        config = DomainConfig.parse(sample.replace("type='kvm'", "type='qemu'", 1))
        with suppress(AiovirtError):  # this binary has no such thing
            counts.append(check(arguments(config)))
    assert sum(map(bool, counts)) > len(SAMPLES) // 10


def test_a_disk_of_a_folder_is_that_folder(tmp_path: Path) -> None:
    device = f"<disk type='dir'><source dir='{tmp_path}'/><target dev='vda'/><readonly/></disk>"
    assert found(*arguments(small(device)))[str(tmp_path)] == "rk"
