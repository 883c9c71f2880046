"""The tiny guest: what its build picks, how it fails, and that it boots."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO

import counterparts
import pytest

from aiovirt.errors import ResourceUnavailable
from aiovirt.testing import tinyguest
from aiovirt.testing._guest_files import FILES

INDEX = """\
kernel/drivers/net/virtio_net.ko: kernel/net/failover.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko
kernel/net/failover.ko:
kernel/fs/virtio_netfs.ko.xz:
"""
MACHINES = {
    "pc": "virtio-net-pci",
    "q35": "virtio-net-pci",
    "microvm": "virtio-net-device",
}


def test_modules_come_with_what_they_need_each_once() -> None:
    assert tinyguest.modules_needed(INDEX, ("virtio_net", "virtio_blk", "builtin")) == [
        "kernel/drivers/net/virtio_net.ko",
        "kernel/net/failover.ko",
        "kernel/drivers/virtio/virtio.ko",
        "kernel/drivers/block/virtio_blk.ko",
    ]


def test_the_clock_rate_is_read_in_kilohertz() -> None:
    assert tinyguest._clock_rate_khz("processor\t: 0\ncpu MHz\t\t: 2596.150\n") == 2_596_150
    assert tinyguest._clock_rate_khz("model name\t: none told\n") is None


def test_the_cache_is_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert tinyguest.cache_folder() == tmp_path / "aiovirt/tinyguest"


def test_a_system_without_apt_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ResourceUnavailable, match="apt-get is not here"):
        tinyguest.build()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name, (_, script) in FILES.items() if script])
def test_every_script_of_the_guest_parses(name: str) -> None:
    busybox = counterparts.program("busybox")
    subprocess.run([busybox, "sh", "-n"], input=FILES[name][0].encode(), check=True)


def read_until(stream: IO[bytes], end: bytes) -> bytes:
    """Read up to the given bytes; a guest that ends before it says them ends the test."""
    said = b""
    while not said.endswith(end):
        byte = stream.read(1)
        assert byte, f"the guest ended, and said {said!r}"
        said += byte
    return said


@contextmanager
def booted(qemu: Path, guest: tinyguest.TinyGuest, machine: str) -> Iterator[Popen[bytes]]:
    """Boot the guest with its serial console on the process's standard streams."""
    command = f"{qemu} -accel tcg -m 192 -nodefaults -no-user-config -no-reboot -display none"
    network = f"-netdev user,id=net -device {MACHINES[machine]},netdev=net"
    cmdline = guest.microvm_cmdline if machine == "microvm" else guest.cmdline
    kernel = ["-kernel", str(guest.kernel), "-initrd", str(guest.initrd), "-append", cmdline]
    arguments = [*command.split(), "-machine", machine, *network.split(), "-serial", "stdio"]
    with Popen([*arguments, *kernel], stdin=PIPE, stdout=PIPE, bufsize=0) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.real
@pytest.mark.parametrize("machine", MACHINES)
def test_it_boots_has_a_shell_and_turns_itself_off(
    qemu: Path, tiny_guest: tinyguest.TinyGuest, machine: str
) -> None:
    with booted(qemu, tiny_guest, machine) as process:
        assert process.stdin
        assert process.stdout
        assert tinyguest.BANNER.encode() in read_until(process.stdout, b"tiny# ")
        process.stdin.write(b"cat /sys/class/net/*/device/uevent; poweroff\n")
        said = read_until(process.stdout, b"reboot: Power down")
    assert b"DRIVER=virtio_net" in said


MIRROR = {
    "apt-cache": """\
echo "  Depends: linux-image-1-cloud"
""",
    "apt-get": """\
mkdir -p image/boot image/lib/modules/1 box/bin image/DEBIAN box/DEBIAN
echo kernel > image/boot/vmlinuz-1
printf '#!/bin/sh\\n: > "$3/lib/modules/1/modules.dep"\\n' > box/bin/busybox
chmod +x box/bin/busybox
for name in image box; do
    printf 'Package: %s\\nVersion: 1\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n' \\
        $name > $name/DEBIAN/control
    dpkg-deb --build $name || exit
done
""",
}
"""Programs in the place of apt's: packages with nothing in them that need no network."""


@pytest.fixture
def mirror(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a builder with a cache of its own, and such an apt."""
    counterparts.program("dpkg-deb")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in MIRROR.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}")
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(tmp_path)}


@pytest.mark.real
def test_of_two_builders_one_builds_and_the_other_waits(
    mirror: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "aiovirt.testing.tinyguest"]
    builders = [Popen(command, env=mirror, stdout=PIPE, text=True) for _ in range(2)]
    said = [builder.communicate()[0] for builder in builders]
    assert sorted("downloading" in text for text in said) == [False, True]
    assert sorted(path.name for path in tmp_path.glob("aiovirt/tinyguest/*/*")) == [
        "initrd.img",
        "vmlinuz",
    ]


@pytest.mark.real
def test_a_cached_guest_costs_nothing_and_reports_nothing(
    tiny_guest: tinyguest.TinyGuest,
) -> None:
    lines: list[str] = []
    assert tinyguest.build(report=lines.append) == tiny_guest
    assert lines == []
