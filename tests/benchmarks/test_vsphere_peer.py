"""pyvmomi's side of the vSphere benchmark does what it is measured by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from vcsimlab import Shape, Simulator
from vcsimlab.fixtures import Check, Simulate

pytestmark = pytest.mark.real

SCRIPT = Path(__file__).parents[2] / "benchmarks/_vsphere_peer.py"
MACHINES = 6


@pytest.fixture
def small(simulate: Simulate) -> Simulator:
    return simulate("vcenter", Shape(machines=MACHINES, standalone_hosts=0))


def figures(simulator: Simulator, *orders: str) -> list[float]:
    where = {
        "host": "127.0.0.1",
        "port": simulator.port,
        "user": simulator.user,
        "password": simulator.password,
        "ca": str(simulator.ca),
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input="\n".join([json.dumps(where), *orders, ""]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [float(line) for line in done.stdout.splitlines()]


def test_an_inventory_takes_one_login_each(small: Simulator) -> None:
    rates = figures(small, f"inventory {MACHINES}", f"inventory {MACHINES}")
    assert len(rates) == 2
    assert min(rates) > 0
    assert small.counts()["Login"] == 2
    assert small.counts()["RetrievePropertiesEx"] >= 2


def test_an_inventory_that_lacks_machines_is_none(small: Simulator) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        figures(small, f"inventory {MACHINES + 1}")


@pytest.mark.parametrize("how", ["polling", "waiting"])
def test_pairs_power_every_machine_off_and_on(small: Simulator, check: Check, how: str) -> None:
    (rate,) = figures(small, f"{how} {MACHINES} 3")
    assert rate > 0
    counts = small.counts()
    assert counts["PowerOffVM_Task"] == counts["PowerOnVM_Task"] == MACHINES
    assert set(check(small).powers().values()) == {"poweredOn"}


def test_memory_is_of_the_process_alone(small: Simulator) -> None:
    (mib,) = figures(small, f"memory {MACHINES}")
    assert 10 < mib < 60
