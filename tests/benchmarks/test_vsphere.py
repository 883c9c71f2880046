"""Both contenders of the vSphere benchmark do what they are measured by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from vcsimlab import Shape, Simulator
from vcsimlab.fixtures import Check, Simulate

pytestmark = pytest.mark.real

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PEER = ("_vsphere_peer.py",)
OURS = tuple(("_vsphere_ours.py", loop) for loop in ("asyncio", "uvloop", "trio"))
MACHINES = 6

Script = tuple[str, ...]


@pytest.fixture
def small(simulate: Simulate) -> Simulator:
    return simulate("vcenter", Shape(machines=MACHINES, standalone_hosts=0))


def figures(simulator: Simulator, script: Script, *orders: str) -> list[float]:
    where = {
        "host": "127.0.0.1",
        "port": simulator.port,
        "user": simulator.user,
        "password": simulator.password,
        "ca": str(simulator.ca),
    }
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script[0]), *script[1:]],
        input="\n".join([json.dumps(where), *orders, ""]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [float(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("script", [PEER, *OURS], ids=" ".join)
def test_an_inventory_takes_one_login_each(small: Simulator, script: Script) -> None:
    rates = figures(small, script, f"inventory {MACHINES}", f"inventory {MACHINES}")
    assert len(rates) == 2
    assert min(rates) > 0
    assert small.counts()["Login"] == 2


@pytest.mark.parametrize("script", [PEER, OURS[0]], ids=" ".join)
def test_an_inventory_that_lacks_machines_is_none(small: Simulator, script: Script) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        figures(small, script, f"inventory {MACHINES + 1}")


@pytest.mark.parametrize(
    ("script", "how"),
    [
        *((PEER, how) for how in ("polling", "waiting", "waiting_apart")),
        *((ours, "pairs") for ours in OURS),
    ],
    ids=str,
)
def test_pairs_power_every_machine_off_and_on(
    small: Simulator, check: Check, script: Script, how: str
) -> None:
    (rate,) = figures(small, script, f"{how} {MACHINES} 3")
    assert rate > 0
    counts = small.counts()
    assert counts["PowerOffVM_Task"] == counts["PowerOnVM_Task"] == MACHINES
    assert set(check(small).powers().values()) == {"poweredOn"}


@pytest.mark.parametrize("script", [PEER, OURS[0]], ids=" ".join)
def test_memory_is_of_the_process_alone(small: Simulator, script: Script) -> None:
    (mib,) = figures(small, script, f"memory {MACHINES}")
    assert 10 < mib < 100


def test_a_second_listing_asks_for_nothing(small: Simulator) -> None:
    first, seconds, again = figures(small, OURS[0], f"again {MACHINES}", "go", "go")
    assert first == 0
    assert 0 < seconds == again
