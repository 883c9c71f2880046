"""A QEMU that a test leaves running fails the test, and does not outlive it."""

from __future__ import annotations

import signal
from pathlib import Path
from subprocess import PIPE, Popen

import guests
import pytest


def test_what_still_runs_below_a_root_fails_the_test_and_is_killed(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo; read line", f"{tmp_path}/run/web1"]
    with Popen(command, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout
        process.stdout.readline()  # from here on its command line is to be seen
        with (
            pytest.raises(pytest.fail.Exception, match=str(process.pid)),
            guests.none_left_running(tmp_path),
        ):
            pass
        assert process.wait() == -signal.SIGKILL


def test_a_root_without_processes_passes(tmp_path: Path) -> None:
    with guests.none_left_running(tmp_path):
        pass
