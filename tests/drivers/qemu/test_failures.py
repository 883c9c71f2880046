"""What users meet when something is wrong: each error names what and where, and leaves nothing."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from guests import SmallDisk, bare_config, qemus_of

from aiovirt._open import open as open_host
from aiovirt.config import Disk, Graphics, Interface, Serial
from aiovirt.drivers.qemu.engine.start import PORT_TRIES
from aiovirt.errors import (
    AiovirtError,
    ConfigError,
    ExecutableNotFound,
    HostError,
    PermissionDenied,
    ResourceUnavailable,
)
from aiovirt.host.ports import free_port
from aiovirt.model.domain import DomainState
from aiovirt.model.units import GiB, TiB
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def _refused(vm: Domain, root: Path, kind: type[AiovirtError], match: str) -> AiovirtError:
    """Start a domain that cannot be; nothing stays behind."""
    with pytest.raises(kind, match=match) as caught:
        await vm.start()
    assert (await vm.record()).state is DomainState.SHUTOFF
    assert qemus_of(root) == []
    assert [p.name async for p in anyio.Path(root / "run").iterdir()] == ["autostarted"]
    return caught.value


async def test_missing_disk(host: Connection, root: Path) -> None:
    config = bare_config()
    config.disks.append(Disk.file("/no/such.qcow2", target="vda"))
    vm = await host.domains.define(config)
    await _refused(vm, root, ConfigError, r"/no/such\.qcow2")


async def test_missing_kernel(host: Connection, root: Path) -> None:
    config = bare_config()
    config.os.kernel = "/no/vmlinuz"
    vm = await host.domains.define(config)
    await _refused(vm, root, ConfigError, "/no/vmlinuz")


async def test_image_that_is_no_image(host: Connection, root: Path, tmp_path: Path) -> None:
    image = anyio.Path(tmp_path / "disk.qcow2")
    await image.write_bytes(b"this is no qcow2" * 100)
    config = bare_config()
    config.disks.append(Disk.file(str(image), target="vda", format="qcow2"))
    vm = await host.domains.define(config)
    error = await _refused(vm, root, HostError, "did not start: .*not in qcow2 format .disk vda: ")
    assert "qemu-img info" in (error.hint or "")


async def test_image_open_elsewhere(host: Connection, root: Path, tmp_path: Path) -> None:
    image = anyio.Path(tmp_path / "disk.img")
    await image.write_bytes(bytes(1 << 20))
    vms = []
    for name in ("one", "two"):
        config = bare_config(name)
        config.disks.append(Disk.file(str(image), target="vda", format="raw"))
        vms.append(await host.domains.define(config))
    await vms[0].start(paused=True)
    with pytest.raises(ResourceUnavailable, match="lock") as caught:
        await vms[1].start()
    assert caught.value.hint == "another QEMU has that image open"
    await vms[0].destroy()
    assert qemus_of(root) == []


async def test_port_taken(host: Connection, root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        while server.getsockname()[1] < 5900:
            pytest.skip("the system gave a port below VNC's")
        port = server.getsockname()[1]
        config = bare_config()
        config.graphics.append(Graphics.vnc(port))
        config.serials.append(Serial.tcp("127.0.0.1", free_port("127.0.0.1", range(20000, 60000))))
        vm = await host.domains.define(config)
        where = rf"Address already in use \(the vnc display on 127\.0\.0\.1:{port}\)$"
        error = await _refused(vm, root, ResourceUnavailable, where)
    assert "let one be chosen" in (error.hint or "")


async def test_serial_ports_port_taken(host: Connection, root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config = bare_config()
        config.serials.append(Serial.tcp("127.0.0.1", port))
        vm = await host.domains.define(config)
        where = rf"in use \(serial1 on 127\.0\.0\.1:{port}\)$"
        error = await _refused(vm, root, ResourceUnavailable, where)
    assert error.hint == "another program has that port or socket: choose another"


def _robbed(folder: Path, qemu: Path, times: int) -> str:
    """Make an emulator that finds its display's port taken, the first so many times."""
    program = folder / "qemu-system-x86_64"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, re, socket, sys\n"
        f"calls = {str(folder / 'calls')!r}\n"
        "found = re.search(r'-vnc \\S*:(\\d+)|-spice \\S*port=(\\d+)', ' '.join(sys.argv))\n"
        "if found:\n"
        "    with open(calls, 'a') as file: file.write('x')\n"
        f"    if os.path.getsize(calls) <= {times}:\n"
        "        port = int(found[2] or 5900 + int(found[1]))\n"
        "        thief = socket.create_server(('127.0.0.1', port))\n"
        "        thief.set_inheritable(True)\n"
        f"os.execv({str(qemu)!r}, [{str(qemu)!r}, *sys.argv[1:]])\n"
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("kind", [Graphics.vnc, Graphics.spice])
async def test_chosen_port_that_others_take_is_chosen_anew(
    host: Connection, root: Path, qemu: Path, tmp_path: Path, kind: Callable[[], Graphics]
) -> None:
    config = bare_config()
    config.emulator = _robbed(tmp_path, qemu, 2)
    config.graphics.append(kind())
    vm = await host.domains.define(config)
    await vm.start(paused=True)
    assert len(qemus_of(root)) == 1
    assert (tmp_path / "calls").stat().st_size == 3
    await vm.destroy()


async def test_ports_that_others_always_take(
    host: Connection, root: Path, qemu: Path, tmp_path: Path
) -> None:
    config = bare_config()
    config.emulator = _robbed(tmp_path, qemu, PORT_TRIES)
    config.graphics.append(Graphics.vnc())
    vm = await host.domains.define(config)
    error = await _refused(vm, root, ResourceUnavailable, "the vnc display on 127")
    assert "start it again" in (error.hint or "")
    assert (tmp_path / "calls").stat().st_size == PORT_TRIES
    await vm.start(paused=True)
    await vm.destroy()


async def test_chosen_port_is_none_that_the_guest_has_already(
    host: Connection, qemu: Path, tmp_path: Path
) -> None:
    free = free_port("127.0.0.1", range(5900, 65536))
    config = bare_config()
    config.emulator = _robbed(tmp_path, qemu, 0)
    config.graphics.append(Graphics.vnc())
    config.serials.append(Serial.tcp("127.0.0.1", free))
    vm = await host.domains.define(config)
    await vm.start(paused=True)
    assert (tmp_path / "calls").stat().st_size == 1
    await vm.destroy()


async def test_two_automatic_ports_differ(host: Connection) -> None:
    ports = []
    for name in ("one", "two"):
        config = bare_config(name)
        config.graphics.append(Graphics.vnc())
        vm = await host.domains.define(config)
        await vm.start(paused=True)
        ports.append((await vm.config()).graphics[0].port)
    assert len(set(ports)) == 2
    assert min(port or 0 for port in ports) >= 5900
    for vm in await host.domains.list():
        await vm.destroy()


async def test_missing_bridge(host: Connection, root: Path) -> None:
    config = bare_config()
    config.interfaces.append(Interface.bridge("br-none"))
    vm = await host.domains.define(config)
    await _refused(vm, root, ConfigError, "no bridge 'br-none'")


async def test_more_memory_than_there_is(host: Connection, root: Path) -> None:
    config = bare_config()
    config.memory = TiB(900)
    vm = await host.domains.define(config)
    await _refused(vm, root, HostError, "did not start: .*memory")


async def test_emulator_that_is_not_there(host: Connection) -> None:
    config = bare_config()
    config.emulator = "/usr/bin/qemu-none"
    with pytest.raises(ExecutableNotFound, match="there is no QEMU at /usr/bin/qemu-none"):
        await host.domains.define(config)


async def test_qemu_not_installed(host: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExecutableNotFound) as caught:
        await host.domains.define(bare_config())
    assert "apt install qemu-system-x86" in (caught.value.hint or "")


async def test_emulator_that_is_no_qemu(host: Connection, tmp_path: Path) -> None:
    program = anyio.Path(tmp_path / "qemu-system-x86_64")
    await program.write_text("#!/bin/sh\necho I am no QEMU >&2\nexit 3\n")
    await program.chmod(0o755)
    config = bare_config()
    config.emulator = str(program)
    with pytest.raises(HostError, match="I am no QEMU"):
        await host.domains.define(config)


async def test_qemu_that_ends_while_its_monitor_stays_open(
    host: Connection, root: Path, qemu: Path, tmp_path: Path
) -> None:
    """Something that it started holds the monitor's socket, so only its own end is seen."""
    program = anyio.Path(tmp_path / "qemu-system-x86_64")
    # Until it is sleep, the shell's child has QEMU's command line and is taken for one.
    sleep = "sleep 2 & until grep -qx sleep /proc/$!/comm; do :; done"
    ends = f"*guest=*) {sleep}; echo I cannot go on >&2; exit 3;;"
    await program.write_text(f'#!/bin/sh\ncase "$*" in {ends} esac\nexec {qemu} "$@"\n')
    await program.chmod(0o755)
    config = bare_config()
    config.emulator = str(program)
    vm = await host.domains.define(config)
    await _refused(vm, root, HostError, "did not start: I cannot go on")


@pytest.mark.parametrize(
    ("uri", "field"),
    [
        ("qemu:///embed", "root"),
        ("qemu:///embed?root=/tmp/x&color=red", "color"),
        ("qemu:///embed?root=/tmp/x&user=nobody-of-that-name", "user"),
        ("qemu:///embed?root=a%00b", "root"),
        ("qemu:///embed?root=~nobody-of-that-name/x", "root"),
        ("quemu:///embed?root=/tmp/x", "scheme"),
    ],
)
async def test_bad_uri(uri: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        async with open_host(uri):
            pass
    assert caught.value.field == field


async def test_folder_of_somebody_elses_folders_is_no_root(tmp_path: Path) -> None:
    await anyio.Path(tmp_path / "log").mkdir(mode=0o755)
    with pytest.raises(ConfigError, match="is no root of this driver: it has another 'log'"):
        async with open_host(f"qemu:///embed?root={tmp_path}"):
            pass
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o755


async def test_root_that_is_a_file(tmp_path: Path) -> None:
    await anyio.Path(tmp_path / "root").touch()
    with pytest.raises(HostError, match="cannot make the folder"):
        async with open_host(f"qemu:///embed?root={tmp_path / 'root'}"):
            pass


async def test_full_disk(small_disk: SmallDisk) -> None:
    folder = small_disk("64k")
    async with open_host(f"qemu:///embed?root={folder}") as host:
        filler = anyio.Path(folder / "filler")
        with contextlib.suppress(OSError):
            await filler.write_bytes(bytes(1 << 20))
        with pytest.raises(ResourceUnavailable, match="No space left on device"):
            await host.domains.define(bare_config())
        assert await host.domains.list() == []
        await filler.unlink()
        await host.domains.define(bare_config())


async def test_disk_that_is_full_at_the_opening(small_disk: SmallDisk) -> None:
    folder = small_disk("64k")
    async with open_host(f"qemu:///embed?root={folder}") as host:
        await host.domains.define(bare_config())
    (folder / "run" / "autostarted").unlink()
    with contextlib.suppress(OSError):
        await anyio.Path(folder / "filler").write_bytes(bytes(1 << 20))
    async with open_host(f"qemu:///embed?root={folder}") as host:
        await anyio.wait_all_tasks_blocked()
        assert [vm.name for vm in await host.domains.list()] == ["web1"]


@pytest.mark.skipif(os.geteuid() != 0, reason="running QEMU as somebody else needs root")
class TestUnprivileged:
    """QEMU runs as the user that the URI names."""

    @pytest.fixture
    def open_root(self) -> Iterator[Path]:
        """A root below a folder that everybody may pass; pytest's own folders are private."""
        with tempfile.TemporaryDirectory(prefix="aiovirt-test-") as folder:
            Path(folder).chmod(0o755)
            yield Path(folder) / "root"

    async def test_process_belongs_to_the_user(self, open_root: Path) -> None:
        async with open_host(f"qemu:///embed?root={open_root}&user=nobody") as host:
            vm = await host.domains.define(bare_config())
            await vm.start()
            (pid,) = qemus_of(open_root)
            assert (await anyio.Path(f"/proc/{pid}").stat()).st_uid == 65534
            await vm.destroy()

    async def test_root_it_may_not_enter(self, open_root: Path) -> None:
        await anyio.Path(open_root.parent).chmod(0o700)
        async with open_host(f"qemu:///embed?root={open_root}&user=nobody") as host:
            vm = await host.domains.define(bare_config())
            match = f"nobody may not enter {open_root.parent}$"
            error = await _refused(vm, open_root, PermissionDenied, match)
        assert "chmod o+x" in (error.hint or "")

    async def test_disk_it_may_not_read(self, open_root: Path) -> None:
        image = anyio.Path(open_root.parent / "disk.img")
        await image.write_bytes(bytes(1 << 20))
        await image.chmod(0o600)
        config = bare_config()
        config.disks.append(Disk.file(str(image), target="vda", format="raw"))
        async with open_host(f"qemu:///embed?root={open_root}&user=nobody") as host:
            vm = await host.domains.define(config)
            await _refused(vm, open_root, PermissionDenied, "nobody|disk.img")


async def test_nothing_secret_on_the_command_line(host: Connection, root: Path) -> None:
    config = bare_config()
    config.graphics.append(Graphics.vnc(password="s3cret"))
    vm = await host.domains.define(config)
    assert "s3cret" not in " ".join(await host.native_command(await vm.config(secure=True)))
    await vm.start(paused=True)
    (pid,) = qemus_of(root)
    assert b"s3cret" not in await anyio.Path(f"/proc/{pid}/cmdline").read_bytes()
    assert "s3cret" not in await anyio.Path(root / "log" / "web1.log").read_text()
    await vm.destroy()


async def test_command_line_without_starting(host: Connection, root: Path) -> None:
    config = bare_config()
    config.memory = GiB(1)
    config.qemu_commandline.args = ["-object", '{"id":"x"}', "-netdev", "{bad"]  # QEMU will see
    command = await host.native_command(config)
    assert command[0].endswith("qemu-system-x86_64")
    assert "-nodefaults" in command
    assert "-no-user-config" in command
    assert command[command.index("-sandbox") + 1].startswith("on,")
    assert qemus_of(root) == []
