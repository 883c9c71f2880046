"""What the URI says of guests' processes, and what it makes of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from guests import bare_config, qemus_of

from aiovirt._open import open as open_host
from aiovirt.config import Disk
from aiovirt.drivers.qemu.process.settings import ProcessSettings
from aiovirt.errors import ConfigError


def test_without_parameters_nothing_is_changed() -> None:
    assert ProcessSettings.from_parameters({"root": "/x"}) == ProcessSettings()


def test_parameters_are_read_by_their_names() -> None:
    given = {"relabel": "yes", "max_core": "unlimited", "oom_score": "-500", "max_files": "4096"}
    found = ProcessSettings.from_parameters(given)
    assert found == ProcessSettings(relabel=True, max_core=-1, oom_score=-500, max_files=4096)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("relabel", "maybe"),
        ("max_core", "lots"),
        ("max_core", "-2"),
        ("oom_score", "1001"),
        ("max_files", "0"),
    ],
)
def test_what_is_wrong_is_named(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name) as caught:
        ProcessSettings.from_parameters({name: text})
    assert caught.value.field == name


@pytest.mark.real
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts processes as others")
async def test_a_guest_runs_as_its_settings_say(root: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(1 << 20))
    image.chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    config = bare_config()
    config.disks.append(Disk.file(str(image), target="vda", bus="virtio", format="raw"))
    words = "user=nobody&relabel=yes&max_core=0&oom_score=300&max_files=2048"
    async with open_host(f"qemu:///embed?root={root}&{words}") as host:
        vm = await host.domains.define(config)
        await vm.start(paused=True)
        (pid,) = qemus_of(root)
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0", limits)
        assert re.search(r"Max open files\s+2048\s+2048", limits)
        assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "300"
        assert image.stat().st_uid == Path(f"/proc/{pid}").stat().st_uid != 0
        await vm.destroy()
        assert image.stat().st_uid == 0
        log = (root / "log/web1.log").read_text()
    assert re.search(r"started id \d+, pid \d+: prepared in \d+ ms, executed in \d+ ms", log)
    assert "PATH=" in log


@pytest.mark.real
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
async def test_a_guest_has_a_dev_of_its_own(root: Path) -> None:
    before = Path("/proc/self/mounts").read_text()
    async with open_host(f"qemu:///embed?root={root}&namespaces=yes") as host:
        vm = await host.domains.define(bare_config())
        await vm.start(paused=True)
        (pid,) = qemus_of(root)
        names = {path.name for path in Path(f"/proc/{pid}/root/dev").iterdir()}
        assert {"null", "urandom", "ptmx", "pts", "fd"} <= names
        assert not names & {"vda", "sda", "loop0", "tty0"}
        await vm.destroy()
    assert Path("/proc/self/mounts").read_text() == before
