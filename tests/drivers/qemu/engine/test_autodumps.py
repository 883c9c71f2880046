"""Dumps that guests get by themselves, from guests that really crash."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from bootsectors import BITTEN, PANIC, boot_image
from guests import bare_config, poll, qemus_of, wait_for

from aiovirt._open import open as open_host
from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine import autodumps
from aiovirt.errors import HostError
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.objects import Connection

pytestmark = pytest.mark.anyio

PANICS = "<panic model='isa'/>"
WATCHDOG = "<watchdog model='ib700' action='dump'/>"


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: each test starts a QEMU."""
    return "asyncio"


def crashing(folder: Path, code: bytes, device: str, on_crash: str = "destroy") -> DomainConfig:
    image = boot_image(folder / "disk.qcow2", code)
    disk = (
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{image}'/>"
        "<target dev='hda' bus='ide'/></disk>"
    )
    text = bare_config().to_xml().replace("machine='q35'", "machine='pc'")
    made = DomainConfig.parse(text.replace("<devices>", f"<devices>{disk}{device}"))
    made.os.machine, made.on_crash = "pc", on_crash
    return made


def dumps(root: Path) -> list[Path]:
    return list((root / "dump").glob("web1-*"))


async def test_a_guest_that_crashes_is_dumped_before_its_end(
    host: Connection, root: Path, tmp_path: Path
) -> None:
    vm = await host.domains.define(crashing(tmp_path, PANIC, PANICS, "coredump-destroy"))
    async with host.events() as events:
        await vm.start()
        await wait_for(events, LifecycleDetail.STOPPED_CRASHED)
    assert await vm.state() is StateReason.SHUTOFF_CRASHED
    (dump,) = dumps(root)
    assert dump.read_bytes().startswith(b"\x7fELF")


async def test_a_dump_that_fails_keeps_no_guest_from_its_end(
    host: Connection, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_args: object) -> None:
        raise HostError("the disk is full")

    monkeypatch.setattr(autodumps, "dump", fails)
    vm = await host.domains.define(crashing(tmp_path, PANIC, PANICS, "coredump-destroy"))
    async with host.events() as events:
        await vm.start()
        await wait_for(events, LifecycleDetail.STOPPED_CRASHED)
    assert not dumps(root)


async def test_a_dump_that_was_cut_off_is_made_by_the_next_who_opens(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = anyio.Event()

    async def never_ends(*_args: object) -> None:
        begun.set()
        await anyio.sleep_forever()

    uri = f"qemu:///embed?root={root}"
    async with open_host(uri) as host:
        with monkeypatch.context() as patched:
            patched.setattr(autodumps, "dump", never_ends)
            await host.domains.create(crashing(tmp_path, PANIC, PANICS, "coredump-destroy"))
            with anyio.fail_after(50):
                await begun.wait()
    async with open_host(uri):
        await poll(lambda: not qemus_of(root))
        assert len(dumps(root)) == 1


async def test_a_guest_whose_watchdog_bites_is_dumped_and_goes_on(
    host: Connection, root: Path, tmp_path: Path
) -> None:
    vm = await host.domains.define(crashing(tmp_path, BITTEN, WATCHDOG))
    async with host.events() as events:
        await vm.start()
        await wait_for(events, LifecycleDetail.RESUMED_UNPAUSED)
    assert len(dumps(root)) == 1
    assert (await vm.state()).state is DomainState.RUNNING
    await vm.destroy()
