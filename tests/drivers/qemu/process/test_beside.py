"""A real QEMU with all that runs beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from guests import bare_config, qemus_of

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.process.groups import noted_group
from aiovirt.drivers.qemu.process.notes import Kind, notes
from aiovirt.drivers.qemu.process.virtiofsd import find_virtiofsd
from aiovirt.errors import ExecutableNotFound
from aiovirt.objects import Connection

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.real,
    pytest.mark.parametrize("anyio_backend", ["asyncio"]),
]

BESIDE = """
<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
<filesystem type='mount'><driver type='virtiofs'/><source dir='{}'/><target dir='tag'/></filesystem>
<interface type='user'><backend type='passt'/><model type='virtio'/></interface>
"""
SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking><os>"


def config(folder: Path) -> DomainConfig:
    text = bare_config().to_xml().replace("<os>", SHARED)
    return DomainConfig.parse(text.replace("</devices>", f"{BESIDE.format(folder)}</devices>"))


async def test_helpers_run_with_a_guest_and_end_with_it(
    host: Connection, root: Path, tmp_path: Path
) -> None:
    try:
        find_virtiofsd()
    except ExecutableNotFound:
        pytest.skip("virtiofsd is not installed")
    if not shutil.which("swtpm") or not shutil.which("passt"):
        pytest.skip("swtpm or passt is not installed")
    vm = await host.domains.define(config(tmp_path))
    await vm.start(paused=True)
    folder = root / "run" / str(vm.uuid)
    group = noted_group(folder)
    noted = {n.what: int(n.more["pid"]) for n in notes(folder) if n.kind is Kind.PROGRAM}
    assert noted.keys() == {"swtpm-tpm0", "virtiofsd-fs0", "passt-net0"}
    if group is not None:
        assert group.processes() >= {*noted.values(), *qemus_of(root)}
    await vm.destroy()
    for pid in noted.values():
        stat = Path(f"/proc/{pid}/stat")
        assert not stat.exists() or ") Z " in stat.read_text()
    assert (root / "swtpm" / str(vm.uuid)).is_dir()
    await vm.undefine()
    assert not (root / "swtpm" / str(vm.uuid)).exists()
