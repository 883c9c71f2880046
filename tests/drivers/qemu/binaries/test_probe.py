"""Probing a real QEMU, and programs that are none."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import counterparts
import pytest

from aiovirt.drivers.qemu.binaries import Feature, probe
from aiovirt.drivers.qemu.binaries.interpret import PARTS, QUERIES
from aiovirt.errors import CannotExecute, ExecutableNotFound, HostError

pytestmark = pytest.mark.anyio


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.real
async def test_a_binary_tells_what_it_can_do(qemu: Path) -> None:
    found = await probe(qemu, drivers=("virtio-blk-pci", "virtio-vga-gl", "nothing"))
    assert found.arch == "x86_64"
    assert found.machine("q35") == found.machine((found.machine("q35") or found.machines[0]).name)
    assert found.has(Feature.SANDBOX)
    assert "virtio-blk-pci" in found.devices
    assert "rng-random" in found.objects
    assert "query-status" in found.commands
    assert {"nbd", "qcow2"} <= found.block_drivers
    assert "tap" in found.netdevs
    assert (found.properties.of("virtio-blk-pci") or set()) >= {"drive", "addr", "bootindex"}


@pytest.mark.real
async def test_without_kvm_it_emulates(qemu: Path) -> None:
    found = await probe(qemu, kvm=False)
    assert found.accelerators == ("tcg",)


@pytest.mark.real
async def test_arm_knows_its_interrupt_controllers() -> None:
    found = await probe(counterparts.program("qemu-system-aarch64"))
    assert (found.arch, found.gic_versions) == ("aarch64", (2, 3))
    assert found.default_machine is None


@pytest.mark.real
async def test_a_device_that_ends_the_binary_is_left_out(
    qemu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(PARTS, "virtio-vga-gl")  # without its module QEMU 7.2 aborts at it
    found = await probe(qemu, drivers=("virtio-vga", "virtio-vga-gl"))
    assert found.properties.of("virtio-vga") is not None
    told = found.properties.of("virtio-vga-gl")
    assert ("virtio-vga-gl" in found.devices) == (told is not None)


async def test_a_missing_binary_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExecutableNotFound):
        await probe(tmp_path / "qemu")


async def test_a_file_that_is_no_program_is_told(tmp_path: Path) -> None:
    path = tmp_path / "qemu"
    path.write_text("words")
    with pytest.raises(CannotExecute):
        await probe(path)


async def test_a_failing_binary_is_told_in_its_own_words(tmp_path: Path) -> None:
    path = script(tmp_path / "qemu", "echo libfoo.so.1: not found >&2; exit 127")
    with pytest.raises(HostError, match="libfoo"):
        await probe(path)


async def test_a_binary_that_ends_silently_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="without a word"):
        await probe(script(tmp_path / "qemu", "exit 0"))


ANSWERS: dict[str, object] = {
    "version": {"qemu": {"major": 9, "minor": 1, "micro": 0}},
    "target": {"arch": "x86_64"},
    "kvm": {"enabled": False, "present": False},
    "devices": [{"name": "first"}, {"name": "second"}],
    **dict.fromkeys(("machines", "objects", "accelerators", "options", "schema"), ()),
}

MORTAL = """#!{python} -IS
import json, os, resource, socket, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
with open({runs!r}, "a") as file:
    file.write("run ")
    run = file.tell() // 4
end = dict(enumerate({ends!r}, 1)).get(run)
monitor = socket.socket(fileno=int(" ".join(sys.argv).partition(",fd=")[2].split()[0]))
def tell(**what):
    monitor.sendall(json.dumps(what).encode() + b"\\n")
def heard():
    rest, decode = "", json.JSONDecoder().raw_decode
    while said := monitor.recv(4096).decode():
        rest += said
        while rest := rest.lstrip():
            try:
                asked, end = decode(rest)
            except ValueError:
                break
            yield asked
            rest = rest[end:]
tell(QMP=dict(version=dict(qemu=dict(major=9, minor=1, micro=0), package=""), capabilities=[]))
for asked in heard():
    name, arguments = asked["execute"], asked.get("arguments") or {{}}
    if end is not None and arguments.get("typename") == "second":
        os.kill(os.getpid(), end) if end else os._exit(1)
    known = dict(qmp_capabilities={{}}) | {{"device-list-properties": [dict(name="drive")]}}
    known |= {{command: told for command, asks, told in {answers!r} if asks == arguments}}
    answer = {{"error": {{"class": "CommandNotFound", "desc": "none"}}}}
    if name in known:
        answer = {{"return": known[name]}}
    tell(**answer, **{{key: asked[key] for key in ("id",) if key in asked}})
"""
"""A program that answers as QEMU does, and in its first runs ends at a device, by signals or 1."""


def mortal(folder: Path, *ends: int) -> Path:
    """Make one that ends so in its first runs."""
    asked = {name: QUERIES[name] for name in ANSWERS}
    answers = [(each.command, each.arguments or {}, ANSWERS[name]) for name, each in asked.items()]
    words = {"python": sys.executable, "runs": str(folder / "runs"), "ends": ends}
    path = folder / "qemu"
    path.write_text(MORTAL.format(**words, answers=json.loads(json.dumps(answers))))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("ends", "believed"),
    [
        ((signal.SIGABRT,), True),
        ((signal.SIGKILL,), False),
        ((0,), False),
        ((0, 0), True),
        ((signal.SIGTERM, 0), True),
    ],
)
async def test_a_device_is_fatal_that_the_program_fails_at_or_ends_at_twice(
    tmp_path: Path, ends: tuple[int, ...], *, believed: bool
) -> None:
    found = await probe(mortal(tmp_path, *map(int, ends)), drivers=("first", "second"))
    assert found.devices == ({"first"} if believed else {"first", "second"})
    assert (found.properties.of("second") is None) == believed
    assert (tmp_path / "runs").read_text() == "run " * (len(ends) + 1)


async def test_a_program_that_is_killed_again_and_again_tells_nothing(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="signal 9"):
        await probe(mortal(tmp_path, 9, 9), drivers=("first", "second"))
