"""What an earlier process left half done, and files that were damaged: no guest pays for it."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import pytest
from guests import SmallDisk, bare_config, linux_config, poll, qemus_of, read_until, wait_for

from aiovirt._open import open as open_host
from aiovirt.drivers.qemu.engine.supervisor import Supervisor
from aiovirt.errors import Busy, HostError, ResourceUnavailable, Unresponsive
from aiovirt.interfaces import EventStream
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import ControlEvent, LifecycleDetail, LifecycleEvent
from aiovirt.objects import Connection, Domain
from aiovirt.testing.tinyguest import TinyGuest

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def _boot(host: Connection, guest: TinyGuest) -> Domain:
    """Start Linux, and wait for its prompt: from then on it listens to the power button."""
    vm = await host.domains.define(linux_config(guest))
    await vm.start()
    async with vm.console() as console:
        await read_until(console, b"tiny# ")
    return vm


async def _press(vm: Domain, events: EventStream, *, reboot: bool) -> None:
    """Have the guest shut down, and return when that is told."""
    await (vm.reboot() if reboot else vm.shutdown())
    await wait_for(events, LifecycleDetail.SHUTDOWN_GUEST)


def _status_of(root: Path) -> Path:
    (path,) = (root / "run").glob("*/status.json")
    return path


def _newest(data: bytes) -> dict[str, Any]:
    """The last status of a file of them."""
    found: dict[str, Any] = json.loads(data.splitlines()[-1])
    return found


async def _is_over(root: Path, *, reboot: bool) -> None:
    """See that what the guest wanted has come to its end."""
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.get("web1")
        if reboot:
            async with vm.console(history=False) as console:
                await read_until(console, b"tiny guest ready")
            assert await vm.state() is StateReason.RUNNING_BOOTED
            await vm.destroy()
        else:
            assert await vm.state() in {StateReason.SHUTOFF_SHUTDOWN, StateReason.SHUTOFF_UNKNOWN}
    assert qemus_of(root) == []


@pytest.mark.parametrize("reboot", [False, True])
async def test_closing_upon_the_event_leaves_no_guest_half_way(
    root: Path, tiny_guest: TinyGuest, *, reboot: bool
) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await _boot(host, tiny_guest)
        async with host.events() as events:
            await _press(vm, events, reboot=reboot)
    if not reboot:
        await poll(lambda: not qemus_of(root))
    await _is_over(root, reboot=reboot)


@pytest.mark.parametrize("reboot", [False, True])
async def test_the_next_process_does_what_the_last_one_could_not(
    root: Path, tiny_guest: TinyGuest, monkeypatch: pytest.MonkeyPatch, *, reboot: bool
) -> None:
    """As after ``kill -9`` between the note and the deed."""

    async def fail(*_: object) -> None:
        raise HostError("killed")

    monkeypatch.setattr(Supervisor, "_act", fail)
    monkeypatch.setattr(Supervisor, "_insist_on_its_end", lambda _: None)
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await _boot(host, tiny_guest)
        async with host.events() as events:
            await _press(vm, events, reboot=reboot)
    assert _newest(_status_of(root).read_bytes())["follow_up"]
    monkeypatch.undo()
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.get("web1")
        async with host.events() as events:
            if reboot:
                await wait_for(events, LifecycleDetail.RESUMED_UNPAUSED)
                assert await vm.state() is StateReason.RUNNING_BOOTED
                await vm.destroy()
            else:
                await wait_for(events, LifecycleDetail.STOPPED_SHUTDOWN)
                assert await vm.state() is StateReason.SHUTOFF_SHUTDOWN
    assert qemus_of(root) == []


@pytest.mark.parametrize(
    ("ending", "detail"),
    [
        ("SHUTOFF_SHUTDOWN", LifecycleDetail.STOPPED_SHUTDOWN),
        ("SHUTOFF_DESTROYED", LifecycleDetail.STOPPED_DESTROYED),
        (None, LifecycleDetail.STOPPED_FAILED),
    ],
)
async def test_an_end_that_was_begun_is_no_crash(
    root: Path, ending: str | None, detail: LifecycleDetail
) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(bare_config())
        await vm.start()
        status = await anyio.Path(_status_of(root)).read_bytes()
        folder = _status_of(root).parent
        await vm.destroy()
    folder.mkdir()
    (folder / "status.json").write_text(json.dumps({**_newest(status), "ending": ending}))
    async with open_host(f"qemu:///embed?root={root}") as host, host.events() as events:
        event = await anext(aiter(events))
        assert isinstance(event, LifecycleEvent)
        assert (event.detail, event.synthetic) == (detail, True)
    assert not folder.exists()


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "types": lambda path: path.write_bytes(b'{"phase":"running","id":"x","xml":"","started_at":1}'),
    "xml": lambda path: path.write_text(json.dumps({**_newest(path.read_bytes()), "xml": "nope"})),
    "format": lambda path: path.write_text(
        json.dumps({**_newest(path.read_bytes()), "format": 99})
    ),
    "unreadable": _a_folder,
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_status_costs_no_guest_its_life(
    root: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        for name in ("web1", "web2"):
            await (await host.domains.define(bare_config(name))).start()
        before = qemus_of(root)
        victim = root / "run" / str((await host.domains.get("web1")).uuid) / "status.json"
    DAMAGES[damage](victim)
    async with open_host(f"qemu:///embed?root={root}") as host:
        assert str(victim.parent) in caplog.text
        assert qemus_of(root) == before
        ids = set()
        for vm in await host.domains.list():
            assert (await vm.record()).state is DomainState.RUNNING
            ids.add((await vm.record()).id)
            async with vm.console():
                await vm.suspend()
        assert len(ids) == 2
        if damage != "unreadable":
            _newest(victim.read_bytes())  # it was written anew
        for vm in await host.domains.list():
            await vm.destroy()


async def test_a_lost_status_and_a_stuck_qemu_leave_the_consoles_unknown(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        await (await host.domains.define(bare_config())).start()
    DAMAGES["cut"](_status_of(root))
    (pid,) = qemus_of(root)
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr("aiovirt.drivers.qemu.engine.adopt.ADOPT_BOUND_S", 0.1)
    async with open_host(f"qemu:///embed?root={root}") as host, host.events() as events:
        vm = await host.domains.get("web1")
        with pytest.raises(Unresponsive, match="has not told its consoles yet") as caught:
            vm.console()
        assert caught.value.hint
        os.kill(pid, signal.SIGCONT)
        async for event in events:
            if isinstance(event, ControlEvent) and event.responsive:
                break
        async with vm.console():
            await vm.destroy()


async def test_an_unknown_qemu_is_let_alone_and_not_started_twice(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(bare_config())
        await vm.start()
        await vm.undefine()
    _status_of(root).write_bytes(b"")
    before = qemus_of(root)
    async with open_host(f"qemu:///embed?root={root}") as host:
        assert f"pid {before[0]}" in caplog.text
        config = bare_config()
        config.uuid = vm.uuid
        again = await host.domains.define(config)
        for _ in range(2):
            with pytest.raises(Busy, match=f"pid {before[0]}") as caught:
                await again.start()
            assert caught.value.hint
    assert qemus_of(root) == before
    async with open_host(f"qemu:///embed?root={root}") as host:  # now it has a definition
        await (await host.domains.get("web1")).destroy()
    assert qemus_of(root) == []


async def test_a_guest_whose_name_another_domain_got_is_let_alone(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(bare_config())
        await vm.start()
        await vm.undefine()
    namesake = bare_config()
    namesake.uuid = uuid4()
    await anyio.Path(root / "config" / "web1.xml").write_text(namesake.to_xml())
    (pid,) = qemus_of(root)
    async with open_host(f"qemu:///embed?root={root}") as host:
        assert f"{vm.uuid} is not adopted" in caplog.text
        assert [each.uuid for each in await host.domains.list()] == [namesake.uuid]
    assert qemus_of(root) == [pid]
    os.kill(pid, signal.SIGKILL)
    await poll(lambda: not qemus_of(root))


@pytest.mark.parametrize(
    ("member", "value"),
    [("reason", "__doc__"), ("reason", "OF_TOMORROW"), ("follow_up", "sing"), ("ending", "bad")],
)
async def test_words_of_a_status_that_nobody_knows(root: Path, member: str, value: str) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        await (await host.domains.define(bare_config())).start()
    path = _status_of(root)
    path.write_text(json.dumps({**_newest(path.read_bytes()), member: value}))
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.get("web1")
        assert (await vm.state()).state is DomainState.RUNNING
        await vm.destroy()


async def test_a_terminal_that_is_none_keeps_nobody_from_the_guests(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        await (await host.domains.define(bare_config())).start()
    path = _status_of(root)
    status = _newest(path.read_bytes())
    xml = status["xml"]
    terminal = xml[xml.index("/dev/pts/") :].partition('"')[0]
    path.write_text(json.dumps({**status, "xml": xml.replace(terminal, "/dev/null")}))
    caplog.set_level(logging.WARNING)
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.get("web1")
        assert "/dev/null cannot be used as a terminal" in caplog.text
        await vm.suspend()
        await vm.destroy()


def _fill(folder: Path, root: Path) -> None:
    """Leave no room on the disk, nor behind a guest's status in the block where that ends."""
    with suppress(OSError), (folder / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with suppress(OSError), _status_of(root).open("ab", buffering=0) as file:
        while True:
            file.write(b"\n")


async def test_a_reboot_that_could_not_be_noted_is_none(
    small_disk: SmallDisk, tiny_guest: TinyGuest
) -> None:
    folder = small_disk("1m")
    root = folder / "root"
    async with open_host(f"qemu:///embed?root={root}") as host, host.events() as events:
        vm = await _boot(host, tiny_guest)
        _fill(folder, root)
        with pytest.raises(ResourceUnavailable):
            await vm.reboot()
        await vm.shutdown()
        await wait_for(events, LifecycleDetail.STOPPED_SHUTDOWN)
