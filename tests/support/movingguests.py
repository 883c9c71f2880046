"""Two hosts of QEMU in one process, and a guest between them that checks its own data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup, TaskStatus
from bootsectors import CHECKED, boot_image
from guests import bare_config, none_left_running

from aiovirt._open import open as open_host
from aiovirt.config import Disk, DomainConfig
from aiovirt.interfaces import Definition
from aiovirt.model.constants import DomainXMLFlags
from aiovirt.model.domain import StateReason
from aiovirt.model.jobs import JobStats
from aiovirt.model.migration import MigrationOptions
from aiovirt.objects import Connection, Domain

__all__ = [
    "Hosts",
    "bitmaps",
    "checked_config",
    "dots",
    "left_of_a_move",
    "open_hosts",
    "slowed",
    "stands",
    "under_way",
]

MIB = 1 << 20


def checked_config(image: Path, name: str = "mig1") -> DomainConfig:
    """Configure a guest that checks its memory and its disk for ever."""
    config = bare_config(name)
    config.disks = [Disk.file(str(image))]
    return config


class Reopened:
    """A host that is closed and opened again; in a task of its own, since others last longer."""

    def __init__(self, uri: str, tasks: TaskGroup) -> None:
        self._uri = uri
        self._tasks = tasks
        self._left, self._closed = anyio.Event(), anyio.Event()

    async def open(self) -> Connection:
        """Open it."""
        self._left, self._closed = anyio.Event(), anyio.Event()
        host: Connection = await self._tasks.start(self._hold)
        return host

    async def close(self) -> None:
        """Close it; returns when it is."""
        self._left.set()
        await self._closed.wait()

    async def _hold(self, *, task_status: TaskStatus[Connection]) -> None:
        async with open_host(self._uri) as host:
            task_status.started(host)
            await self._left.wait()
        self._closed.set()


@dataclass
class Hosts:
    """Two hosts, and a folder that both see.

    Attributes:
        source: Where the guest is first.
        destination: Where it moves.
        folder: Where both keep what is theirs.
        opened: What opens the source anew, and closes it; None where nobody does.
    """

    source: Connection
    destination: Connection
    folder: Path
    opened: Reopened | None = None

    async def reopen(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Close the source and open it again, as another process does; its guests go on."""
        assert self.opened is not None
        await self.opened.close()
        meanwhile()
        self.source = await self.opened.open()

    def options(self, **more: Any) -> MigrationOptions:  # noqa: ANN401 - those of the class
        """Return options whose data stays on this machine."""
        return MigrationOptions(uri="tcp://127.0.0.1", unsafe=True, **more)

    @asynccontextmanager
    async def guest(self) -> AsyncIterator[Domain]:
        """Run the guest at the source; it is gone from both hosts at the end."""
        image = await anyio.to_thread.run_sync(boot_image, self.folder / "one.qcow2", CHECKED)
        vm = await self.source.domains.define(checked_config(image))
        await vm.start()
        try:
            await dots(vm)
            yield vm
        finally:
            with anyio.CancelScope(shield=True):
                await _clear(self.source)
                await _clear(self.destination)

    async def elsewhere(self, vm: Domain, image: str, host: Connection | None = None) -> str:
        """Return the document of a running guest, on another image."""
        definition = (host or self.source).driver.ability(Definition)
        config = await definition.config(vm.key, secure=True, flags=DomainXMLFlags.MIGRATABLE)
        config.disks[0].source.file = str(self.folder / image)
        return config.to_xml(secure=True)


async def _clear(host: Connection) -> None:
    for record in await host.domains.records():
        vm = await host.domains.get(record.key.uuid)
        if record.state.active:
            await vm.destroy()
        if record.persistent:
            await vm.undefine(checkpoints_metadata=True)


@asynccontextmanager
async def open_hosts(folder: Path, parameters: str = "") -> AsyncIterator[Hosts]:
    """Open two hosts, with these parameters in their URIs; a QEMU that is left fails the test."""
    roots = [folder / name for name in ("a", "b")]
    uris = [f"qemu:///embed?root={root}{parameters}" for root in roots]
    with none_left_running(roots[0]), none_left_running(roots[1]):
        async with open_host(uris[1]) as destination, anyio.create_task_group() as tasks:
            opened = Reopened(uris[0], tasks)
            yield Hosts(await opened.open(), destination, folder, opened)
            await opened.close()


async def dots(vm: Domain) -> None:
    """Wait until a guest has found its data whole once more."""
    async with vm.console(history=False) as console:
        with anyio.fail_after(50):
            seen = b""
            while b"." not in seen:
                seen = await console.receive()
                assert b"X" not in seen, "the guest lost data"


async def stands(vm: Domain, reason: StateReason) -> None:
    """Wait until a guest stands still for that reason; its host may have been opened just now."""
    with anyio.fail_after(50):
        while await vm.state() is not reason:  # noqa: ASYNC110 - there may be no event any more
            await anyio.sleep(0.02)


async def slowed(vm: Domain) -> None:
    """Let a guest move so slowly that its move does not end by itself."""
    await vm.set_migrate_max_speed(1 * MIB)
    await vm.set_migrate_max_downtime(1)


def under_way(stats: JobStats) -> bool:
    """Return whether memory is being moved, not for the first time."""
    return (stats.figure("memory_iteration") or 0) > 1


async def left_of_a_move(vm: Domain) -> list[str]:
    """Return what is left in a QEMU of a move: jobs, nodes, exports, certificates, settings."""

    async def ask(command: str, **arguments: object) -> Any:  # noqa: ANN401 - QEMU's JSON
        return await vm.monitor_command(command, arguments)

    nodes = [node["node-name"] for node in await ask("query-named-block-nodes", flat=True)]
    states = await ask("query-migrate-capabilities")
    return [
        *(job["device"] for job in await ask("query-block-jobs")),
        *(name for name in nodes if name.startswith("move-")),
        *(export["id"] for export in await ask("query-block-exports")),
        *(row["capability"] for row in states if row["state"] and row["capability"] != "events"),
        *filter(None, [(await ask("query-migrate-parameters")).get("tls-creds")]),
    ]


async def bitmaps(vm: Domain) -> list[str]:
    """Return the names of the bitmaps of all images that note what is written; jobs' have none."""
    told: Any = await vm.monitor_command("query-named-block-nodes", {"flat": True})
    each = [bitmap for node in told for bitmap in node.get("dirty-bitmaps", ())]
    return sorted(bitmap["name"] for bitmap in each if "name" in bitmap and bitmap["recording"])
