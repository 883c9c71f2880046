"""Network filters of a real libvirtd, and their bindings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from libvirtlab import Lab, run_virsh
from networklab import FILTER
from storagelab import canonical

from aiovirt.errors import AiovirtError, NotFound
from aiovirt.interfaces import LegacyHost
from aiovirt.objects import Connection, NetworkFilter

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
async def quiet(host: Connection) -> AsyncIterator[NetworkFilter]:
    """Return a filter, which is gone at the end."""
    quiet = await host.filters.define(FILTER)
    yield quiet
    await quiet.undefine()


async def test_filters_are_virshs(host: Connection, quiet: NetworkFilter, lab: Lab) -> None:
    lines = [line.split() for line in run_virsh(lab, "nwfilter-list").splitlines()]
    found = await host.filters.list()
    assert [[str(one.uuid), one.name] for one in found] == [line for line in lines if line]
    assert quiet in found
    said = run_virsh(lab, "nwfilter-dumpxml", "lab-quiet")
    assert canonical(await quiet.xml()) == canonical(said)


async def test_a_filter_is_found_by_name_and_uuid(host: Connection, quiet: NetworkFilter) -> None:
    assert await host.filters.get("lab-quiet") == quiet
    assert {await host.filters.get(quiet.uuid)} == {quiet}
    for name in ("none", uuid4()):
        with pytest.raises(NotFound, match="filter"):
            await host.filters.get(name)


async def test_a_filter_is_checked(host: Connection, quiet: NetworkFilter) -> None:
    assert await host.filters.define(FILTER, validate=True) == quiet
    with pytest.raises(AiovirtError, match="toot"):
        await host.filters.define(FILTER.replace("root", "toot"))


async def test_a_filter_is_bound_to_a_device(
    host: Connection, quiet: NetworkFilter, lab: Lab
) -> None:
    xml = (
        f"<filterbinding><owner><name>g</name><uuid>{uuid4()}</uuid></owner>"
        "<portdev name='lab1'/><mac address='52:54:00:1b:e1:6f'/>"
        f"<filterref filter='{quiet.name}'/></filterbinding>"
    )
    binding = await host.filters.bind(xml)
    assert (binding.port_device, binding.filter_name) == ("lab1", quiet.name)
    assert await host.filters.bindings() == [binding]
    assert {await host.filters.binding("lab1")} == {binding}
    said = run_virsh(lab, "nwfilter-binding-dumpxml", "lab1")
    assert canonical(await binding.xml()) == canonical(said)
    with pytest.raises(AiovirtError, match="lab1"):
        await host.filters.bind(xml, validate=True)
    with pytest.raises(AiovirtError, match="in use"):
        await quiet.undefine()
    await binding.delete()
    with pytest.raises(NotFound):
        await host.filters.binding("lab1")


async def test_older_forms_give_the_same(host: Connection, quiet: NetworkFilter) -> None:
    legacy = host.driver.ability(LegacyHost)
    found = await host.filters.list()
    assert await legacy.count_filters() == len(found)
    assert sorted(await legacy.filter_names(100)) == [one.name for one in found]
    assert await legacy.define_filter(await quiet.config()) == quiet.key
