"""A guest that writes to its disk and its memory and reads both again, and what is left of work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
from bootsectors import CHECKED, boot_image
from movingguests import checked_config, dots

from aiovirt._open import open as open_host
from aiovirt.model.domain import Control
from aiovirt.objects import Connection, Domain

__all__ = ["Writer", "open_writer"]

_NOT_OURS = ("root", "a.raw")


@dataclass
class Writer:
    """The guest, its host, and the folder of its images."""

    host: Connection
    vm: Domain
    folder: Path
    uri: str
    stack: AsyncExitStack

    async def start(self) -> None:
        """Start it, and wait until it has written."""
        await self.vm.start()
        await self.writes()

    async def writes(self) -> None:
        """Wait until it has written once more, and found all as it was."""
        await dots(self.vm)

    async def chain(self) -> list[str]:
        """Return the images of its disk as its document tells, its own first."""
        disk = (await self.vm.config()).disks[0]
        found, view = [Path(disk.path or "").name], disk.backing
        while view.format is not None:
            found.append(Path(view.source.file or "").name)
            view = view.backing
        return found

    async def left(self) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Return QEMU's nodes of images, its jobs, and the bitmaps that nobody keeps."""

        async def ask(command: str, **arguments: object) -> Any:  # noqa: ANN401 - QEMU's JSON
            return await self.vm.monitor_command(command, arguments)

        nodes = await ask("query-named-block-nodes", flat=True)
        bitmaps = [each for node in nodes for each in node.get("dirty-bitmaps", ())]
        return (
            sorted(node["node-name"] for node in nodes if node["node-name"].endswith("-format")),
            [job["device"] for job in await ask("query-block-jobs")],
            [each.get("name") for each in bitmaps if not each.get("persistent")],
        )

    async def bitmaps(self) -> Sequence[str]:
        """Return the bitmaps that images keep."""
        nodes: Any = await self.vm.monitor_command("query-named-block-nodes", {"flat": True})
        bitmaps = [each for node in nodes for each in node.get("dirty-bitmaps", ())]
        return [each["name"] for each in bitmaps if each.get("persistent")]

    async def reopen(self) -> None:
        """Close the host, which lets the guest go on, and open it again."""
        await self.close()
        await self.open()

    async def close(self) -> None:
        """Close the host: another process may open it."""
        await self.stack.pop_all().aclose()

    async def open(self) -> None:
        """Open the host; what is left of work there is known when its QEMU has answered."""
        self.host = await self.stack.enter_async_context(open_host(self.uri))
        self.vm = await self.host.domains.get("writer")
        with anyio.fail_after(40):
            while (await self.vm.record()).control.control is not Control.OK:
                await anyio.lowlevel.checkpoint()

    def files(self) -> list[str]:
        """Return the names of the files beside its image."""
        return sorted(path.name for path in self.folder.iterdir() if path.name not in _NOT_OURS)


@asynccontextmanager
async def open_writer(folder: Path, parameters: str = "") -> AsyncIterator[Writer]:
    """Open a host and define the guest there; it does not run at the end."""
    image = await anyio.to_thread.run_sync(boot_image, folder / "a.qcow2", CHECKED)
    uri = f"qemu:///embed?root={folder / 'root'}{parameters}"
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(open_host(uri))
        vm = await host.domains.define(checked_config(image, "writer"))
        writer = Writer(host, vm, folder, uri, stack)
        try:
            yield writer
        finally:
            with anyio.CancelScope(shield=True):
                if (await writer.vm.state()).state.active:
                    await writer.vm.destroy()
