"""The control groups of guests: their names, what they are set to, and what is left of them."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from guests import bare_config, poll, qemus_of

from aiovirt._open import open as open_host
from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.process import groups
from aiovirt.drivers.qemu.process.groups import make_group, noted_group
from aiovirt.drivers.qemu.process.notes import Kind, note, notes
from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.cgroups import Group, Hierarchies
from aiovirt.model.uri import URI
from aiovirt.objects import Connection

ROOT = Path("/somewhere")
SYSTEM = URI.parse("qemu:///system")
LIMITED = """
<memtune><hard_limit unit='MiB'>500</hard_limit></memtune>
<cputune>
  <shares>512</shares><period>50000</period><quota>20000</quota>
  <emulatorsched scheduler='batch'/>
</cputune>
"""


def config(inside: str = "", name: str = "web1") -> DomainConfig:
    made = DomainConfig.parse(bare_config(name).to_xml().replace("<os>", f"{inside}<os>"))
    made.id = 7
    return made


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hierarchies:
    """Return hierarchies of plain folders."""
    made = Hierarchies({name: tmp_path / name for name in ("cpu", "memory")})
    for top in made.tops():
        top.mkdir()
    monkeypatch.setattr(groups, "hierarchies", lambda: made)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a guest's folder."""
    path = tmp_path / "run"
    path.mkdir()
    return path


def test_a_group_has_libvirts_name_and_is_noted(hosts: Hierarchies, folder: Path) -> None:
    group = make_group(SYSTEM, ROOT, config(name="web 1!"), folder)
    assert group == Group(hosts, PurePosixPath("machine/qemu-7-web1.libvirt-qemu"))
    assert noted_group(folder) == group
    assert group is not None
    assert all(path.is_dir() for path in group.folders())


@pytest.mark.usefixtures("hosts")
def test_drivers_inside_programs_have_names_of_their_own(folder: Path) -> None:
    here = make_group(None, ROOT, config(), folder)
    there = make_group(None, Path("/elsewhere"), config(), folder)
    assert here is not None
    assert there is not None
    assert here.path != there.path
    assert here.path.name.startswith("qemu-embed-")


def test_a_group_in_which_others_are_is_let_alone(hosts: Hierarchies, folder: Path) -> None:
    others = hosts.tops()[0] / "machine/qemu-7-web1.libvirt-qemu"
    others.mkdir(parents=True)
    (others / "cgroup.procs").write_text("1\n")
    group = make_group(SYSTEM, ROOT, config(), folder)
    assert group is not None
    assert group.path.name == "qemu-7-web1-a.libvirt-qemu"


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize("partition", ["/machine/none", "web", "/a/../b"])
def test_a_partition_that_is_not_there_is_refused(folder: Path, partition: str) -> None:
    asked = config(f"<resource><partition>{partition}</partition></resource>")
    with pytest.raises(ConfigError, match="partition"):
        make_group(SYSTEM, ROOT, asked, folder)
    assert notes(folder) == []


def test_without_rights_what_is_asked_for_is_refused_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "hierarchies", Hierarchies)
    assert make_group(SYSTEM, ROOT, config(), folder) is None
    with pytest.raises(ResourceUnavailable, match="cpu_shares"):
        make_group(SYSTEM, ROOT, config("<cputune><shares>5</shares></cputune>"), folder)


def test_a_group_that_is_gone_is_none(hosts: Hierarchies, folder: Path) -> None:
    note(folder, Kind.CGROUP, "machine/gone")
    assert hosts.tops()
    assert noted_group(folder) is None


# --- real guests ----------------------------------------------------------------------------------


def text_of(group: Group, controller: str, name: str) -> str:
    return group.file(controller, name).read_text().strip()


@pytest.mark.real
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_guest_runs_in_a_group_that_is_as_its_configuration_says(
    host: Connection, root: Path
) -> None:
    if not Hierarchies.find().split.keys() >= {"cpu", "memory", "devices"}:
        pytest.skip("this host has no control groups of version 1")
    vm = await host.domains.define(config(LIMITED))
    await vm.start(paused=True)
    group = noted_group(root / "run" / str(vm.uuid))
    (pid,) = qemus_of(root)
    assert group is not None
    assert group.processes() == {pid}
    assert text_of(group, "cpu", "cpu.shares") == "512"
    assert text_of(group, "memory", "memory.limit_in_bytes") == str(500 << 20)
    assert text_of(group.child("vcpu0"), "cpu", "cpu.cfs_quota_us") == "20000"
    assert "c 1:3 rw" in text_of(group, "devices", "devices.list")
    assert os.sched_getscheduler(pid) == os.SCHED_BATCH
    await vm.destroy()
    assert not group.exists()


@pytest.mark.real
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_threads_are_in_the_groups_that_libvirt_has_them_in(
    host: Connection, root: Path
) -> None:
    if "cpu" not in Hierarchies.find().split:
        pytest.skip("this host has no control groups of version 1")
    vm = await host.domains.define(config("<iothreads>1</iothreads>"))
    await vm.start(paused=True)
    (pid,) = qemus_of(root)
    group = noted_group(root / "run" / str(vm.uuid))
    assert group is not None
    await poll(lambda: set(group.children()) == {"emulator", "iothread1", "vcpu0"})
    await poll(lambda: pid in group.child("emulator").threads())
    await vm.add_iothread(2)
    assert len(group.child("iothread2").threads()) == 1
    await vm.delete_iothread(2)
    assert group.children() == ["emulator", "iothread1", "vcpu0"]
    inside = [len(group.child(name).threads()) for name in ("iothread1", "vcpu0")]
    assert inside == [1, 1]
    assert not group.threads()
    assert group.processes() == {pid}
    await vm.destroy()
    assert not group.exists()


@pytest.mark.real
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_start_that_fails_leaves_no_group(host: Connection, root: Path) -> None:
    vm = await host.domains.define(config("<cputune><quota>1</quota></cputune>"))
    with pytest.raises(ConfigError, match="cfs_quota_us"):
        await vm.start()
    assert list((root / "run").glob("*/host.jsonl")) == []  # and `root` looks for groups itself


@pytest.mark.real
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_guest_that_ended_while_nobody_watched_leaves_no_group(root: Path) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(config())
        await vm.start()
        group = noted_group(root / "run" / str(vm.uuid))
    (pid,) = qemus_of(root)
    os.kill(pid, 9)
    async with open_host(f"qemu:///embed?root={root}") as host:
        assert (await host.domains.get("web1")).name == "web1"
    assert group is not None
    assert not group.exists()
