"""Files that a start makes or finds for a guest: variables, volumes, changes that are not kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from guests import bare_config

from aiovirt.config import Disk, DomainConfig, StoragePoolConfig
from aiovirt.errors import InvalidState, XMLError
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

FLASH = 256 * 1024


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is claimed here is a matter of files."""
    return "asyncio"


def _equipped(folder: Path) -> DomainConfig:
    """A guest with firmware from a template, a transient disk, and one in a pool."""
    for name in ("code.fd", "vars.fd"):
        (folder / name).write_bytes(bytes(FLASH - 1) + b"v")
    (folder / "pool").mkdir()
    for name in ("a.raw", "pool/b.raw"):
        (folder / name).write_bytes(bytes(1 << 20))
    config = bare_config()
    config.os.machine = "q35"
    loader = config.os.loader
    loader.path, loader.type, loader.readonly = str(folder / "code.fd"), "pflash", True
    config.os.nvram.template = str(folder / "vars.fd")
    kept = Disk.parse(
        "<disk type='volume'><source pool='p' volume='b.raw'/><target dev='vdb'/></disk>"
    )
    thrown = Disk.file(folder / "a.raw", format="raw")
    thrown.transient = True
    config.disks = [thrown, kept]
    return config


async def _pool(host: Connection, folder: Path) -> None:
    text = f"<pool type='dir'><name>p</name><target><path>{folder}/pool</path></target></pool>"
    pool = await host.pools.define(StoragePoolConfig.parse(text))
    await pool.start()


async def test_a_start_makes_what_the_definition_does_not_name(
    host: Connection, tmp_path: Path, root: Path
) -> None:
    vm = await host.domains.define(_equipped(tmp_path))
    with pytest.raises(XMLError, match="no storage pool"):
        await vm.start()
    await _pool(host, tmp_path)
    await vm.start(paused=True)
    live = await vm.config()
    over, volume = (disk.path for disk in live.disks)
    assert volume == str(tmp_path / "pool/b.raw")
    assert over == f"{tmp_path}/a.raw.TRANSIENT-web1"
    assert Path(over or "").exists()
    variables = root / "nvram/web1_VARS.fd"
    assert variables.read_bytes() == (tmp_path / "vars.fd").read_bytes()
    with pytest.raises(InvalidState, match="thrown away when it ends"):
        await vm.save(str(tmp_path / "saved"))
    await vm.destroy()
    assert not Path(over or "").exists()
    assert [disk.type for disk in (await vm.config()).disks] == ["file", "volume"]
    with pytest.raises(InvalidState, match="variables of its firmware"):
        await vm.undefine()
    await vm.undefine(nvram=True)
    assert not variables.exists()
    there = sorted(path.name for path in tmp_path.iterdir())
    assert there == ["a.raw", "code.fd", "pool", "root", "vars.fd"]
