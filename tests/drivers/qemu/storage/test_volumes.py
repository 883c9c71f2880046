"""Image files in folders."""

from __future__ import annotations

import struct
from pathlib import Path

import anyio
import pytest

from aiovirt.config import StoragePoolConfig, StorageVolumeConfig
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.drivers.qemu.storage.pools import Pools
from aiovirt.drivers.qemu.storage.transfer import open_sink, open_source
from aiovirt.drivers.qemu.storage.volumes import (
    copy_volume,
    look,
    make_volume,
    remove_volume,
    scan,
    wipe_volume,
)
from aiovirt.errors import (
    AlreadyExists,
    CallerError,
    InvalidState,
    ResourceUnavailable,
    Unsupported,
)
from aiovirt.model.storage import Hole, VolumeType

pytestmark = pytest.mark.anyio


def qcow2(capacity: int, backing: bytes = b"") -> bytes:
    head = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, 104 if backing else 0, len(backing), 16, capacity)
    return head.ljust(104, b"\0") + backing


def volume(name: str = "v", more: str = "") -> StorageVolumeConfig:
    return StorageVolumeConfig.parse(
        f"<volume><name>{name}</name><capacity>65536</capacity>{more}<target/></volume>"
    )


def test_a_folder_tells_its_volumes(tmp_path: Path) -> None:
    (tmp_path / "a.qcow2").write_bytes(qcow2(1 << 30, b"/base.img"))
    (tmp_path / "b.raw").write_bytes(bytes(4096))
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    found = scan(tmp_path)
    assert sorted(found) == ["a.qcow2", "b.raw", "folder"]
    image = found["a.qcow2"]
    assert (image.format, image.capacity, image.backing) == ("qcow2", 1 << 30, "/base.img")
    assert (found["b.raw"].format, found["b.raw"].capacity) == ("raw", 4096)
    assert found["folder"].type is VolumeType.DIR


async def test_a_raw_volume_takes_its_room_at_once(tmp_path: Path) -> None:
    await make_volume(tmp_path / "v", volume(), metadata=False)
    made = look(tmp_path / "v")
    assert (made.capacity, made.allocation) == (65536, 65536)
    await make_volume(tmp_path / "w", volume("w", "<allocation>0</allocation>"), metadata=False)
    assert look(tmp_path / "w").allocation == 0


async def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"mine")
    with pytest.raises(AlreadyExists):
        await make_volume(tmp_path / "v", volume(), metadata=False)
    assert (tmp_path / "v").read_bytes() == b"mine"


async def test_wiping_leaves_zeros(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"secret" * 1000)
    wipe_volume(look(tmp_path / "v"))
    assert (tmp_path / "v").read_bytes() == bytes(6000)
    remove_volume(look(tmp_path / "v"))
    assert scan(tmp_path) == {}


async def test_data_goes_in_and_comes_out_with_its_holes(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"x" * 10)
    async with open_sink(path, 4, 0) as sink:
        await sink.send(b"abc")
        await sink.send(Hole(1 << 20))
    assert path.read_bytes()[:10] == b"xxxxabc\0\0\0"
    async with open_source(path, 4, 3, sparse=False) as source:
        assert await source.receive() == b"abc"
        with pytest.raises(anyio.EndOfStream):
            await source.receive()


async def test_more_than_was_said_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(bytes(10))
    async with open_sink(tmp_path / "v", 0, 4) as sink:
        with pytest.raises(ResourceUnavailable, match="more"):
            await sink.send(b"12345")
    with pytest.raises(CallerError, match="10 bytes"):
        async with open_source(tmp_path / "v", 11, 0, sparse=False):
            pass


# --- pools ----------------------------------------------------------------------------------------


def pool(folder: Path, name: str = "p1") -> StoragePoolConfig:
    return StoragePoolConfig.parse(
        f"<pool type='dir'><name>{name}</name><target><path>{folder}</path></target></pool>"
    )


async def test_an_active_pool_is_active_in_the_next_process(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.raw").write_bytes(b"1")
    pools = Pools(tmp_path / "pools")
    made = await pools.define(pool(tmp_path / "images"))
    with pytest.raises(InvalidState, match="not active"):
        made.find("a.raw")
    await pools.start(made, made.current())
    again = Pools(tmp_path / "pools")
    await again.load()
    assert again.shelf.by_name("p1").find("a.raw").capacity == 1
    await again.stop(again.shelf.by_name("p1"))
    assert not again.shelf.by_name("p1").active


async def test_an_active_pool_tells_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir(mode=0o750)
    pools = Pools(tmp_path / "pools")
    made = await pools.define(pool(tmp_path / "images"))
    assert not made.shown().target.permissions
    await pools.start(made, made.current())
    shown = made.shown()
    assert shown.target.permissions.mode == 0o750
    assert shown.source
    shown.check()


async def test_after_a_boot_only_those_start_that_should(tmp_path: Path) -> None:
    pools = Pools(tmp_path / "pools")
    for name in ("on", "off"):
        (tmp_path / name).mkdir()
        made = await pools.define(pool(tmp_path / name, name))
        await pools.start(made, made.current())
    await pools.set_autostart(pools.shelf.by_name("on"), autostart=True)
    (tmp_path / "pools/active/boot").write_text("another")
    again = Pools(tmp_path / "pools")
    await again.load()
    assert {each.name: each.active for each in again.shelf} == {"off": False, "on": True}


async def test_a_file_that_repeats_a_pool_is_left_aside(tmp_path: Path) -> None:
    pools = Pools(tmp_path / "pools")
    made = await pools.define(pool(tmp_path))
    text = made.current().to_xml().replace("<name>p1<", "<name>p2<")
    (tmp_path / "pools/p2.xml").write_text(text)
    again = Pools(tmp_path / "pools")
    await again.load()
    assert [each.name for each in again.shelf] == ["p1"]


async def test_two_pools_do_not_share_a_folder(tmp_path: Path) -> None:
    pools = Pools(tmp_path / "pools")
    await pools.define(pool(tmp_path))
    with pytest.raises(AlreadyExists, match="folder"):
        await pools.define(pool(tmp_path, "p2"))


async def test_other_types_are_refused_by_name(tmp_path: Path) -> None:
    logical = StoragePoolConfig.logical("vg")
    with pytest.raises(Unsupported, match="logical"):
        await Pools(tmp_path / "pools").define(logical)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # making a key takes seconds
async def test_a_volume_is_encrypted_or_not_made(tmp_path: Path) -> None:
    config = volume()
    config.target.encryption = StorageEncryption.parse(
        "<encryption format='luks'><secret type='passphrase' usage='/v'/></encryption>"
    )
    await make_volume(tmp_path / "v", config, metadata=False, passphrase=b"passphrase")
    assert (tmp_path / "v").read_bytes().startswith(b"LUKS")
    with pytest.raises(Unsupported, match="encrypted"):
        await copy_volume(tmp_path / "w", config, look(tmp_path / "v"))
