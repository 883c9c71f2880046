"""Everything that can be set about a process, seen by the process itself."""

from __future__ import annotations

import grp
import os
import pwd
import signal
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from spawning import needs, new_cgroup, report, root_only, status

from aiovirt.errors import ConfigError, SpawnSetupError, Unsupported
from aiovirt.processes import COMMON_ENV, Command, Limits, Namespace, run, start_daemon
from aiovirt.processes._abilities import abilities
from aiovirt.processes._capabilities import CAPABILITIES, mask_of, own_capabilities
from aiovirt.processes._engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("engine")]


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: what happens between fork and exec knows nothing of loops."""
    return "asyncio"


NOBODY = pwd.getpwnam("nobody")


async def test_by_default_all_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIOVIRT_TEST", "here")
    told = await report()
    assert (told["cwd"], told["env"]["AIOVIRT_TEST"]) == (str(Path.cwd()), "here")
    assert told["uids"] == list(os.getresuid())


async def test_arguments_of_every_kind() -> None:
    told = await report("plain", "", b"bytes", Path("/a path"), "with  blanks", "ü")
    assert told["args"] == ["plain", "", "bytes", "/a path", "with  blanks", "ü"]


async def test_an_environment_replaces_ours() -> None:
    assert (await report(env={"ONE": "1", "TWO": b"2"}))["env"].items() >= {
        "ONE": "1",
        "TWO": "2",
    }.items()
    assert "PATH" not in (await report(env={}))["env"]


async def test_variables_are_passed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", "is:set")
    monkeypatch.delenv("XAUTHORITY", raising=False)
    env = (await report(env_pass=("DISPLAY", "XAUTHORITY")))["env"]
    assert env["DISPLAY"] == "is:set"
    assert "XAUTHORITY" not in env


async def test_a_given_variable_stands_above_a_passed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "ours")
    told = await report(env_pass=COMMON_ENV, env={"USER": "test", "LC_ALL": "C"})
    assert (told["env"]["USER"], told["env"]["LC_ALL"]) == ("test", "C")


async def test_a_directory(tmp_path: Path) -> None:
    assert (await report(cwd=tmp_path))["cwd"] == str(tmp_path)


async def test_a_umask() -> None:
    before = os.umask(0o022)
    try:
        assert (await report(umask=0o027))["umask"] == 0o027
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


async def test_every_program_leads_a_group() -> None:
    told = await report()
    assert told["pgid"] == told["pid"]
    assert told["sid"] == os.getsid(0)


async def test_a_session() -> None:
    told = await report(new_session=True)
    assert told["sid"] == told["pid"]


async def test_limits() -> None:
    limits = Limits(memlock=65_536, nproc=5000, nofile=200, core=0, cpu=600)
    told = (await report(limits=limits))["limits"]
    assert told == {name: [value, value] for name, value in limits.items()}


async def test_niceness() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert (await report(nice=min(own + 3, 19)))["nice"] == min(own + 3, 19)


async def test_the_oom_score_is_the_programs_alone() -> None:
    own = Path("/proc/self/oom_score_adj").read_text()
    assert (await report(oom_score_adj=777))["oom"] == 777
    assert Path("/proc/self/oom_score_adj").read_text() == own


async def test_affinity() -> None:
    cpu = max(os.sched_getaffinity(0))
    assert (await report(affinity=frozenset({cpu})))["cpus"] == [cpu]


@pytest.mark.parametrize("ignored", [signal.SIGPIPE, signal.SIGUSR1])
async def test_ignored_signals_are_default_again(ignored: signal.Signals) -> None:
    before = signal.signal(ignored, signal.SIG_IGN)
    try:
        told = await status()
    finally:
        signal.signal(ignored, before)
    assert (int(told["SigIgn"], 16), int(told["SigBlk"], 16)) == (0, 0)


async def test_blocked_signals_are_free_again_and_ours_stay() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        told = await status()
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == {signal.SIGUSR2}
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    assert int(told["SigBlk"], 16) == 0


async def test_a_program_may_ask_to_die_with_us() -> None:
    script = "import ctypes as c; n = c.c_int(); c.CDLL(None).prctl(2, c.byref(n)); print(n.value)"
    command = Command("python3", ("-c", script), death_signal=signal.SIGUSR1)
    assert int((await run(command)).stdout) == signal.SIGUSR1


async def test_an_unknown_user_is_told_before_the_start() -> None:
    with pytest.raises(ConfigError, match="no-such-user"):
        await run(Command("true", user="no-such-user"))


async def test_an_unknown_group_is_told_before_the_start() -> None:
    with pytest.raises(ConfigError, match="no-such-group"):
        await run(Command("true", group="no-such-group"))


async def test_a_user_without_a_name_does_not_keep_our_group() -> None:
    with pytest.raises(ConfigError, match="54321") as caught:
        await run(Command("true", user=54_321))
    assert caught.value.field == "group"


def _ids(told: dict[str, str]) -> tuple[list[int], list[int]]:
    return [int(uid) for uid in told["Uid"].split()], [int(gid) for gid in told["Gid"].split()]


def _groups(told: dict[str, str]) -> list[int]:
    return sorted(int(gid) for gid in told["Groups"].split())


def _capabilities(told: dict[str, str]) -> set[int]:
    return {int(told[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")}


@root_only
async def test_a_user_by_name_brings_its_groups() -> None:
    told = await status(user="nobody")
    assert _ids(told) == ([NOBODY.pw_uid] * 4, [NOBODY.pw_gid] * 4)
    assert _groups(told) == sorted(os.getgrouplist("nobody", NOBODY.pw_gid))


@root_only
async def test_a_user_by_number_with_groups() -> None:
    daemon = grp.getgrnam("daemon").gr_gid
    told = await status(user=54_321, group="daemon", groups=(7, "daemon"))
    assert _ids(told) == ([54_321] * 4, [daemon] * 4)
    assert _groups(told) == sorted({7, daemon})


@root_only
async def test_another_user_leaves_us_dumpable() -> None:
    await status(user="nobody")
    assert Path("/proc/self/status").stat().st_uid == os.getuid()
    assert os.access("/proc/self/mem", os.R_OK)


@root_only
async def test_the_directory_is_entered_as_the_user(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(SpawnSetupError, match="cwd"):
        await run(Command("true", user="nobody", cwd=tmp_path))


@root_only
async def test_all_capabilities_are_dropped() -> None:
    assert _capabilities(await status(drop_capabilities=True)) == {0}


@needs("setuid", "setgid", "net_admin", "ipc_lock")
async def test_kept_capabilities_survive_another_user() -> None:
    kept = frozenset({"net_admin", "ipc_lock"})
    told = await status(user="nobody", drop_capabilities=True, keep_capabilities=kept)
    assert _capabilities(told) == {mask_of(kept)}
    assert _ids(told)[0] == [NOBODY.pw_uid] * 4


@needs("sys_admin")
@pytest.mark.parametrize("wanted", [Namespace.UTS, Namespace.NET | Namespace.MOUNT | Namespace.IPC])
async def test_namespaces(wanted: Namespace) -> None:
    told = (await report(namespaces=wanted))["namespaces"]
    names = {
        Namespace.UTS: "uts",
        Namespace.NET: "net",
        Namespace.MOUNT: "mnt",
        Namespace.IPC: "ipc",
    }
    for flag, name in names.items():
        same = told[name] == str(Path(f"/proc/self/ns/{name}").readlink())
        assert same != (flag in wanted)


@needs("sys_admin")
async def test_a_pid_namespace_is_the_programs_alone() -> None:
    assert (
        await run(Command("/bin/sh", ("-c", "echo $$"), namespaces=Namespace.PID))
    ).stdout == b"1\n"
    assert (await run(Command("/bin/sh", ("-c", "echo $$")))).stdout != b"1\n"


@pytest.mark.parametrize("hierarchy", ["unified", "pids"])
async def test_a_cgroup(hierarchy: str) -> None:
    path = new_cgroup(hierarchy)
    try:
        assert f"/{path.name}\n" in (await report(cgroup=(path,)))["cgroup"]
    finally:
        path.rmdir()


@needs("sys_admin")
async def test_a_daemon_gets_its_pid_namespace(tmp_path: Path) -> None:
    script = Command("/bin/sh", ("-c", "echo $$"), namespaces=Namespace.PID)
    async with await start_daemon(script, stdout=tmp_path / "pid") as daemon:
        await daemon.wait_exit()
    assert await anyio.Path(tmp_path / "pid").read_text() == "1\n"


DROPPED = """
import anyio
from aiovirt.processes import Command, _start, run
from aiovirt.processes._engine import TwinEngine
if {twin}:
    _start.engine = TwinEngine()
async def main():
    command = Command("/bin/cat", ("/proc/self/status",), drop_capabilities=True)
    print((await run(command)).stdout.decode())
anyio.run(main)
"""


@needs("setpcap", "sys_admin")
async def test_capabilities_are_dropped_without_the_right_to_bound_them(engine: Engine) -> None:
    """An exec as root would bring them back."""
    all_but_one = frozenset(CAPABILITIES) - {"setpcap"}
    ours = Command(
        sys.executable,
        ("-c", DROPPED.format(twin=engine.name == "twin")),
        drop_capabilities=True,
        keep_capabilities=frozenset(
            name for name in all_but_one if own_capabilities() & mask_of(frozenset({name}))
        ),
    )
    lines = (await run(ours)).stdout.decode().splitlines()
    told = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert {int(told[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}


async def test_a_missing_cgroup_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpawnSetupError, match=f"cgroup {tmp_path}"):
        await run(Command("true", cgroup=(tmp_path / "none",)))


async def test_a_label_needs_selinux() -> None:
    if Path("/sys/fs/selinux/enforce").exists():
        pytest.skip("this host has SELinux")
    with pytest.raises(Unsupported, match="SELinux"):
        await run(Command("true", selinux_label="system_u:system_r:svirt_t:s0"))


async def test_a_profile_needs_apparmor() -> None:
    if Path("/sys/kernel/security/apparmor").exists():
        pytest.skip("this host has AppArmor")
    with pytest.raises(Unsupported, match="AppArmor"):
        await run(Command("true", apparmor_profile="guests"))


async def test_a_profile_is_asked_for_before_the_program_is_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "exec"
    asked.touch()
    can = replace(abilities(), apparmor=str(asked))
    for user in ("_start", "_plan"):
        monkeypatch.setattr(f"aiovirt.processes.{user}.abilities", lambda: can)
    await run(Command("true", apparmor_profile="guests"))
    assert asked.read_text() == "exec guests"
