"""Guests in profiles of AppArmor that are made for them: a real QEMU on a made-up host.

The kernel here need not have AppArmor: what QEMU opens is looked at with strace, and the profile's
rules with the real parser.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import anyio
import counterparts
import pytest
from apparmorhost import AppArmorHost, patterns
from guests import bare_config, poll, qemus_of
from pausedqemu import make_images
from qemuvalues import full
from steps import run_cancelled_at

from aiovirt._open import open as open_host
from aiovirt.config import Disk, DomainConfig, SecurityLabel
from aiovirt.config.security import DeviceLabel
from aiovirt.errors import AiovirtError
from aiovirt.model.constants import DomainSnapshotCreateFlags
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]

SNAPSHOT = "<domainsnapshot><name>s</name></domainsnapshot>"
DISKS_ALONE = DomainSnapshotCreateFlags.DISK_ONLY
USB_DISK = (
    "<disk type='file'><driver name='qemu' type='{kind}'/><source file='{path}'/>"
    "<target dev='sdz' bus='usb'/></disk>"
)


@pytest.fixture
def apparmor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppArmorHost:
    """Return the host's AppArmor, which the driver uses."""
    made = AppArmorHost(tmp_path / "host")
    made.use(monkeypatch.setattr)
    return made


@pytest.fixture
async def host(root: Path, apparmor: AppArmorHost) -> AsyncIterator[Connection]:
    assert apparmor.root.exists()
    async with open_host(f"qemu:///embed?root={root}") as connection:
        yield connection


_IMAGES: dict[str, tuple[str, ...]] = {
    "base.qcow2": (),
    "top.qcow2": ("-b", "base.qcow2", "-F", "qcow2"),
    "more.qcow2": (),
    "cd.qcow2": (),
}


@pytest.fixture
def images(tmp_path: Path, qemu_img: Path) -> Path:
    """Return a folder with images, whose name needs quotation marks: one on another, one alone."""
    folder = tmp_path / "my images"
    folder.mkdir()
    for name, more in _IMAGES.items():
        command = [str(qemu_img), "create", "-q", "-f", "qcow2", *more, name, "1M"]
        subprocess.run(command, check=True, cwd=folder)
    return folder


def configured(images: Path) -> DomainConfig:
    """A guest with a disk in two images and one that is only read."""
    config = bare_config()
    config.os.machine = "q35"
    config.disks.append(Disk.file(str(images / "top.qcow2"), target="vda"))
    seen = Disk.file(str(images / "cd.qcow2"), target="vdb")
    seen.readonly = True
    config.disks.append(seen)
    return config


def profile_of(root: Path, vm: Domain) -> Path:
    return root / f"run/{vm.uuid}/libvirt-{vm.uuid}"


def access(root: Path, vm: Domain, *paths: Path) -> list[str]:
    """What the profile lets a guest do with files now."""
    allowed = patterns(profile_of(root, vm))
    return ["".join(c for c in "rwk" if c in allowed(str(path))) for path in paths]


async def started(host: Connection, config: DomainConfig) -> Domain:
    vm = await host.domains.define(config)
    await vm.start()
    return vm


async def test_a_guest_is_executed_in_a_profile_of_its_own(
    host: Connection, apparmor: AppArmorHost, images: Path
) -> None:
    vm = await started(host, configured(images))
    name = f"libvirt-{vm.uuid}"
    assert apparmor.asked == f"exec {name}"
    assert name.encode() in apparmor.taken()
    (label,) = (await vm.config()).labels
    assert (label.model, label.type, label.label, label.image_label) == (
        *("apparmor", "dynamic"),
        *(name, name),
    )
    assert not list((await vm.config(inactive=True)).labels)
    await vm.destroy()
    assert apparmor.removed == name


async def test_images_are_written_only_where_the_guest_writes(
    host: Connection, root: Path, images: Path
) -> None:
    vm = await started(host, configured(images))
    names = ("top.qcow2", "base.qcow2", "cd.qcow2", "more.qcow2")
    assert access(root, vm, *(images / name for name in names)) == ["rwk", "rk", "rk", ""]
    await vm.destroy()


async def test_a_disk_comes_and_goes_with_its_rules(
    host: Connection, root: Path, images: Path
) -> None:
    vm = await started(host, configured(images))
    more = USB_DISK.format(kind="qcow2", path=images / "more.qcow2")
    await vm.attach(more)
    assert access(root, vm, images / "more.qcow2") == ["rwk"]
    await vm.detach(more)
    assert access(root, vm, images / "more.qcow2", images / "top.qcow2") == ["", "rwk"]
    await vm.destroy()


async def test_what_cannot_be_plugged_in_leaves_no_rule(
    host: Connection, root: Path, images: Path
) -> None:
    vm = await started(host, configured(images))
    (images / "more.qcow2").write_bytes(b"no image at all")
    with pytest.raises(AiovirtError):
        await vm.attach(USB_DISK.format(kind="qcow2", path=images / "more.qcow2"))
    assert access(root, vm, images / "more.qcow2") == [""]
    await vm.destroy()


async def test_a_snapshot_and_its_merging_widen_and_narrow(
    host: Connection, root: Path, images: Path
) -> None:
    config = configured(images)
    vm = await started(host, config)
    await vm.snapshots.create(SNAPSHOT, flags=DISKS_ALONE)
    assert access(root, vm, images / "top.s") == ["rwk"]
    await vm.block_commit("vda")
    left = [images / name for name in ("top.s", "top.qcow2", "base.qcow2")]
    assert access(root, vm, *left) == ["", "", "rwk"]
    await vm.destroy()


async def test_a_copy_is_written_and_what_it_replaces_is_not(
    host: Connection, root: Path, images: Path
) -> None:
    vm = await started(host, configured(images))
    copy = images / "copy.qcow2"
    await vm.block_copy("vda", Disk.file(str(copy)), pivot=None)
    assert access(root, vm, copy) == ["rwk"]
    await vm.abort_block_job("vda", pivot=True)
    assert access(root, vm, copy, images / "top.qcow2") == ["rwk", ""]
    await vm.destroy()


async def test_a_guest_that_is_saved_comes_back_in_a_new_profile(
    host: Connection, apparmor: AppArmorHost, images: Path, tmp_path: Path
) -> None:
    vm = await started(host, configured(images))
    await vm.save(str(tmp_path / "saved"))
    assert apparmor.removed == f"libvirt-{vm.uuid}"
    apparmor.taken()
    await host.domains.restore(str(tmp_path / "saved"))
    assert f"libvirt-{vm.uuid}".encode() in apparmor.taken()
    await vm.destroy()


async def test_a_medium_comes_and_goes_with_its_rules(
    host: Connection, root: Path, images: Path
) -> None:
    config = configured(images)
    drive = "<disk type='file' device='cdrom'>{source}<target dev='sda' bus='sata'/></disk>"
    config.disks.append(Disk.parse(drive.format(source="")))
    vm = await started(host, config)
    (images / "a.iso").write_bytes(bytes(1 << 20))
    await vm.update_device(drive.format(source=f"<source file='{images}/a.iso'/>"))
    assert access(root, vm, images / "a.iso") == ["rk"]
    await vm.update_device(drive.format(source=""))
    assert access(root, vm, images / "a.iso") == [""]
    await vm.destroy()


async def test_a_dump_is_written_by_qemu_only_while_it_is_made(
    host: Connection, root: Path, images: Path
) -> None:
    vm = await started(host, configured(images))
    await vm.dump(str(images / "dump"))
    assert (images / "dump").stat().st_size
    assert access(root, vm, images / "dump") == [""]
    await vm.destroy()


@pytest.mark.usefixtures("apparmor")
async def test_who_reads_a_backup_does_it_by_a_socket_that_is_allowed(
    root: Path, images: Path, tmp_path: Path
) -> None:
    socket = tmp_path / "backup.sock"
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await started(host, configured(images))
        await vm.begin_backup(
            f"<domainbackup mode='pull'><server transport='unix' socket='{socket}'/>"
            "<disks><disk name='vda'/><disk name='vdb' backup='no'/></disks></domainbackup>"
        )
        assert access(root, vm, socket) == ["rw"]
        await vm.destroy()


@pytest.mark.usefixtures("apparmor")
async def test_a_host_may_confine_those_alone_that_say_so(root: Path, images: Path) -> None:
    said = configured(images)
    said.name, said.uuid = "said", uuid4()
    said.labels.append(SecurityLabel(type="dynamic", model="apparmor"))
    async with open_host(f"qemu:///embed?root={root}&confined=no") as host:
        plain = await started(host, configured(images))
        assert (await plain.config()).labels == []
        await plain.destroy()
        vm = await started(host, said)
        assert [each.label for each in (await vm.config()).labels] == [f"libvirt-{vm.uuid}"]
        await vm.destroy()


async def test_a_disk_that_is_left_out_is_left_out(
    host: Connection, root: Path, images: Path
) -> None:
    config = configured(images)
    config.disks[0].source.labels.append(DeviceLabel(model="apparmor", relabel=False))
    vm = await started(host, config)
    assert access(root, vm, images / "top.qcow2", images / "base.qcow2") == ["", "rk"]
    await vm.destroy()


async def test_a_named_profile_is_nobodys_to_change(
    host: Connection, apparmor: AppArmorHost, images: Path
) -> None:
    apparmor.holds("guests")
    config = configured(images)
    config.labels.append(SecurityLabel(type="static", model="apparmor", label="guests"))
    vm = await started(host, config)
    await vm.attach(USB_DISK.format(kind="qcow2", path=images / "more.qcow2"))
    assert (apparmor.asked, apparmor.taken()) == ("exec guests", b"")
    await vm.destroy()
    assert apparmor.removed == ""


async def test_a_start_that_fails_leaves_no_profile(
    host: Connection, root: Path, apparmor: AppArmorHost, images: Path
) -> None:
    vm = await host.domains.define(configured(images))
    (images / "cd.qcow2").write_bytes(b"no image at all")
    with pytest.raises(AiovirtError):
        await vm.start()
    assert apparmor.removed == f"libvirt-{vm.uuid}"
    assert not profile_of(root, vm).exists()


@pytest.mark.timeout(240)
async def test_who_gives_up_leaves_no_profile_that_is_not_used(
    host: Connection, root: Path, apparmor: AppArmorHost, images: Path
) -> None:
    """A start that is cancelled, at each of its waits."""
    vm = await host.domains.define(configured(images))
    step = 1
    while await run_cancelled_at(vm.start(), step):
        if (await vm.record()).state.active:
            await vm.destroy()
        loaded = bool(apparmor.taken())
        assert not profile_of(root, vm).exists()
        assert apparmor.removed == f"libvirt-{vm.uuid}" or not loaded
        apparmor.clear()
        step += 1
    await vm.destroy()


@pytest.mark.timeout(240)
async def test_a_device_that_is_given_up_leaves_no_rule(
    host: Connection, root: Path, images: Path
) -> None:
    """Plugging in that is cancelled, at each of its waits."""
    vm = await started(host, configured(images))
    more = USB_DISK.format(kind="qcow2", path=images / "more.qcow2")
    step = 1
    while await run_cancelled_at(vm.attach(more), step):
        there = any(disk.target.dev == "sdz" for disk in (await vm.config()).disks)
        assert access(root, vm, images / "more.qcow2") == ["rwk" if there else ""]
        if there:
            await vm.detach(more)
        step += 1
    await vm.destroy()


# --- the end of the process -----------------------------------------------------------------------

# Another process: it starts a domain on the made-up host, says so, and waits.
STARTER = """
import importlib, sys, anyio
from pathlib import Path
sys.path[:0] = sys.argv[4:]
from apparmorhost import AppArmorHost
from aiovirt._open import open as open_host
def patch(name, value):
    module, _, attribute = name.rpartition(".")
    setattr(importlib.import_module(module), attribute, value)
async def main(root, made, file):
    AppArmorHost.at(Path(made)).use(patch)
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(Path(file).read_text())
        await vm.start()
        print("ready", flush=True)
        await anyio.sleep_forever()
anyio.run(main, *sys.argv[1:4])
"""


def start_and_be_killed(root: Path, apparmor: AppArmorHost, config: DomainConfig) -> None:
    """Start a domain in another process, which is killed as by an out-of-memory killer."""
    file = root.parent / "domain.xml"
    file.write_text(config.to_xml())
    support = Path(counterparts.__file__).parent
    words = (sys.executable, "-c", STARTER, root, apparmor.root, file, support)
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        ready = other.stdout.readline()
        other.kill()
    assert ready == "ready\n"


async def test_who_adopts_a_guest_takes_its_profile_over(
    root: Path, apparmor: AppArmorHost, images: Path
) -> None:
    await anyio.to_thread.run_sync(start_and_be_killed, root, apparmor, configured(images))
    apparmor.taken()
    (rules,) = (root / "run").glob("*/libvirt-*.files")
    rules.write_text(f'{rules.read_text()}  "/merged" rwk, # of commit-vda\n')  # a job's that ended
    async with open_host(f"qemu:///embed?root={root}") as host:
        (vm,) = await host.domains.list()
        await poll(lambda: "/merged" not in rules.read_text())
        await vm.attach(USB_DISK.format(kind="qcow2", path=images / "more.qcow2"))
        assert apparmor.taken()
        assert access(root, vm, images / "more.qcow2") == ["rwk"]
        await vm.destroy()
        assert apparmor.removed == f"libvirt-{vm.uuid}"


async def test_the_profile_of_a_guest_that_died_unwatched_goes(
    root: Path, apparmor: AppArmorHost, images: Path
) -> None:
    await anyio.to_thread.run_sync(start_and_be_killed, root, apparmor, configured(images))
    for pid in qemus_of(root):
        os.kill(pid, 9)
    await poll(lambda: not qemus_of(root))
    async with open_host(f"qemu:///embed?root={root}") as host:
        (vm,) = await host.domains.list()
        assert apparmor.removed == f"libvirt-{vm.uuid}"
        assert not profile_of(root, vm).exists()


# --- what QEMU opens ------------------------------------------------------------------------------

TRACED = """#!/bin/sh
case "$*" in
*-sandbox*) exec {strace} -D -ff -qq -e trace=openat -o "{log}" {qemu} "$@" ;;
esac
exec {qemu} "$@"
"""
OPENED = re.compile(r'openat\(AT_FDCWD, "(?P<path>/[^"]*)", (?P<flags>[A-Z_|]+).*\) = \d+')


def opened(folder: Path) -> Iterator[tuple[str, str]]:
    """What was opened: paths, and letters of what for."""
    for log in folder.glob("trace.*"):
        for found in OPENED.finditer(log.read_text()):
            pid = log.suffix.removeprefix(".")
            path = re.sub("^/proc/(thread-)?self(?=/)", f"/proc/{pid}", found["path"])
            real = path if path.startswith("/proc/") else os.path.realpath(path)
            folder_mark = "/" if "O_DIRECTORY" in found["flags"] else ""
            yield real.rstrip("/") + folder_mark, _letters(found["flags"])


def _letters(flags: str) -> str:
    if "O_RDWR" in flags:
        return "rw"
    return "w" if "O_WRONLY" in flags else "r"


@pytest.fixture(params=[True, False], ids=["libvirt", "own"])
def template(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Whose template the host has, which the driver uses."""
    made = AppArmorHost(tmp_path / "host", with_libvirt=request.param)
    made.use(monkeypatch.setattr)
    return "libvirt's" if request.param else "ours"


@pytest.fixture
def traced(tmp_path: Path, qemu: Path, strace: Path) -> str:
    """Return a QEMU that writes down what it opens."""
    script = tmp_path / "traced"
    script.write_text(TRACED.format(strace=strace, log=tmp_path / "trace", qemu=qemu))
    script.chmod(0o755)
    return str(script)


@pytest.mark.usefixtures("template")
async def test_all_that_qemu_opens_is_allowed(
    root: Path, tmp_path: Path, images: Path, qemu_img: Path, traced: str
) -> None:
    make_images(images, qemu_img)
    config = full("q35", images)
    config.emulator = traced
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await started(host, config)
        await vm.attach(USB_DISK.format(kind="qcow2", path=images / "more.qcow2"))
        await vm.snapshots.create(SNAPSHOT, flags=DISKS_ALONE)
        await vm.screenshot()
        allowed = patterns(profile_of(root, vm))
        lost = {each for each in opened(tmp_path) if set(each[1]) - set(allowed(each[0]))}
        seen = {path for path, _ in opened(tmp_path)}
        await vm.destroy()
    await poll(lambda: not qemus_of(root))  # strace ends after QEMU
    assert {str(images / name) for name in ("a.s", "a.qcow2", "b.raw", "more.qcow2")} <= seen
    assert not lost
