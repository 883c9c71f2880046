"""Disks that are encrypted, on a real QEMU."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from writers import Writer, open_writer

from aiovirt.config import BackupConfig, Disk, SecretConfig, SnapshotConfig
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.drivers.qemu.engine import images

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's and the file system's."""
    return "asyncio"


ENCRYPTION = "<encryption format='luks'><secret type='passphrase' usage='/v'/></encryption>"
EMPTY = "<disk type='file' device='cdrom'><target dev='sda' bus='scsi'/></disk>"
DRIVE = f"<controller type='scsi' model='virtio-scsi'/>{EMPTY}"
SECRET = (
    "<secret ephemeral='yes' private='yes'><usage type='volume'><volume>/v</volume></usage>"
    "</secret>"
)


async def know_secret(writer: Writer) -> None:
    secret = await writer.host.secrets.define(SecretConfig.parse(SECRET))
    await secret.set_value(b"passphrase")


async def encrypted(qemu_img: Path, source: Path, path: Path, kind: str = "qcow2") -> Path:
    """Write an image with the data of another; it is quick to open."""
    inside = "encrypt." if kind == "qcow2" else ""
    options = [f"{inside}key-secret=s", f"{inside}iter-time=10"]
    if inside:
        options.append("encrypt.format=luks")
    words = ("--object", "secret,id=s,data=passphrase", "-O", kind, "-o", ",".join(options))
    assert qemu_img.exists()
    await images.qemu_img("convert", *words, str(source), str(path))
    return path


def disk_xml(path: Path, target: str, kind: str = "qcow2", how: str = "", bus: str = "") -> str:
    return (
        f"<disk type='file' {how}><driver name='qemu' type='{kind}'/><source file='{path}'>"
        f"{ENCRYPTION}</source><target dev='{target}' bus='{bus or 'virtio'}'/></disk>"
    )


async def keys(writer: Writer) -> list[str]:
    """Return the keys that QEMU has, and the files of them."""
    listed = await writer.vm.monitor_command("qom-list", {"path": "/objects"})
    assert isinstance(listed, list)
    found = {str(each["name"]) for each in listed if "secret" in str(each["name"])}
    run = anyio.Path(writer.folder / "root" / "run")
    assert {path.name async for path in run.rglob("*-secret0")} == found
    return sorted(found)


async def test_an_encrypted_disk_is_opened_with_its_secret_and_stays_so_above_and_anew(
    tmp_path: Path, qemu_img: Path
) -> None:
    async with open_writer(tmp_path) as writer:
        await know_secret(writer)
        path = await encrypted(qemu_img, tmp_path / "a.raw", tmp_path / "disk.luks", "luks")
        config = await writer.vm.config(inactive=True)
        config.disks[0] = Disk.parse(disk_xml(path, "vda", "raw"))
        await writer.host.domains.define(config)
        await writer.start()
        assert "passphrase'" in await writer.vm.xml()
        above = SnapshotConfig(name="above")
        await writer.vm.snapshots.create(above, disk_only=True, no_metadata=True)
        await writer.writes()
        await writer.vm.destroy()
        await writer.start()
        assert await writer.chain() == ["disk.above", "disk.luks"]
        await writer.vm.block_commit("vda")
        await writer.writes()
        assert await writer.chain() == ["disk.luks"]


async def test_a_backup_is_encrypted(tmp_path: Path) -> None:
    async with open_writer(tmp_path) as writer:
        await know_secret(writer)
        await writer.vm.start(paused=True)
        push = BackupConfig.push({"vda": tmp_path / "backup"}, format="raw")
        push.disks[0].target.encryption = StorageEncryption.parse(ENCRYPTION)
        await writer.vm.begin_backup(push)
        await writer.vm.wait_for_backup()
        assert await keys(writer) == []
        assert (tmp_path / "backup").read_bytes().startswith(b"LUKS")


async def test_encrypted_copies_disks_and_media_come_and_go_with_their_keys(
    tmp_path: Path, qemu_img: Path
) -> None:
    async with open_writer(tmp_path) as writer:
        await know_secret(writer)
        vm = writer.vm
        xml = (await vm.xml(inactive=True)).replace("</devices>", f"{DRIVE}</devices>")
        await writer.host.domains.define(xml)
        await writer.start()
        copy, more, medium = (tmp_path / name for name in ("copy", "more", "medium"))
        await encrypted(qemu_img, tmp_path / "a.raw", copy, "luks")
        for path in (more, medium):
            path.write_bytes(copy.read_bytes())
        await vm.block_copy("vda", disk_xml(copy, "vda", "raw"), pivot=True, reuse_external=True)
        await writer.writes()
        disk = disk_xml(more, "sdb", "raw", bus="scsi")
        await vm.attach(disk, live=True)
        await vm.update_device(disk_xml(medium, "sda", "raw", "device='cdrom'", "scsi"), live=True)
        assert len(await keys(writer)) == 3
        await vm.update_device(EMPTY, live=True)
        await vm.detach(disk, live=True)
        assert len(await keys(writer)) == 1
