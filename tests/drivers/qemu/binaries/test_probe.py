"""Probing a real QEMU, and programs that are none."""

from __future__ import annotations

from pathlib import Path

import counterparts
import pytest

from aiovirt.drivers.qemu.binaries import Feature, probe
from aiovirt.errors import CannotExecute, ExecutableNotFound, HostError

pytestmark = pytest.mark.anyio


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.real
async def test_a_binary_tells_what_it_can_do(qemu: Path) -> None:
    found = await probe(qemu)
    assert found.arch == "x86_64"
    assert found.machine("q35") == found.machine((found.machine("q35") or found.machines[0]).name)
    assert found.has(Feature.SANDBOX)
    assert "virtio-blk-pci" in found.devices
    assert "rng-random" in found.objects
    assert "query-status" in found.commands


@pytest.mark.real
async def test_without_kvm_it_emulates(qemu: Path) -> None:
    found = await probe(qemu, kvm=False)
    assert found.accelerators == ("tcg",)


@pytest.mark.real
async def test_arm_knows_its_interrupt_controllers() -> None:
    found = await probe(counterparts.program("qemu-system-aarch64"))
    assert (found.arch, found.gic_versions) == ("aarch64", (2, 3))
    assert found.default_machine is None


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
