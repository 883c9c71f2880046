"""What a guest of a real libvirtd is told to do, and how it is found."""

from __future__ import annotations

import anyio
import pytest
from labsamples import guest_xml

from aiovirt.model.domain import DomainState
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_a_transient_guest_from_its_start_to_its_end(host: Connection) -> None:
    vm = await host.domains.create(guest_xml("life1"))
    try:
        number = (await vm.record()).id
        assert number is not None
        assert await host.domains.get(number) == vm
        assert await host.domains.get("life1") == vm
        assert await host.domains.get(vm.uuid) == vm
        await vm.suspend()
        assert (await vm.state()).state is DomainState.PAUSED
        await vm.resume()
        assert (await vm.state()).state is DomainState.RUNNING
        await vm.reset()
        await vm.reboot()
        await vm.shutdown()
    finally:
        with anyio.CancelScope(shield=True):
            await vm.destroy()
    assert "life1" not in [key.name for key in await host.domains.list()]
