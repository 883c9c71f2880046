"""Programs beside a QEMU: started, reached, and ended; the real ones where they are installed."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest
from guests import poll

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.process.beside import chip_states, start_beside
from aiovirt.drivers.qemu.process.helpers import Helper, Surroundings, last_words, start_helpers
from aiovirt.drivers.qemu.process.notes import notes
from aiovirt.drivers.qemu.process.passt import passt_helpers, passt_socket
from aiovirt.drivers.qemu.process.swtpm import forget_chips
from aiovirt.drivers.qemu.process.undo import clear_away
from aiovirt.drivers.qemu.process.virtiofsd import find_virtiofsd, virtiofsd_helpers
from aiovirt.errors import ConfigError, ExecutableNotFound, HostError
from aiovirt.processes import Command

pytestmark = pytest.mark.anyio

GET_CAPABILITY = struct.pack(">I", 1)  # swtpm_ioctls(3): PTM_GET_CAPABILITY, of the control channel


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: each test has a process of its own."""
    return "asyncio"


def config(devices: str) -> DomainConfig:
    return DomainConfig.parse(
        "<domain type='qemu'><name>web1</name><uuid>3f0f1d3c-7b4f-4b52-9a3c-0f60b7f0c001</uuid>"
        f"<memory>65536</memory><os><type>hvm</type></os><devices>{devices}</devices></domain>"
    )


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    """Return where helpers run; they are ended at the end."""
    for name in ("run", "log", "own"):
        (tmp_path / name).mkdir()
    yield Surroundings(
        folder=tmp_path / "run", logs=tmp_path / "log", name="web1", group=None, owner=None
    )
    await clear_away(tmp_path / "run")


def pids(around: Surroundings) -> list[int]:
    return [int(each.more["pid"]) for each in notes(around.folder)]


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def shell(script: str, socket: Path, ready: Callable[[], bool] | None = None) -> Helper:
    command = Command.of("/bin/sh", "-c", script)
    return Helper(
        name="shell", command=lambda _: command, socket=socket, listens=ready is None, ready=ready
    )


async def test_a_helper_runs_until_all_is_cleared_away(
    around: Surroundings, tmp_path: Path
) -> None:
    await start_helpers([shell("exec sleep 60", tmp_path / "s")], around)
    (pid,) = pids(around)
    assert not gone(pid)
    assert await last_words(around.folder) is None
    await clear_away(around.folder)
    assert gone(pid)


async def test_one_that_ends_before_it_is_ready_is_told_with_its_words(
    around: Surroundings, tmp_path: Path
) -> None:
    with pytest.raises(HostError, match=r"shell has ended: .*no such luck"):
        await start_helpers([shell("echo no such luck", tmp_path / "s", lambda: False)], around)


async def test_one_that_ends_later_is_found_by_its_last_words(
    around: Surroundings, tmp_path: Path
) -> None:
    await start_helpers([shell("echo once; echo over", tmp_path / "s")], around)
    (pid,) = pids(around)
    await poll(lambda: gone(pid))
    assert await last_words(around.folder) == "shell has ended: over"


async def test_a_program_that_is_not_there_is_named(around: Surroundings, tmp_path: Path) -> None:
    lacking = Helper(name="x", command=lambda _: Command.of("no-such"), socket=tmp_path / "s")
    with pytest.raises(ExecutableNotFound, match="no-such"):
        await start_helpers([lacking], around)


# --- the real ones --------------------------------------------------------------------------------


async def asked(path: Path, question: bytes, size: int) -> bytes:
    with anyio.fail_after(20):
        async with await anyio.connect_unix(path) as stream:
            await stream.send(question)
            return await stream.receive(size)


TPM = "<tpm model='tpm-tis'><backend type='emulator' version='2.0'/><alias name='tpm0'/></tpm>"


@pytest.mark.skipif(shutil.which("swtpm") is None, reason="swtpm is not installed")
async def test_a_chip_keeps_its_state_until_it_is_forgotten(
    around: Surroundings, tmp_path: Path
) -> None:
    chip = config(TPM)
    await start_beside(chip, around, tmp_path / "own", tmp_path)
    assert len(await asked(tmp_path / "own/tpm0.sock", GET_CAPABILITY, 8)) == 8
    assert chip.uuid is not None
    states = chip_states(tmp_path, chip.uuid)
    made = (states / "tpm2").stat().st_ino
    await clear_away(around.folder)
    around.folder.mkdir()
    await start_beside(chip, around, tmp_path / "own", tmp_path)
    assert (states / "tpm2").stat().st_ino == made
    forget_chips(chip, states)
    assert not states.exists()


async def test_a_chip_without_its_key_is_refused(around: Surroundings, tmp_path: Path) -> None:
    secret = "<encryption secret='3f0f1d3c-7b4f-4b52-9a3c-0f60b7f0c002'/>"
    chip = config(TPM.replace("'2.0'/>", f"'2.0'>{secret}</backend>"))
    with pytest.raises(ConfigError, match="no value"):
        await start_beside(chip, around, tmp_path / "own", tmp_path)


FOLDER = """<filesystem type='mount'><driver type='virtiofs'/>
<binary xattr='on'><cache mode='always'/><lock posix='on' flock='off'/><thread_pool size='3'/>
</binary><source dir='{}'/><target dir='tag'/><alias name='fs0'/></filesystem>"""


def test_virtiofsd_is_told_what_the_configuration_says(tmp_path: Path) -> None:
    (helper,) = virtiofsd_helpers(config(FOLDER.format(tmp_path)), tmp_path)
    assert helper.socket == tmp_path / "fs0-fs.sock"
    assert helper.command(7).args == (
        "--fd=7",
        "-o",
        f"source={tmp_path},cache=always,xattr,no_flock,posix_lock",
        "--thread-pool-size=3",
    )


def test_a_folder_that_somebody_else_serves_needs_no_virtiofsd(tmp_path: Path) -> None:
    text = FOLDER.format(tmp_path).replace("dir='", "socket='", 1)
    assert list(virtiofsd_helpers(config(text), tmp_path)) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fs0"):
        list(virtiofsd_helpers(config(FOLDER.format(tmp_path / "none")), tmp_path))


def test_virtiofsd_is_what_describes_itself_as_one(tmp_path: Path) -> None:
    (tmp_path / "10-gpu.json").write_text('{"type": "gpu", "binary": "/bin/true"}')
    (tmp_path / "20-broken.json").write_text("{")
    (tmp_path / "50-fs.json").write_text('{"type": "fs", "binary": "/bin/sh"}')
    assert find_virtiofsd((tmp_path,)) == Path("/bin/sh")


@pytest.mark.skipif(os.geteuid() != 0, reason="virtiofsd serves the files of all users")
async def test_a_folder_is_served(around: Surroundings, tmp_path: Path) -> None:
    try:
        find_virtiofsd()
    except ExecutableNotFound:
        pytest.skip("virtiofsd is not installed")
    await start_beside(config(FOLDER.format(tmp_path)), around, tmp_path / "own", tmp_path)
    # vhost-user's GET_FEATURES, version 1: a header of three words; the answer has eight bytes more
    answer = await asked(tmp_path / "own/fs0-fs.sock", struct.pack("=III", 1, 1, 0), 20)
    assert struct.unpack_from("=III", answer) == (1, 5, 8)


CARD = """<interface type='user'><mac address='52:54:00:01:02:03'/>
<ip address='172.17.2.0' family='ipv4' prefix='24'/>
<portForward proto='tcp' address='127.0.0.1'><range start='2022' to='22'/>
<range start='8000' end='8005' to='80'/><range start='8003' exclude='yes'/></portForward>
<portForward proto='udp'/><backend type='passt'/><mtu size='9000'/><alias name='net0'/>
</interface>"""


def test_passt_is_told_what_the_configuration_says(tmp_path: Path) -> None:
    (helper,) = passt_helpers(config(CARD), tmp_path)
    words = " ".join(map(str, helper.command(-1).args))
    assert "--mac-addr 52:54:00:01:02:03 --mtu 9000" in words
    assert "--address 172.17.2.0 --netmask 24" in words
    assert "--tcp-ports 127.0.0.1/2022:22,8000-8005:80-85,~8003 --udp-ports all" in words


@pytest.mark.skipif(shutil.which("passt") is None, reason="passt is not installed")
async def test_a_user_network_is_there_at_once(around: Surroundings, tmp_path: Path) -> None:
    text = CARD.replace("<portForward proto='udp'/>", "")
    text = text[: text.index("<ip ")] + text[text.index("<backend") :]
    await start_beside(config(text), around, tmp_path / "own", tmp_path)
    async with await anyio.connect_unix(passt_socket(tmp_path / "own", "net0")):
        pass


@pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="dbus-daemon is not installed")
async def test_a_display_has_a_bus_of_its_own(around: Surroundings, tmp_path: Path) -> None:
    await start_beside(config("<graphics type='dbus'/>"), around, tmp_path / "own", tmp_path)
    who = str(os.geteuid()).encode().hex()
    answer = await asked(tmp_path / "own/dbus.sock", b"\0AUTH EXTERNAL %s\r\n" % who.encode(), 64)
    assert answer.startswith(b"OK ")


async def test_a_display_between_peers_needs_no_bus(around: Surroundings, tmp_path: Path) -> None:
    text = "<graphics type='dbus' p2p='yes'/>"
    await start_beside(config(text), around, tmp_path / "own", tmp_path)
    assert notes(around.folder) == []


RESERVED = """<disk type='block' device='lun'><driver name='qemu' type='raw'/>
<source dev='/dev/null'><reservations managed='yes'/></source><target dev='sda' bus='scsi'/>
</disk>"""


@pytest.mark.skipif(
    shutil.which("qemu-pr-helper") is None or os.geteuid() != 0,
    reason="qemu-pr-helper is not installed, or needs root",
)
async def test_reservations_have_a_helper(around: Surroundings, tmp_path: Path) -> None:
    await start_beside(config(RESERVED), around, tmp_path / "own", tmp_path)
    # scsi/pr-helper.h of QEMU: both sides tell their features, 32 bits, first
    assert len(await asked(tmp_path / "own/pr-helper0.sock", bytes(4), 4)) == 4
