"""A simulated server as a whole: its settings, its objects, and what works on them.

It knows neither SOAP nor sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import anyio
from anyio.abc import TaskGroup

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables.session import ServiceContent
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.alarms import Alarms
from aiovirt.testing.vsphere.building.datastores import summarize_datastore
from aiovirt.testing.vsphere.building.service import make_service
from aiovirt.testing.vsphere.clock import Clock
from aiovirt.testing.vsphere.eventlog import EventLog
from aiovirt.testing.vsphere.files import DatastoreFiles, split_path
from aiovirt.testing.vsphere.machines.guest import Guest
from aiovirt.testing.vsphere.machines.machine import Machine
from aiovirt.testing.vsphere.machines.snapshots import Snapshots
from aiovirt.testing.vsphere.plan import Plan
from aiovirt.testing.vsphere.restsessions import RestSessions
from aiovirt.testing.vsphere.sessions import Sessions
from aiovirt.testing.vsphere.settings import Settings
from aiovirt.testing.vsphere.tagging import TagStore
from aiovirt.testing.vsphere.tasks import Tasks
from aiovirt.testing.vsphere.transfers import Transfers
from aiovirt.testing.vsphere.world import World

__all__ = ["Site"]


UNANNOUNCED: Final = frozenset({"triggeredAlarmState", "recentTask"})
"""Properties of whose changes a server from 5.0 on need not tell, as VMware's reference has it."""


class Site:
    """One simulated server.

    Args:
        settings: What kind it is.
        clock: The time there.
        plan: What is to go wrong.
        group: What runs its tasks.

    Attributes:
        world: The objects.
        sessions: Who is logged in.
        tasks: What is being done.
        events: What has happened.
        root: The folder that everything is in.
        content: Where a client finds everything.
        alarms: What is watched for, and what has been noticed.
        files: What the datastores hold.
        guests: What is inside the machines.
        snapshots: The machines' snapshots.
        rest_sessions: Who is logged in to the REST API of a vCenter.
        tagging: The tags of its objects.
        transfers: The files that are on their way to guests, or from them.
        thumbprint: The SHA-1 of the server's certificate, as VMware writes it, or None.
        tls: Whether clients come by TLS.
        users: Which machines have a disk, by the disk's path.
        at_restart: Called when the server restarts.
    """

    def __init__(self, settings: Settings, clock: Clock, plan: Plan, group: TaskGroup) -> None:
        self.settings = settings
        self.clock = clock
        self.plan = plan
        self.world = World(clock)
        if not settings.announced:
            self.world.silent = UNANNOUNCED
        self.sessions = Sessions(self.world, settings)
        self.tasks = Tasks(self.world, plan, group)
        self.events = EventLog(self.world)
        self.root = Ref("Folder", "group-d1" if settings.is_vcenter else "ha-folder-root")
        self.content: ServiceContent = make_service(self.world, settings, self.root)
        self.alarms = Alarms(self.world, self.events, settings, self.content)
        self.files: dict[Ref, DatastoreFiles] = {}
        self.guests: dict[Ref, Guest] = {}
        self.snapshots: dict[Ref, Snapshots] = {}
        self.rest_sessions = RestSessions(self.world, settings)
        self.tagging = TagStore(self.world)
        self.transfers = Transfers(self.world)
        self.tls = False
        self.thumbprint: str | None = None
        self.users: dict[str, set[Ref]] = {}
        self._disks: dict[Ref, list[str]] = {}
        self._group = group
        self.at_restart: Callable[[], None] = _nothing

    def restart(self) -> None:
        """Forget all sessions, and what belongs to them; the objects stay as they are."""
        self.sessions.end_all()
        self.rest_sessions.end_all()
        self.at_restart()

    def soon(self, do: Callable[[], None]) -> None:
        """Let something happen after what is at work."""

        async def later() -> None:
            await anyio.lowlevel.checkpoint()
            do()

        self._group.start_soon(later)

    # --- finding things -----------------------------------------------------------------------

    def machine(self, ref: Ref) -> Machine:
        """A machine.

        Raises:
            VimFault: ManagedObjectNotFound.
        """
        if ref not in self.world:
            raise faults.not_found(ref)
        return Machine(self, ref)

    def machine_named(self, name: str) -> Machine:
        """A machine by its name.

        Raises:
            VimFault: NotFound.
        """
        for ref in self.world.named(name):
            if is_kind(ref.kind, "VirtualMachine"):
                return Machine(self, ref)
        raise faults.nothing_found()

    def up(self, ref: Ref) -> Iterator[Ref]:
        """An entity and those that it is in, the nearest first."""
        at: Ref | None = ref
        while at is not None:
            yield at
            at = self.world.find(at, "parent", Ref)

    def datacenter_of(self, ref: Ref) -> Ref | None:
        """The datacenter that an entity is in, or None."""
        return next((each for each in self.up(ref) if is_kind(each.kind, "Datacenter")), None)

    def datastore(self, name: str, near: Ref | None = None) -> Ref | None:
        """A datastore by its name, in the datacenter of another entity; or None."""
        place = None if near is None else self.datacenter_of(near)
        for ref in self.files:
            if self.files[ref].name == name and (place is None or self.datacenter_of(ref) == place):
                return ref
        return None

    def place(self, path: str, near: Ref | None = None) -> tuple[DatastoreFiles, str]:
        """Where a datastore path leads: to a datastore's files, and to a path within.

        Raises:
            VimFault: It is no such path, or there is no such datastore.
        """
        name, inner = split_path(path)
        ref = self.datastore(name, near)
        if ref is None:
            raise faults.invalid_datastore(name)
        return self.files[ref], inner

    def note_disks(self, ref: Ref, paths: list[str]) -> None:
        """Take note of which disks a machine has."""
        for path in self._disks.get(ref, ()):
            self.users[path].discard(ref)
        self._disks[ref] = paths
        for path in paths:
            self.users.setdefault(path, set()).add(ref)

    def recount(self) -> None:
        """Let the datastores say how much is left."""
        for ref, files in self.files.items():
            summarize_datastore(self.world, ref, files.capacity, files.free)


def _nothing() -> None:
    """Do nothing."""
