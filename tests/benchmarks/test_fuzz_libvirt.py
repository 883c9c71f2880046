"""The fuzz target runs, finds nothing in a small number of executions, and repeats itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks/fuzz_libvirt.py"


def outcome(seed: int, executions: int) -> str:
    """Run the target; return the line that counts what came of it."""
    command = [sys.executable, str(SCRIPT), "--executions", str(executions), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counted, told, _memory = done.stdout.splitlines()
    assert int(counted.split()[0]) >= executions
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_but_values_events_and_protocol_errors(seed: int) -> None:
    told = outcome(seed, 20_000)
    assert "protocol error" in told
    assert "value" in told


def test_a_seed_repeats_its_run() -> None:
    assert outcome(3, 2_000) == outcome(3, 2_000)
