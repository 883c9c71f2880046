"""A user's own daemon: our client starts it, it serves, and it is that user's alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import counterparts
import pytest

pytestmark = pytest.mark.real

CLIENT = """
import anyio, aiovirt

async def names(found):
    async with aiovirt.open("test+unix:///default") as host:
        found.append([domain.name for domain in await host.domains.list()])

async def main():
    found = []
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(names, found)
    print(found)

anyio.run(main)
"""


def test_clients_that_come_at_once_start_one_daemon(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "AIOVIRTD_PATH": str(Path(sys.executable).with_name("aiovirtd")),
    }
    # Nobody in particular, who may read what root may: Python need not be for everybody.
    stranger = [str(counterparts.program("unshare")), "--user", "--map-user=1000"]
    shown = subprocess.run(
        [*stranger, sys.executable, "-c", CLIENT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    folder, log = tmp_path / "aiovirt", tmp_path / "state/aiovirt/daemon/aiovirtd.log"
    assert shown.stdout == "[['test'], ['test']]\n", shown.stderr
    with os.fdopen(os.pidfd_open(int((folder / "aiovirt-sock.lock").read_text()))) as daemon:
        signal.pidfd_send_signal(daemon.fileno(), signal.SIGKILL)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert log.read_text().count("serving main clients") == 1
