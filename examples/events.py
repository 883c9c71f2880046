"""Watch a host's events: subscribe first, then act, and nothing is lost."""

from __future__ import annotations

import tempfile

import anyio

import aiovirt
from _tiny import config, guest
from aiovirt import LifecycleEvent, LifecycleKind


async def main(root: str) -> None:
    """Print what happens to a guest from its definition to its removal."""
    with anyio.fail_after(60):
        async with aiovirt.open(f"qemu:///embed?root={root}") as host, host.events() as events:
            vm = await host.domains.define(config())
            await vm.start(paused=True)
            await vm.resume()
            await vm.suspend()
            await vm.destroy()
            await vm.undefine()
            async for event in events:
                if isinstance(event, LifecycleEvent):
                    print(event.domain.name, event.kind.name.lower(), event.detail.label)
                    if event.kind is LifecycleKind.UNDEFINED:
                        break


if __name__ == "__main__":
    guest()
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(main, folder)
