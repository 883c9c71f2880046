"""Verbs about processors, resources, guests, saved memory, monitors and daemons: as virsh's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import counterparts
import pytest
import tunedguest
from clirun import Both, Done, Run, squeezed
from labsamples import container_xml
from libvirtlab import Lab

import aiovirt
from aiovirt.cli import main

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

SAME_IN_TEST = [
    ("vcpuinfo", "test"),
    ("vcpuinfo", "test", "--pretty"),
    ("vcpucount", "test"),
    ("vcpucount", "test", "--maximum", "--config"),
    ("vcpupin", "test"),
    ("vcpupin", "test", "--vcpu", "1"),
    ("emulatorpin", "test"),
    ("schedinfo", "test"),
    ("memtune", "test"),
    ("blkiotune", "test"),
    ("numatune", "test"),
    ("perf", "test"),
    ("domiftune", "test", "testnet0"),
    ("domfsinfo", "test"),
    ("domifaddr", "test"),
    ("domifaddr", "test", "--full"),
    ("domhostname", "test"),
    ("domtime", "test", "--pretty"),
]
SAME = [
    ("vcpuinfo", "tuned1"),
    ("vcpucount", "tuned1"),
    ("vcpucount", "tuned1", "--live"),
    ("vcpupin", "tuned1"),
    ("vcpupin", "tuned1", "--config"),
    ("emulatorpin", "tuned1"),
    ("iothreadinfo", "tuned1"),
    ("schedinfo", "tuned1"),
    ("schedinfo", "tuned1", "--config"),
    ("memtune", "tuned1", "--config"),
    ("blkiotune", "tuned1", "--config"),
    ("numatune", "tuned1"),
    ("domiftune", "tuned1", "tuned0"),
    ("perf", "tuned1"),
    ("domjobinfo", "tuned1"),
]
CHANGES = [
    ("vcpupin", "tuned1", "0", "0", "--live"),
    ("vcpupin", "tuned1", "0", "r", "--live"),
    ("emulatorpin", "tuned1", "0", "--config"),
    ("setvcpus", "tuned1", "2", "--config"),
    ("setvcpu", "tuned1", "1", "--enable", "--config"),
    ("iothreadadd", "tuned1", "5", "--config"),
    ("iothreadpin", "tuned1", "5", "0", "--config"),
    ("iothreadset", "tuned1", "1", "--poll-max-ns", "1024", "--live"),
    ("iothreaddel", "tuned1", "5", "--config"),
    ("setmem", "tuned1", "32M", "--config"),
    ("setmaxmem", "tuned1", "131072", "--config"),
    ("schedinfo", "tuned1", "cpu_shares=512", "--config"),
    ("memtune", "tuned1", "--hard-limit", "1GiB", "--config"),
    ("blkiotune", "tuned1", "--weight", "500", "--config"),
    ("numatune", "tuned1", "--mode", "strict", "--nodeset", "0", "--config"),
    ("domiftune", "tuned1", "tuned0", "--inbound", "1000,2000,512", "--config"),
    ("perf", "tuned1", "--enable", "cpu_clock", "--config"),
    ("domdirtyrate-calc", "tuned1"),
]
WRONG = [
    ("vcpupin", "tuned1", "0", "x"),
    ("setvcpu", "tuned1", "1"),
    ("setmem", "tuned1", "much"),
    ("schedinfo", "tuned1", "nothing"),
    ("iothreadset", "tuned1", "1"),
    ("domiftune", "tuned1", "tuned0", "--inbound", "x"),
    ("numatune", "tuned1", "--mode", "x"),
    ("memtune", "tuned1", "--live", "--current"),
    ("guestvcpus", "tuned1", "1"),
    ("dump", "tuned1", "/x", "--format", "elf"),
    ("save", "tuned1", "/x", "--running", "--paused"),
    ("set-user-sshkeys", "tuned1", "root"),
    ("guest-agent-timeout", "tuned1", "soon"),
    ("qemu-agent-command", "tuned1", "guest-info", "--wait", "1", "--block"),
]


@pytest.fixture
def run(lab_run: Run) -> Run:
    """Run one command on the lab."""
    return lab_run


@pytest.fixture
def tuned(run: Run, tmp_path: Path) -> Iterator[str]:
    """A guest that stands still."""
    path = tmp_path / "tuned1.xml"
    path.write_text(tunedguest.tuned_xml())
    assert run("define", str(path)).status == 0
    assert run("start", "--paused", "tuned1").status == 0
    yield "tuned1"
    run("destroy", "tuned1")
    run("managedsave-remove", "tuned1")
    assert run("undefine", "tuned1").status == 0


def without_times(text: str) -> str:
    """Leave out what changes from call to call."""
    return "\n".join(line for line in text.splitlines() if "CPU time" not in line)


def watching(lab: Lab, *argv: str) -> subprocess.Popen[str]:
    """Run a verb that goes on for a while."""
    return subprocess.Popen(
        [sys.executable, "-m", "aiovirt", "--connect", lab.uri("unix"), *argv, "--timeout", "60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(aiovirt.__file__).parents[1])},
    )


@pytest.mark.parametrize("argv", SAME_IN_TEST, ids=" ".join)
def test_the_test_driver_tells_the_same(both: Both, argv: tuple[str, ...]) -> None:
    ours, theirs = both(*argv, driver="test:///default")
    assert without_times(ours).endswith(without_times(theirs))


@pytest.mark.usefixtures("tuned")
def test_a_guest_tells_the_same(both: Both) -> None:
    for argv in SAME:
        ours, theirs = both(*argv)
        assert without_times(ours).endswith(without_times(theirs)), argv


@pytest.mark.usefixtures("tuned")
def test_changes_are_done_as_virsh_does_them(run: Run) -> None:
    for argv in CHANGES:
        done = run(*argv)
        assert (done.status, done.err) == (0, ""), argv
    config = run("dumpxml", "tuned1", "--inactive").out
    for part in ("<shares>512</shares>", "<weight>500</weight>", 'nodeset="0"'):
        assert part in config.replace("'", '"')


@pytest.mark.usefixtures("tuned")
def test_what_is_wrong_is_told_without_a_change(run: Run) -> None:
    for argv in WRONG:
        done = run(*argv)
        assert done.status == 2, (argv, done)


@pytest.mark.usefixtures("tuned")
def test_dominfo_has_what_virsh_has(run: Run) -> None:
    (told,) = [run("dominfo", "tuned1", "-o", "json").json]
    assert told["managed_save"] is False
    assert any("elevated" in text for text in told["messages"])
    assert "Managed save:" in run("dominfo", "tuned1").out


def test_dominfo_tells_the_label(run: Run) -> None:
    told = run("dominfo", "test", "-o", "json", driver="test:///default").json
    assert told["security_label"] == {"label": "libvirt-test", "enforcing": True}


@pytest.mark.usefixtures("tuned")
def test_memory_is_saved_and_restored(
    run: Run, both: Both, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(lab.folder / "tuned1.save")
    assert run("save", "tuned1", path).out == f"Domain 'tuned1' saved to {path}\n"
    ours, theirs = both("save-image-dumpxml", path)
    assert ours == theirs
    document = tmp_path / "saved.xml"
    document.write_text(ours.replace("<name>", "<title>saved</title><name>", 1))
    done = run("save-image-define", path, str(document), "--paused")
    assert (done.status, done.err) == (0, "")
    monkeypatch.setenv("EDITOR", "sed -i s/saved/edited/")
    assert "edited" in run("save-image-edit", path).out
    assert run("restore", path).out == f"Domain restored from {path}\n"
    assert run("domstate", "tuned1").out == "paused\n"
    assert "<title>edited</title>" in run("dumpxml", "tuned1").out


@pytest.mark.usefixtures("tuned")
def test_memory_that_the_host_keeps(
    run: Run, both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("managedsave", "tuned1").out == "Domain 'tuned1' state saved by libvirt\n"
    ours, theirs = both("managedsave-dumpxml", "tuned1")
    assert ours == theirs
    document = tmp_path / "saved.xml"
    document.write_text(ours)
    assert run("managedsave-define", "tuned1", str(document)).status == 0
    monkeypatch.setenv("EDITOR", "true")
    assert "not changed" in run("managedsave-edit", "tuned1").out
    assert "Removed" in run("managedsave-remove", "tuned1").out
    assert "skipped" in run("managedsave-remove", "tuned1").out


@pytest.mark.usefixtures("tuned")
def test_dumps_and_jobs(run: Run, both: Both, lab: Lab) -> None:
    path = lab.folder / "tuned1.core"
    assert run("dump", "tuned1", str(path), "--memory-only").status == 0
    assert path.read_bytes()[:4] == b"\x7fELF"
    path.unlink()
    assert run("dump", "tuned1", str(path)).status == 0
    ended = ("domjobinfo", "tuned1", "--completed", "--keep-completed")
    ours, theirs = both(*ended)
    assert ours == theirs
    told = run(*ended, "-o", "json").json
    assert told["type"] in ours.lower()
    assert run("domjobinfo", "tuned1", "--rawstats").status == 0
    assert run("domjobabort", "tuned1").status == 1


@pytest.mark.usefixtures("tuned")
def test_without_an_agent_its_verbs_fail(run: Run) -> None:
    for argv in (
        ("domfsfreeze", "tuned1"),
        ("domfsthaw", "tuned1"),
        ("domfstrim", "tuned1"),
        ("guestvcpus", "tuned1"),
        ("guestinfo", "tuned1", "--os"),
        ("get-user-sshkeys", "tuned1", "root"),
        ("set-user-password", "tuned1", "root", "x"),
        ("dompmsuspend", "tuned1", "mem"),
        ("qemu-agent-command", "tuned1", "guest-info"),
        ("send-process-signal", "tuned1", "1", "SIGTERM"),
        ("dompmwakeup", "tuned1"),
        ("domtime", "tuned1", "--now"),
    ):
        assert run(*argv).status == 1, argv


@pytest.mark.usefixtures("tuned")
def test_the_monitor_says_the_same(run: Run, both: Both) -> None:
    command = ("qemu-monitor-command", "tuned1", "--hmp", "info status")
    ours, theirs = both(*command)
    assert ours == theirs
    assert run("qemu-attach", "1").status == 1


@pytest.mark.usefixtures("tuned")
def test_events_of_the_monitor_are_shown(run: Run, lab: Lab) -> None:
    wanted = ("--domain", "tuned1", "--event", "RESUME", "-o", "json")
    with watching(lab, "qemu-monitor-event", *wanted) as program:
        while program.poll() is None:
            run("resume", "tuned1")
            run("suspend", "tuned1")
        assert program.stdout is not None
        assert '"event": "RESUME"' in program.stdout.read()


def test_a_program_runs_in_a_container(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "box1.xml"
    path.write_text(container_xml("box1"))
    lxc = "lxc:///system"
    assert run("define", str(path), driver=lxc).status == 0
    try:
        done = _once_it_can_be_entered(run, lxc)
        assert (done.err, done.out) == ("", "inside\n")
    finally:
        run("destroy", "box1", driver=lxc)
        run("undefine", "box1", driver=lxc)


def _once_it_can_be_entered(run: Run, lxc: str) -> Done:
    """Start it, anew where libvirt does not get to know its first process; see `tunedguest`."""
    for _ in range(tunedguest.STARTS):
        run("start", "box1", driver=lxc)
        for _ in range(10):
            done = run("lxc-enter-namespace", "box1", "--", "/bin/echo", "inside", driver=lxc)
            if "not yet" not in done.err and "not running" not in done.err:
                return done
        run("destroy", "box1", driver=lxc)
    raise AssertionError("libvirt never knew the first process")


ADMIN_SAME = [
    ("server-list",),
    ("server-clients-info", "libvirtd"),
    ("daemon-log-filters",),
    ("daemon-log-outputs",),
]
ADMIN_CHANGES = [
    ("server-threadpool-set", "libvirtd", "--max-workers", "20"),
    ("server-clients-set", "libvirtd", "--max-clients", "5000"),
    ("srv-clients-list", "admin"),
    ("server-threadpool-info", "libvirtd"),
    ("daemon-log-filters", ""),
    ("daemon-timeout", "0"),
    ("uri",),
    ("version",),
]


@pytest.fixture
def admin(lab: Lab, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run one verb about the lab's daemon."""

    def run(*argv: str) -> Done:
        uri = f"libvirtd:///system?socket={lab.admin_socket}"
        status = main(["admin", *argv, "--connect", uri])
        out, err = capfd.readouterr()
        return Done(status, out, err)

    return run


@pytest.mark.parametrize("argv", ADMIN_SAME, ids=" ".join)
def test_daemons_tell_virt_admin_the_same(admin: Run, lab: Lab, argv: tuple[str, ...]) -> None:
    done = admin(*argv, "-q")
    program = str(counterparts.program("virt-admin"))
    uri = f"libvirtd:///system?socket={lab.admin_socket}"
    theirs = subprocess.run(
        [program, "-q", "-c", uri, *argv], capture_output=True, text=True, check=True
    )
    assert done.status == 0
    assert squeezed(done.out).endswith(squeezed(theirs.stdout))


@pytest.mark.parametrize("argv", ADMIN_CHANGES, ids=" ".join)
def test_verbs_about_daemons_do_what_they_say(admin: Run, argv: tuple[str, ...]) -> None:
    done = admin(*argv)
    assert (done.status, done.err) == (0, "")


def test_clients_are_seen_and_disconnected(admin: Run, lab: Lab) -> None:
    with watching(lab, "qemu-monitor-event") as client:
        while not (listed := admin("client-list", "libvirtd", "-o", "name").out):
            continue
        number = listed.split()[0]
        while (info := admin("client-info", "libvirtd", number, "-o", "json")).status:
            continue  # it has not said yet who it is
        assert info.json["unix_user_id"] == os.geteuid()
        assert "connection_time:" in admin("client-info", "libvirtd", number).out
        assert admin("client-disconnect", "libvirtd", number).status == 0
        client.kill()
    assert admin("client-info", "libvirtd", "999").status == 1
    assert admin("daemon-shutdown").status == 1
