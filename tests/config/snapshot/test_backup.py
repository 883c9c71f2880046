"""Backup jobs, pushed and pulled."""

from __future__ import annotations

import pytest

from aiovirt.config import BackupConfig
from aiovirt.config.snapshot import BackupServer
from aiovirt.config.storage import EncryptionSecret, StorageEncryption

PULL = "<domainbackup mode='pull'><server name='h'/><disks><disk name='vda' {}</disk></disks>\
</domainbackup>"
PUSH = "<domainbackup><disks><disk name='vda' {}</disk></disks></domainbackup>"


def test_a_pushed_backup_names_an_image_for_each_disk() -> None:
    backup = BackupConfig.push({"vda": "/a.qcow2", "vdb": "/b.qcow2"}, incremental="monday")
    assert (backup.mode, backup.incremental) == ("push", "monday")
    assert [disk.target.file for disk in backup.disks] == ["/a.qcow2", "/b.qcow2"]


def test_a_pulled_backup_has_a_server() -> None:
    backup = BackupConfig.pull(BackupServer.tcp("::1", 10809, tls=True), {"vda": "/a"})
    assert (backup.server.port, backup.server.tls) == (10809, True)
    assert backup.disks[0].scratch.file == "/a"


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("<domainbackup mode='pull'/>", "server is missing, which mode 'pull' needs"),
        ("<domainbackup><server name='h'/></domainbackup>", "server means nothing"),
        (PULL.format("><target file='/a'/>"), "target means nothing where mode is 'pull'"),
        (PULL.format("type='file'><driver type='raw'/><scratch file='/a'/>"), "cannot be 'raw'"),
        (PULL.format("type='block'>"), "scratch is missing"),
        (PULL.format("backup='yes'>"), "type is missing"),
        (PUSH.format("type='file'><scratch file='/a'/>"), "scratch means nothing"),
        (PUSH.format(">"), "type is missing"),
        (PUSH.format("type='file' backupmode='full' incremental='a'>"), "incremental means"),
        (PUSH.format("type='file'><target dev='/a'/>"), "dev means nothing"),
    ],
)
def test_what_does_not_fit_the_mode_is_told(xml: str, message: str) -> None:
    found = BackupConfig.parse(xml).problems()
    assert any(message in str(each) for each in found), found


def test_only_luks_with_a_passphrase_can_be_written() -> None:
    backup = BackupConfig.push({"vda": "/a.qcow2"})
    backup.disks[0].target.encryption = StorageEncryption(format="qcow", engine="librbd")
    assert len(backup.problems()) == 3
    backup.disks[0].target.encryption = StorageEncryption(
        format="luks", secret=EncryptionSecret(usage="a")
    )
    assert backup.problems() == []
