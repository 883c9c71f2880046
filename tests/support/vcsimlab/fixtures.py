"""What tests ask for: a vCenter, an ESX host, and an independent look at each.

Each test gets a simulator of its own, which starts in a moment; `simulate` makes others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from vcsimlab.checker import Checker
from vcsimlab.session import connected
from vcsimlab.simulator import SHAPE, Kind, Shape, Simulator, run_simulator
from vcsimlab.virsh import Virsh, virsh_at

__all__ = ["check", "esx", "simulate", "vcenter", "virsh", "vsphere"]

Simulate = Callable[..., Simulator]
Check = Callable[[Simulator], Checker]
Reference = Callable[[Simulator], Virsh]


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Simulate]:
    """Return what starts a simulator: `simulate("vcenter", Shape(machines=100))`."""
    with ExitStack() as stack:
        started = 0

        def start(kind: Kind, shape: Shape = SHAPE) -> Simulator:
            nonlocal started
            started += 1
            return stack.enter_context(run_simulator(kind, tmp_path / f"vcsim{started}", shape))

        yield start


@pytest.fixture
def vcenter(simulate: Simulate) -> Simulator:
    """Run a vCenter with two hosts and four running machines: see `Shape`."""
    return simulate("vcenter")


@pytest.fixture
def esx(simulate: Simulate) -> Simulator:
    """Run an ESX host with two running machines."""
    return simulate("esx")


@pytest.fixture(params=["vcenter", "esx"])
def vsphere(request: pytest.FixtureRequest, simulate: Simulate) -> Simulator:
    """Run the test on a vCenter and on an ESX host."""
    return simulate(request.param)


@pytest.fixture
def check() -> Iterator[Check]:
    """Return what looks independently at a simulator: `check(vcenter).power("DC0_H0_VM0")`."""
    with ExitStack() as stack:
        yield lambda simulator: Checker(stack.enter_context(connected(simulator)))


@pytest.fixture
def virsh() -> Iterator[Reference]:
    """Return what runs libvirt's own esx driver: `virsh(esx).run("dumpxml", "ha-host_VM0")`."""
    with ExitStack() as stack:
        yield lambda simulator: stack.enter_context(virsh_at(simulator))
