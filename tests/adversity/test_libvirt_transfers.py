"""Data of volumes over a line that is cut, torn or garbled at every packet: no hang, no leak."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from libvirtlab import Lab
from proxy import Cut, Direction, Garble, Harm, Proxy, Truncate
from storagelab import MIB, running_pool, volume_xml

import aiovirt
from aiovirt.errors import AiovirtError
from aiovirt.objects import StorageVolume

pytestmark = [pytest.mark.anyio, pytest.mark.real]

SIZE = 2 * MIB
HARMS: dict[str, Callable[[], Harm]] = {
    "cut": Cut,
    "torn": lambda: Truncate(30),
    "garbled": Garble.length,
}
PLACES = (2, 6, 9, 12, 40)
"""Which packet after the connection was opened; the last ones are beyond the transfer's end."""


@pytest.fixture
async def volume(lab: Lab) -> AsyncIterator[StorageVolume]:
    """Return a volume of `SIZE` random bytes, by a line that nobody harms."""
    async with (
        aiovirt.open(lab.uri("unix")) as host,
        running_pool(host, lab, "harmed") as pool,
    ):
        volume = await pool.create_volume(volume_xml("disk", SIZE))
        async with volume.upload(size=SIZE) as sink:
            await sink.send(os.urandom(SIZE))
        yield volume


async def harmed(
    lab: Lab,
    volume: StorageVolume,
    harm: tuple[Direction, Harm, int],
    work: Callable[[StorageVolume], Awaitable[int]],
) -> bool:
    """Do something by a proxy that does harm once; whether it went well nevertheless."""
    direction, what, place = harm
    async with (
        Proxy(lab.socket) as proxy,
        aiovirt.open(lab.uri("unix", socket=str(proxy.path))) as host,
    ):
        by_proxy = await host.pools.volume(volume.key.key)
        proxy.plan(direction, what, number=proxy.passed[direction] + place)
        try:
            await work(by_proxy)
        except AiovirtError:
            return False
        return True


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("direction", Direction)
async def test_a_download_is_whole_or_not_there(
    lab: Lab, volume: StorageVolume, tmp_path: Path, direction: Direction, harm: str
) -> None:
    copy = tmp_path / "copy"
    wanted = Path(await volume.path()).read_bytes()
    outcomes = set()
    for place in PLACES:
        plan = (direction, HARMS[harm](), place)
        well = await harmed(lab, volume, plan, lambda by: by.download_file(copy, sparse=False))
        outcomes.add(well)
        assert [path.read_bytes() for path in tmp_path.iterdir()] == [wanted] * well
        copy.unlink(missing_ok=True)
    assert outcomes == {True, False}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("direction", Direction)
async def test_an_upload_that_went_well_is_stored(
    lab: Lab, volume: StorageVolume, tmp_path: Path, direction: Direction, harm: str
) -> None:
    file, stored = tmp_path / "file", Path(await volume.path())
    outcomes = set()
    for place in PLACES:
        file.write_bytes(os.urandom(SIZE))
        plan = (direction, HARMS[harm](), place)
        well = await harmed(lab, volume, plan, lambda by: by.upload_file(file, sparse=False))
        outcomes.add(well)
        assert stored.read_bytes() == file.read_bytes() or not well
    assert outcomes == {True, False}
