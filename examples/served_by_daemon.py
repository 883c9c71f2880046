"""A daemon with a host in memory: every client of libvirt can drive it, and none needs a guest.

virsh and our own library talk to the same daemon here; what one changes, the other sees.
"""

from __future__ import annotations

import shutil
import tempfile

import anyio

import aiovirt
from aiovirt import LifecycleEvent, LifecycleKind
from aiovirt.testing.daemon import open_test_daemon


async def virsh(uri: str, *words: str) -> None:
    """Run virsh, where it is installed, and print what it prints."""
    program = shutil.which("virsh")
    if program is None:
        print(f"(no virsh here, to run: {' '.join(words)})")
        return
    done = await anyio.run_process([program, "--quiet", "--connect", uri, *words])
    print(done.stdout.decode().strip())


async def main(folder: str) -> None:
    """Suspend the guest by our library, look by virsh; resume it by virsh, and hear of it."""
    with anyio.fail_after(60):
        async with (
            open_test_daemon(folder) as daemon,
            aiovirt.open(daemon.uri()) as host,
            host.events() as events,
        ):
            vm = await host.domains.get("test")
            await vm.suspend()
            await virsh(daemon.uri(), "domstate", "test", "--reason")
            if shutil.which("virsh"):
                await virsh(daemon.uri(), "resume", "test")
            else:
                await vm.resume()
            async for event in events:
                if isinstance(event, LifecycleEvent):
                    print(event.domain.name, event.kind.name.lower(), event.detail.label)
                    if event.kind is LifecycleKind.RESUMED:
                        break


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        anyio.run(main, scratch)
