"""One domain as the host in memory keeps it. State only: nothing here tells anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import anyio

from aiovirt.config import BackupConfig, CheckpointConfig, DomainConfig, SnapshotConfig
from aiovirt.drivers.test.domains.blockjob import BlockJob
from aiovirt.drivers.test.domains.terminal import Terminal
from aiovirt.errors import CallerError, InvalidState
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.params import ParamValue

__all__ = ["Checkpoint", "Job", "Live", "Machine", "Saved", "Snapshot"]

_MAGIC = b"aiovirt saved domain: "


@dataclass(eq=False, slots=True)
class Saved:
    """A domain's memory and configuration in a file.

    Attributes:
        config: The configuration, with secrets.
        paused: Whether it stands still when it is restored.
    """

    config: DomainConfig
    paused: bool

    def to_bytes(self) -> bytes:
        """As a file has it."""
        state = b"paused" if self.paused else b"running"
        return b"\n".join((_MAGIC + state, self.config.to_xml(secure=True).encode()))

    @classmethod
    def from_bytes(cls, data: bytes) -> Saved:
        """What a file has.

        Raises:
            CallerError: It is no saved domain.
        """
        first, _, xml = data.partition(b"\n")
        if not first.startswith(_MAGIC):
            raise CallerError("the file is no saved domain")
        return cls(DomainConfig.parse(xml), first.endswith(b"paused"))


@dataclass(eq=False, slots=True)
class Snapshot:
    """A snapshot: what is kept, and how the domain was.

    Attributes:
        name: Its name.
        parent: The name of the one that it was made from, or None.
        config: Its document.
        reason: The state that the domain was in.
    """

    name: str
    parent: str | None
    config: SnapshotConfig
    reason: StateReason


@dataclass(eq=False, slots=True)
class Checkpoint:
    """A checkpoint; fields as those of `Snapshot`."""

    name: str
    parent: str | None
    config: CheckpointConfig


@dataclass(eq=False, slots=True)
class Job:
    """A job of the whole domain, such as a backup or a dump.

    Attributes:
        operation: libvirt's number of what it is, `virDomainJobOperation`.
        params: The figures, by libvirt's names.
        cancelled: Set when it is to be given up.
        backup: What is copied, of a backup.
    """

    operation: int
    params: dict[str, ParamValue] = field(default_factory=dict)
    cancelled: anyio.Event = field(default_factory=anyio.Event)
    backup: BackupConfig | None = None


@dataclass(eq=False, slots=True)
class Live:
    """A running instance.

    Attributes:
        id: Its number.
        config: The live configuration.
        started_at: When, in seconds since 1970.
        jobs: The work on its disks, by their targets.
        thresholds: What of a disk's image may be used before that is told.
        frozen: The mount points that stand still.
        offline: The guest's processors that it does not use.
        terminals: The consoles and channels that were opened, by their name.
        clock_ns: What somebody set the guest's clock to, or None.
        measured: When it was last measured how fast the guest writes to its memory, and for
            how many seconds; None if never.
        ended: Set when it is over.
    """

    id: int
    config: DomainConfig
    started_at: float
    jobs: dict[str, BlockJob] = field(default_factory=dict)
    thresholds: dict[str, int] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    offline: set[int] = field(default_factory=set)
    terminals: dict[str, Terminal] = field(default_factory=dict)
    clock_ns: int | None = None
    measured: tuple[float, int] | None = None
    ended: anyio.Event = field(default_factory=anyio.Event)


class Machine:
    """A domain: persistent, running, or both.

    Attributes:
        key: UUID and name.
        definition: The inactive configuration; None for a transient domain.
        live: The running instance, or None.
        reason: The state with its reason.
        autostart: Whether it starts with the host.
        autostart_once: Whether it starts with the host the next time.
        saved: What the host keeps of its memory, or None.
        updated: Whether its configuration was changed since it was defined or started.
        snapshots: Its snapshots, by name.
        snapshot: The name of the current one, or None.
        checkpoints: Its checkpoints, by name.
        checkpoint: The name of the current one, or None.
        job: The job under way, or None.
        finished: The figures of the last one.
        weight: Its share of processor time, where the scheduler knows weights.
        moving: The state that it was in before its migration, while that is under way.
        max_downtime_ms: How long it may stand still at the end of a migration.
        max_speed: The bytes a second that a migration moves; with post-copy.
        compression_cache: The bytes of the cache of migrations.
        ssh_keys: The lines of its users' ``authorized_keys``, by user.
    """

    def __init__(self, key: DomainKey, definition: DomainConfig | None) -> None:
        self.key = key
        self.definition = definition
        self.live: Live | None = None
        self.reason = StateReason.SHUTOFF_UNKNOWN
        self.autostart = False
        self.autostart_once = False
        self.saved: Saved | None = None
        self.updated = False
        self.snapshots: dict[str, Snapshot] = {}
        self.snapshot: str | None = None
        self.checkpoints: dict[str, Checkpoint] = {}
        self.checkpoint: str | None = None
        self.job: Job | None = None
        self.finished: Mapping[str, ParamValue] = {}
        self.weight = 50
        self.moving: StateReason | None = None
        self.max_downtime_ms = 300
        self.max_speed = {False: 0, True: 0}
        self.compression_cache = 64 * 1024 * 1024
        self.ssh_keys: dict[str, list[str]] = {}

    @property
    def name(self) -> str:
        """The name."""
        return self.key.name

    @property
    def uuid(self) -> UUID:
        """The UUID."""
        return self.key.uuid

    @property
    def config(self) -> DomainConfig:
        """The live configuration of one that runs, else the inactive one."""
        found = self.live.config if self.live else self.definition
        if found is None:
            raise InvalidState(f"domain {self.name!r} is just disappearing")
        return found

    @property
    def inactive(self) -> DomainConfig:
        """The configuration of its next start; of a transient one that of now."""
        return self.definition or self.config

    def record(self) -> DomainRecord:
        """Its line of the listing."""
        return DomainRecord(
            key=self.key,
            id=self.live.id if self.live else None,
            reason=self.reason,
            persistent=self.definition is not None,
            autostart=self.autostart,
        )

    def running(self) -> Live:
        """The running instance.

        Raises:
            InvalidState: There is none.
        """
        if self.live is None:
            raise InvalidState(
                f"domain {self.name!r} is not running",
                hint=f"start it first (it is {self.reason.state.label}: {self.reason.label})",
            )
        return self.live

    def persistent(self) -> DomainConfig:
        """The definition.

        Raises:
            InvalidState: There is none.
        """
        if self.definition is None:
            raise InvalidState(
                f"domain {self.name!r} is transient: it has no persistent configuration",
                hint="define it first",
            )
        return self.definition
