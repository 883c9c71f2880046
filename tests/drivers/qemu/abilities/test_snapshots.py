"""Snapshots of a domain on a real QEMU, and their records when it is undefined."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from aiovirt.config import Disk, DomainConfig, SnapshotConfig
from aiovirt.drivers.qemu import open_driver
from aiovirt.drivers.qemu.driver import QemuDriver
from aiovirt.drivers.qemu.engine import snapshots as engine
from aiovirt.drivers.qemu.engine.images import qemu_img as change_image
from aiovirt.interfaces import Definition, Devices, Jobs, Lifecycle, Monitor, SavedState, Snapshots
from aiovirt.model.constants import DomainGetJobStatsFlags
from aiovirt.model.domain import DomainKey, DomainState
from aiovirt.model.keys import SnapshotKey
from aiovirt.model.params import Typed
from aiovirt.model.uri import URI

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's and the file system's."""
    return "asyncio"


@pytest.fixture
def uri(root: Path) -> URI:
    """Return the URI of the test's own host."""
    return URI.parse(f"qemu:///embed?root={root}")


@pytest.fixture
async def driver(uri: URI) -> AsyncIterator[QemuDriver]:
    """Return an open driver."""
    async with open_driver(uri) as driver:
        yield driver


async def started(driver: QemuDriver, folder: Path, qemu_img: Path) -> DomainKey:
    """Return a guest that runs and has a snapshot, `s1`."""
    path = str(folder / "a.qcow2")
    await anyio.run_process([str(qemu_img), "create", "-q", "-f", "qcow2", path, "1M"])
    config = DomainConfig(name="web1", memory="16MiB", vcpus=1, disks=[Disk.file(path)])
    config.os.machine = "pc"
    key = await driver.ability(Definition).define(config)
    await driver.ability(Lifecycle).start(key)
    await driver.ability(Snapshots).create_snapshot(key, SnapshotConfig(name="s1"))
    return key


async def names(driver: QemuDriver, key: DomainKey) -> list[str]:
    return [each.name for each in await driver.ability(Snapshots).snapshots(key)]


def records(root: Path) -> list[str]:
    return [path.name for path in (root / "snapshots").rglob("*.xml")]


async def test_undefining_a_running_domain_keeps_the_records_until_it_ends(
    root: Path, uri: URI, tmp_path: Path, qemu_img: Path
) -> None:
    async with open_driver(uri) as driver:
        key = await started(driver, tmp_path, qemu_img)
        await driver.ability(Definition).undefine(key)
        assert await names(driver, key) == ["s1"]
    async with open_driver(uri) as driver:  # nor does the next process remove them
        assert await names(driver, key) == ["s1"]
        await driver.ability(Lifecycle).destroy(key)
        assert records(root) == []


async def test_a_snapshot_of_a_running_domain_keeps_what_is_stored_beside(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    definition, snapshots = driver.ability(Definition), driver.ability(Snapshots)
    key = await started(driver, tmp_path, qemu_img)
    changed = await definition.config(key, inactive=True)
    changed.title = "stored"
    await definition.define(changed)
    made = await snapshots.create_snapshot(key, SnapshotConfig(name="s2"))
    kept = await snapshots.snapshot_config(made)
    assert (kept.domain.title, kept.inactive.title) == (None, "stored")
    await driver.ability(Lifecycle).destroy(key)
    changed.title = "later"
    await definition.define(changed)
    await snapshots.revert_to_snapshot(made)
    now, stored = [await definition.config(key, inactive=each) for each in (False, True)]
    assert (now.title, stored.title) == (None, "stored")
    await driver.ability(Lifecycle).destroy(key)


async def test_a_finished_save_tells_of_pages_and_times(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    await driver.ability(SavedState).save(key, str(tmp_path / "save"))
    ended = await driver.ability(Jobs).job_stats(key, flags=DomainGetJobStatsFlags.COMPLETED)
    names = ("memory_constant", "memory_normal", "memory_page_size")
    values = (ended.params[name] for name in names)
    constant, normal, size = (each.value for each in values if isinstance(each, Typed))
    assert isinstance(constant, int)
    assert isinstance(normal, int)
    assert isinstance(size, int)
    assert (constant + normal) * size >= 16 << 20
    assert {"downtime", "setup_time", "memory_bps", "memory_iteration"} <= set(ended.params)


async def test_a_snapshot_of_other_devices_brings_these_back(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    spare = str(tmp_path / "spare.qcow2")
    await anyio.run_process([str(qemu_img), "create", "-q", "-f", "qcow2", spare, "1M"])
    devices, snapshots = driver.ability(Devices), driver.ability(Snapshots)
    await devices.attach_device(key, Disk.file(spare, target="vdb"), live=True)
    await snapshots.create_snapshot(key, SnapshotConfig(name="s2"))
    seen = []
    for name in ("s1", "s2"):
        await snapshots.revert_to_snapshot(SnapshotKey(key, name))
        state = await driver.ability(Definition).state(key)
        now = await driver.ability(Definition).config(key)
        seen.append((state.state, [disk.target.dev for disk in now.disks]))
    assert seen == [
        (DomainState.RUNNING, ["vda"]),
        (DomainState.RUNNING, ["vda", "vdb"]),
    ]
    await driver.ability(Lifecycle).destroy(key)


async def test_giving_up_a_snapshot_leaves_none_in_the_image(
    driver: QemuDriver, tmp_path: Path, qemu_img: Path
) -> None:
    key = await started(driver, tmp_path, qemu_img)
    async with (
        driver.ability(Monitor).monitor_events(key, "JOB_STATUS_CHANGE") as told,
        anyio.create_task_group() as tasks,
    ):
        config = SnapshotConfig(name="s2")
        tasks.start_soon(driver.ability(Snapshots).create_snapshot, key, config)
        await anext(aiter(told))
        tasks.cancel_scope.cancel()
    state = await driver.ability(Definition).state(key)
    assert (await names(driver, key), state.state) == (["s1"], DomainState.RUNNING)
    await driver.ability(Lifecycle).destroy(key)
    said = await anyio.run_process([str(qemu_img), "snapshot", "-l", str(tmp_path / "a.qcow2")])
    assert [row for row in said.stdout.decode().split() if row in {"s1", "s2"}] == ["s1"]


@pytest.mark.parametrize("runs", [False, True], ids=["off", "running"])
async def test_giving_up_a_deletion_leaves_it_in_all_images_or_in_none(
    driver: QemuDriver,
    tmp_path: Path,
    qemu_img: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    runs: bool,
) -> None:
    """Given up when the first of two images has forgotten it: of one that runs QEMU has the one."""
    key = await started(driver, tmp_path, qemu_img)
    spare = str(tmp_path / "spare.qcow2")
    await anyio.run_process([str(qemu_img), "create", "-q", "-f", "qcow2", spare, "1M"])
    snapshots, lifecycle = driver.ability(Snapshots), driver.ability(Lifecycle)
    await driver.ability(Devices).attach_device(key, Disk.file(spare, target="vdb"), live=True)
    await snapshots.create_snapshot(key, SnapshotConfig(name="s2"))
    await lifecycle.destroy(key)
    if runs:
        await lifecycle.start(key)  # without the spare one
    with anyio.CancelScope() as scope, monkeypatch.context() as patched:

        async def given_up(*arguments: str) -> bytes:
            if "-d" in arguments:
                scope.cancel()
            return await change_image(*arguments)

        patched.setattr(engine, "qemu_img", given_up)
        await snapshots.delete_snapshot(SnapshotKey(key, "s2"))
    assert scope.cancel_called
    assert await names(driver, key) == ["s1"]
    if runs:
        await lifecycle.destroy(key)
    for image in ("a.qcow2", "spare.qcow2"):
        said = await anyio.run_process([str(qemu_img), "snapshot", "-l", str(tmp_path / image)])
        assert "s2" not in said.stdout.decode().split()
