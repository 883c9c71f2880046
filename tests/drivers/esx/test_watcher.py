"""What is made of a stream of updates that is behind our own changes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aiovirt.drivers.esx.machine import OFF, ON, SUSPENDED, Machine
from aiovirt.drivers.esx.machines import Machines
from aiovirt.drivers.esx.watcher import UNTOLD, Watcher
from aiovirt.model.domain import StateReason
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState as Power

VM = Ref("VirtualMachine", "vm-9")
REASONS = {
    ON: StateReason.RUNNING_UNPAUSED,
    OFF: StateReason.SHUTOFF_DESTROYED,
    SUSPENDED: StateReason.PAUSED_USER,
}


class Server:
    """A watcher of one machine that is on, and the stream that tells it what was."""

    def __init__(self) -> None:
        self.known: Mapping[str, object] = {"name": "web1", "runtime.powerState": ON}
        self.machines = Machines("esx")
        self.watcher = Watcher(self.machines, lambda _: True, lambda _: self.known)
        self.watcher.begin(VM, self.known)

    def bring(self, *powers: Power) -> None:
        """Let our own tasks bring the machine into states, one after the other."""
        for power in powers:
            self.watcher.expect(VM, REASONS[power])
            self.watcher.assume(VM, power)

    def tell(self, **news: object) -> None:
        """Let the stream tell what is new."""
        old, self.known = self.known, {**self.known, **news}
        self.watcher.changed(VM, old, self.known, False)

    def tell_power(self, *powers: Power) -> None:
        """Let the stream tell states, one after the other."""
        for power in powers:
            self.tell(**{"runtime.powerState": power})

    @property
    def machine(self) -> Machine:
        """The machine as abilities see it."""
        found = self.machines.find(VM)
        assert found is not None
        return found

    @property
    def reason(self) -> StateReason:
        """Its state."""
        return self.watcher.reason(self.machine)


@pytest.fixture
def server() -> Server:
    """Return the watched server."""
    return Server()


def test_a_state_is_believed_before_it_is_told(server: Server) -> None:
    server.bring(SUSPENDED)
    assert server.reason is StateReason.PAUSED_USER
    server.tell_power(SUSPENDED)
    assert not server.watcher.assumed
    assert server.reason is StateReason.PAUSED_USER


def test_what_is_told_late_of_an_earlier_change_is_not_the_last_one(server: Server) -> None:
    server.bring(SUSPENDED, ON, SUSPENDED)
    for power in (SUSPENDED, ON):
        server.tell_power(power)
        assert server.reason is StateReason.PAUSED_USER
    server.bring(OFF)
    assert server.reason is StateReason.SHUTOFF_DESTROYED
    server.tell_power(SUSPENDED, OFF)
    assert server.reason is StateReason.SHUTOFF_DESTROYED
    assert not server.watcher.assumed


def test_news_of_something_else_tell_no_state(server: Server) -> None:
    server.bring(SUSPENDED, ON)
    server.tell(name="web2")
    assert server.machine.name == "web2"
    server.tell_power(SUSPENDED)
    assert server.reason is StateReason.RUNNING_UNPAUSED
    server.tell_power(ON)
    assert not server.watcher.assumed


def test_several_changes_that_are_told_as_one_stay_assumed_until_asked(server: Server) -> None:
    server.bring(SUSPENDED, ON, SUSPENDED)
    server.tell_power(SUSPENDED)
    assert VM in server.watcher.assumed
    server.watcher.settle(VM)
    assert not server.watcher.assumed
    assert server.reason is StateReason.PAUSED_USER


def test_what_is_not_told_is_not_kept_for_ever(server: Server) -> None:
    server.bring(*(SUSPENDED, ON) * UNTOLD)
    assert len(server.watcher.assumed[VM].untold) == UNTOLD
