"""Making groups, taking processes and threads in, and removing them."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import TypeAlias

import pytest

from aiovirt.errors import Busy
from aiovirt.host.cgroups import Group
from aiovirt.host.cgroups.group import write

Sleeper: TypeAlias = subprocess.Popen[bytes]
pytestmark = pytest.mark.anyio


def test_a_process_can_go_into_a_new_group_at_once(group: Group, sleeper: Sleeper) -> None:
    for folder in group.folders():
        write(folder / "cgroup.procs", str(sleeper.pid))
    assert group.processes() == {sleeper.pid}
    sleeper.kill()
    sleeper.wait()


def test_a_thread_has_a_group_of_its_own(group: Group) -> None:
    threads, go = group.child("vcpu0"), threading.Event()
    threads.make_for_threads()
    thread = threading.Thread(target=go.wait)
    thread.start()
    before = Path(f"/proc/self/task/{thread.native_id}/cgroup").read_text()
    threads.take_thread(thread.native_id or 0)
    after = Path(f"/proc/self/task/{thread.native_id}/cgroup").read_text()
    go.set()
    thread.join()
    changed = set(after.splitlines()) - set(before.splitlines())
    assert {line.split(":")[1] for line in changed} == {"cpu", "cpuacct"}
    assert {line.split(":")[2] for line in changed} == {f"/{group.path}/vcpu0"}


def test_a_thread_that_has_ended_is_no_error(group: Group) -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    threads = group.child("emulator")
    threads.make_for_threads()
    threads.take_thread(thread.native_id or 0)


async def test_a_group_with_a_process_is_not_removed(group: Group, sleeper: Sleeper) -> None:
    write(group.folders()[0] / "cgroup.procs", str(sleeper.pid))
    with pytest.raises(Busy, match="do not end"):
        await group.remove(bound_s=0)
    sleeper.kill()
    sleeper.wait()


async def test_what_is_gone_is_removed_again_without_an_error(group: Group) -> None:
    await group.remove()
    await group.remove()


def test_version_2_is_told_which_controllers_the_groups_below_have(unified: Group) -> None:
    unified.make()
    top = unified.hosts.unified
    assert top is not None
    for folder in (top, top / "machine"):
        given = (folder / "cgroup.subtree_control").read_text()
        assert given == "+io +cpu +cpuset +memory"
    assert not (top / "machine/one/cgroup.subtree_control").read_text()


def test_version_2_has_threads_in_threaded_groups(unified: Group) -> None:
    threads = unified.child("vcpu0")
    threads.make_for_threads()
    folder = threads.folders()[0]
    for name in ("cgroup.type", "cgroup.threads"):
        (folder / name).touch()
    threads.take_thread(os.getpid())
    assert (folder / "cgroup.type").read_text() == "threaded"
    assert (folder / "cgroup.threads").read_text() == str(os.getpid())
    assert (folder.parent / "cgroup.subtree_control").read_text() == "+cpu"


def test_a_group_above_that_was_left_half_made_is_finished(cpusets: Group) -> None:
    above = cpusets.folders()[0].parent
    above.mkdir()  # and who made it is killed here
    cpusets.make()
    for folder in (above, above / "one"):
        assert (folder / "cpuset.cpus").read_text() == "0-1"
        assert (folder / "cpuset.mems").read_text() == "0-1"


def test_what_goes_while_it_is_looked_into_is_removed(
    unified: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, look = unified.folders()[0], os.scandir

    def gone(path: Path) -> object:
        folder.rename(folder.parent / "gone")
        return look(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", gone)
        assert unified.removed()
