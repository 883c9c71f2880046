"""What the abilities of one connection share: the server, its machines, and how it is asked.

Every call goes by `call` or `run`, so that faults become errors in one place.  It knows no ability.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, TypeVar

from aiovirt._tasks import open_task_group
from aiovirt.clients.vsphere import Followed, Inventory, VSphereClient, VSphereFault
from aiovirt.drivers.common.turns import Turns
from aiovirt.drivers.esx.alarms import Alarms
from aiovirt.drivers.esx.faults import DRIVER, Place, refusal
from aiovirt.drivers.esx.inventory import Tree
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.machines import Machines
from aiovirt.drivers.esx.parameters import Parameters
from aiovirt.drivers.esx.questions import answer_to, blocked
from aiovirt.drivers.esx.scope import Scope
from aiovirt.drivers.esx.watcher import Watcher
from aiovirt.drivers.esx.works import Works
from aiovirt.errors import AiovirtError, ConnectionLost
from aiovirt.interfaces import Ability, OpenOptions
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.uri import URI
from aiovirt.protocols.vsphere import Arguments, Method, Ref
from aiovirt.protocols.vsphere.tables.machine_methods import ANSWER_VM, AnswerVMArgs
from aiovirt.protocols.vsphere.tables.session import AboutInfo, ServiceContent

__all__ = ["EsxAbility", "Progress", "Session"]

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")

Progress: TypeAlias = Callable[[int], object]
"""Is told how far a task is, in hundredths."""


@dataclass(slots=True, eq=False)
class Session:
    """An open connection to an ESX host or a vCenter.

    Attributes:
        uri: What it was opened with.
        options: What was told beside it.
        parameters: What the URI says beside the host.
        client: The server; abilities use `call`, `run` and `get` instead.
        inventory: What the client keeps of its objects; abilities use `tree` and `machines`.
        tree: Its objects by name and place.
        scope: The part of the inventory that the connection is about.
        machines: The machines in it.
        watcher: What happens to them.
        tasks: What the server does, kept once it is asked for; None where nobody tells.
        alarms: What its objects have set off; None for an ESX host, which has no alarms.
        works: The long work that they are at.
    """

    uri: URI
    options: OpenOptions
    parameters: Parameters
    client: VSphereClient
    inventory: Inventory
    tree: Tree
    scope: Scope
    machines: Machines
    watcher: Watcher
    tasks: Followed | None
    alarms: Alarms | None
    closed: bool = False
    works: Works = field(default_factory=Works)
    _turns: Turns[Ref] = field(default_factory=Turns)

    @property
    def content(self) -> ServiceContent:
        """The server's root objects and managers; some are None on an ESX host."""
        return self.client.content

    @property
    def about(self) -> AboutInfo:
        """The server's product and version."""
        return self.client.content.about

    @property
    def is_vcenter(self) -> bool:
        """Whether it is a vCenter, and not one host."""
        return self.about.api_type == "VirtualCenter"

    @property
    def where(self) -> str:
        """The server, for messages."""
        return f"{'vCenter' if self.is_vcenter else 'ESX host'} {self.uri.host}"

    @property
    def extended(self) -> bool:
        """Whether documents tell what libvirt's driver leaves out."""
        return not self.parameters.like_libvirt

    # --- asking ---------------------------------------------------------------------------------

    async def call(self, method: Method[A, R], ref: Ref, args: A | None = None, *, what: str) -> R:
        """Call a method; queries do not queue behind changes.

        Args:
            method: From the tables.
            ref: The object.
            args: Its arguments; None for a method without any.
            what: What it does, for errors: ``start domain 'web1'``.

        Raises:
            AiovirtError: The server refused, see `faults`, or the connection ended.

        Cancellation: the server may do it all the same.
        """
        try:
            return await self.client.call(method, ref, _given(method, args))
        except VSphereFault as error:
            raise self.refusal(error, what) from error

    async def run(
        self,
        method: Method[A, Ref],
        ref: Ref,
        args: A | None = None,
        *,
        what: str,
        progress: Progress | None = None,
    ) -> Any:  # noqa: ANN401 - `Method.task` names the type of the result
        """Call a method that gives a task, and wait for the task's end; what it gives.

        Arguments and errors as `call`; `progress` is told how far it is.

        Cancellation: the task is cancelled on the server, where it can be.
        """
        try:
            return await self.client.run_task(method, ref, _given(method, args), progress=progress)
        except VSphereFault as error:
            raise self.refusal(error, what) from error

    async def change(
        self,
        method: Method[A, Ref],
        machine: Machine,
        args: A | None = None,
        *,
        what: str,
        progress: Progress | None = None,
    ) -> Any:  # noqa: ANN401 - as `run`
        """As `run` on a machine, which may ask a question meanwhile.

        Raises:
            InvalidState: It waits for an answer, and the URI does not say ``auto_answer=1``.
        """
        result: list[Any] = []
        async with open_task_group() as tasks:
            tasks.start_soon(self._answer, machine, what)
            result.append(await self.run(method, machine.ref, args, what=what, progress=progress))
            tasks.cancel_scope.cancel()
        return result[0]

    async def _answer(self, machine: Machine, what: str) -> None:
        """Answer questions of a machine, or raise the first."""
        answered = None
        while True:
            asks = partial(_asks, answered)
            await self.machines.until(machine.ref, asks, bound_s=math.inf)
            now = self.machines.find(machine.ref)
            question = None if now is None else now.question
            if question is None:
                continue
            answer = answer_to(question) if self.parameters.auto_answer else None
            if answer is None:
                raise blocked(machine, question, what)
            answered = question.id
            args = AnswerVMArgs(question_id=question.id, answer_choice=answer)
            await self.call(ANSWER_VM, machine.ref, args, what=f"answer domain {machine.name!r}")

    async def get(self, ref: Ref, *paths: str, what: str = "") -> Mapping[str, Any]:
        """Ask for properties of an object; unset ones are left out.

        Args:
            ref: The object.
            paths: Such as ``config.hardware.device``.
            what: What it is for, for errors.

        Raises:
            AiovirtError: As `call`.
        """
        try:
            return await self.client.get(ref, *paths)
        except VSphereFault as error:
            raise self.refusal(error, what or f"tell of {self.tree.called(ref)}") from error

    async def get_many(
        self, refs: Sequence[Ref], paths: Sequence[str], *, what: str = ""
    ) -> Mapping[Ref, Mapping[str, Any]]:
        """Ask for properties of several objects in one request; those that are gone are left out.

        Arguments and errors as `get`.
        """
        try:
            return await self.client.get_many(refs, paths)
        except VSphereFault as error:
            raise self.refusal(error, what or "tell of its objects") from error

    def refusal(self, error: VSphereFault, what: str) -> AiovirtError:
        """The error that a fault is; see `faults`."""
        return refusal(error, what, Place(self.where, self.tree.called))

    # --- changing -------------------------------------------------------------------------------

    async def fresh(self, machine: Machine) -> Machine:
        """A machine as it is now: what is in memory may be some moments old.

        Raises:
            NotFound: It is gone.
        """
        await self.inventory.refresh(machine.ref)
        self.watcher.settle(machine.ref)
        return self.machines.find(machine.ref) or self.machines.get(machine.key)

    async def settle(self, ref: Ref, test: Callable[[Machine | None], bool]) -> None:
        """Wait until the inventory shows what the server has done to a machine by now.

        Args:
            ref: Which machine.
            test: What shall be so; it gets None for one that is not there.
        """
        if test(self.machines.find(ref)):
            return
        # Asking is faster than waiting for the stream of updates, which some servers are slow with.
        await self.inventory.refresh(ref)
        await self.machines.until(ref, test)

    @asynccontextmanager
    async def changing(self, domain: DomainKey) -> AsyncIterator[Machine]:
        """Change a machine, after all others who want to; the machine as it is then.

        Raises:
            NotFound: It is not there.
        """
        async with self._turns.of(self.machines.get(domain).ref):
            yield self.machines.get(domain)

    @contextmanager
    def expecting(self, machine: Machine, reason: StateReason) -> Iterator[None]:
        """Say why a machine will be in another state once the block has done its work."""
        self.watcher.expect(machine.ref, reason)
        try:
            yield
        except BaseException as error:
            if not (isinstance(error, ConnectionLost) and error.maybe_done):
                self.watcher.expect(machine.ref, None)
            raise


class EsxAbility(Ability):
    """An ability of this driver.

    Attributes:
        session: The connection.
    """

    driver_name = DRIVER

    def __init__(self, session: Session) -> None:
        self.session = session


def _given(method: Method[A, Any], args: A | None) -> A:
    return method.args() if args is None else args


def _asks(answered: str | None, machine: Machine | None) -> bool:
    question = None if machine is None else machine.question
    return question is not None and question.id != answered
