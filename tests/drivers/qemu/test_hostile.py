"""What runs in QEMU's place is not believed: it harms itself and no other domain."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import anyio
import msgspec
import pytest
from guests import bare_config

from aiovirt._open import open as open_host
from aiovirt.drivers.qemu.store.status import FORMAT, MONITOR_SOCKET, PIDFILE, Status

pytestmark = [pytest.mark.anyio, pytest.mark.real]

# A process in QEMU's place: it holds the pidfile, greets, and answers all but the negotiation
# with the words it is given.
IMPOSTOR = """
import fcntl, json, socket, sys
folder, words = sys.argv[1:]
lock = open(f"{folder}/pid", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(f"{folder}/monitor.sock")
    listener.listen(5)
    print("ready", flush=True)
    while True:
        client = listener.accept()[0]
        client.sendall(b'{"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0},'
                       b' "package": ""}, "capabilities": []}}\\n')
        text = ""
        while data := client.recv(4096):
            text = (text + data.decode()).lstrip()
            try:
                call, end = json.JSONDecoder().raw_decode(text)
            except ValueError:
                continue
            text = text[end:]
            answer = '"return": {}' if call["execute"] == "qmp_capabilities" else words
            number = f', "id": {json.dumps(call["id"])}' if "id" in call else ""
            client.sendall(f"{{{answer}{number}}}\\n".encode())
"""

Impostor = Callable[[str], None]


@pytest.fixture
def impostor(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Impostor]:
    """Let an impostor run as the transient domain ``impostor``, with these words."""
    monkeypatch.delenv("AIOVIRT_CHECK_QMP")
    monkeypatch.setattr("aiovirt.drivers.qemu.engine.adopt.ADOPT_BOUND_S", 0.5)  # it never answers
    config = bare_config("impostor")
    config.uuid = uuid4()
    folder = root / "run" / str(config.uuid)
    folder.mkdir(parents=True)
    (root / "lock").touch()
    assert (MONITOR_SOCKET, PIDFILE) == ("monitor.sock", "pid")
    status = Status("running", 7, config.to_xml(), 0.0, format=FORMAT)
    (folder / "status.json").write_bytes(msgspec.json.encode(status))
    processes: list[subprocess.Popen[bytes]] = []

    def run(words: str) -> None:
        command = [sys.executable, "-c", IMPOSTOR, ".", words]
        processes.append(subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE))
        assert processes[-1].stdout is not None
        assert processes[-1].stdout.readline() == b"ready\n"

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "words",
    [
        '"error": {"class": "GenericError", "desc": "no"}',
        '"return": {"status": "sleepy", "running": true, "singlestep": false}',
        '"return": [{"status": 5}]',
        '"return": {"status": "running"}, "event": "STOP"',
        '"return": ' + "[" * 3000 + "]" * 3000,
    ],
)
async def test_wrong_answers_harm_no_other_domain(
    root: Path, impostor: Impostor, words: str
) -> None:
    await anyio.to_thread.run_sync(impostor, words)
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.define(bare_config())
        await vm.start(paused=True)
        rows = {row.key.name: row for row in await host.stats()}
        assert sorted(rows) == ["impostor", "web1"]
        assert rows["web1"].vcpus
        assert rows["impostor"].id == 7
        assert rows["impostor"].vcpus is None
        await vm.destroy()
        await (await host.domains.get("impostor")).destroy()
        assert await host.domains.list() == [vm]
