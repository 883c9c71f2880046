"""Backups that others read encrypted: who shows no certificate is let nothing see."""

from __future__ import annotations

import subprocess
from pathlib import Path

import anyio
import pytest
from certificates import Authority
from writers import open_writer

from aiovirt.config import BackupConfig
from aiovirt.config.snapshot import BackupServer

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
def anyio_backend() -> str:
    """One loop: what is looked at is QEMU's and the file system's."""
    return "asyncio"


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    """Make a folder with the certificates of a server and of a client."""
    authority, folder = Authority(tmp_path / "ca"), tmp_path / "pki"
    folder.mkdir()
    (folder / "ca-cert.pem").write_bytes(authority.certificate.read_bytes())
    for end in ("server", "client"):
        made = authority.sign(f"{end}.test", hosts=["127.0.0.1"])
        (folder / f"{end}-cert.pem").write_bytes(made.certificate.read_bytes())
        (folder / f"{end}-key.pem").write_bytes(made.key.read_bytes())
    return folder


async def test_only_who_shows_a_certificate_reads_a_backup(
    tmp_path: Path, qemu_img: Path, pki: Path, free_tcp_port: int
) -> None:
    images = tmp_path / "images"
    images.mkdir()

    async def read(*words: str) -> int:
        argv = [str(qemu_img), "info", *words]
        done = await anyio.to_thread.run_sync(
            lambda: subprocess.run(argv, check=False, capture_output=True)
        )
        return done.returncode

    async with open_writer(images, f"&backup_tls={pki}") as writer:
        await writer.start()
        server = BackupServer.tcp("127.0.0.1", free_tcp_port, tls=True)
        await writer.vm.begin_backup(BackupConfig.pull(server, {"vda": images / "scratch"}))
        place = f"driver=nbd,host=127.0.0.1,port={free_tcp_port},export=vda"
        known = f"tls-creds-x509,id=t,endpoint=client,dir={pki}"
        words = ("--object", known, "--image-opts", f"{place},tls-creds=t")
        assert await read(*words) == 0
        assert await read("--image-opts", place) == 1
