"""One operation of the vSphere API: by which verb of aiovirt it is reached, and what is then so.

It is carried out through aiovirt on a fresh simulator.  Then pyvmomi, which knows nothing of
aiovirt, looks at what has become of it, and the simulator tells whether the method was called.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from esxhosts import opening
from vcsimlab import Checker, Kind, Machine, Simulator, connected, run_simulator

from aiovirt.objects import Connection, Domain, StoragePool

__all__ = [
    "BOTH",
    "STORE",
    "Act",
    "Check",
    "Operation",
    "Scene",
    "Stage",
    "on_vm",
    "reconfigured",
    "staged",
]

BOTH: tuple[Kind, ...] = ("vcenter", "esx")
STORE = "LocalDS_0"


@dataclass
class Stage:
    """A simulator and the other client, before aiovirt comes."""

    simulator: Simulator
    checker: Checker

    @property
    def name(self) -> str:
        """The name of the machine that is worked on."""
        return self.simulator.machine

    @property
    def store(self) -> Path:
        """The folder that is the datastore."""
        return self.simulator.datastore()

    def machine(self) -> Machine:
        """What the other client sees of the machine now."""
        return self.checker.machine(self.name)


@dataclass
class Scene(Stage):
    """The same with aiovirt's connection."""

    host: Connection

    async def vm(self) -> Domain:
        """Return aiovirt's handle of the machine."""
        return await self.host.domains.get(self.name)

    async def pool(self) -> StoragePool:
        """Return aiovirt's handle of the datastore."""
        return await self.host.pools.get(STORE)


Prepare = Callable[[Stage], object]
Act = Callable[[Scene], Awaitable[object]]
Check = Callable[[Stage], object]


def _nothing(_: Stage) -> None:
    """Nothing is prepared."""


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        method: Of the vSphere API, or the request that does it, such as `PUT /folder`.
        verb: Of aiovirt.
        act: Does it by aiovirt.
        check: Looks at it by the other client; what it returns must be true.
        prepare: What the other client does before.
        kinds: Where the simulator can do it.
    """

    method: str
    verb: str
    act: Act
    check: Check
    prepare: Prepare = _nothing
    kinds: tuple[Kind, ...] = BOTH

    def __str__(self) -> str:
        return f"{self.method} by {self.verb}"

    async def run(self, stage: Stage) -> set[str]:
        """Do it on a fresh simulator, and check what has become of it.

        Returns the methods that were called meanwhile.

        Raises:
            AssertionError: It was not done, or not by that method.
        """
        self.prepare(stage)
        before = stage.simulator.counts()
        async with opening(stage.simulator) as host:
            await self.act(Scene(stage.simulator, stage.checker, host))
        after = stage.simulator.counts()
        called = {name for name, count in after.items() if count > before.get(name, 0)}
        assert self.method in called, f"{self.verb} did not call {self.method}"
        assert self.check(stage), f"{self.verb} is done, and it is not so"
        return called


@contextmanager
def staged(kind: Kind, folder: Path) -> Iterator[Stage]:
    """Run a simulator with the other client."""
    with run_simulator(kind, folder) as simulator, connected(simulator) as session:
        yield Stage(simulator, Checker(session))


def reconfigured(verb: str, act: Act, check: Check, prepare: Prepare = _nothing) -> Operation:
    """An operation that changes what a machine is configured to be."""
    return Operation("ReconfigVM_Task", verb, act, check, prepare)


def on_vm(verb: Callable[[Domain], Awaitable[object]]) -> Act:
    """Do something with the machine."""

    async def act(scene: Scene) -> None:
        await verb(await scene.vm())

    return act
