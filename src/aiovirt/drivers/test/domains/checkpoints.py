"""Checkpoints of domains of the host in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from aiovirt.config import CheckpointConfig, DomainConfig
from aiovirt.config.snapshot import CheckpointDisk
from aiovirt.drivers.common.points import PointKind, members
from aiovirt.drivers.common.tree import put_parent
from aiovirt.drivers.test.domains import lineage
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.images import Images, disk_of, source_of
from aiovirt.drivers.test.domains.living import drop_live
from aiovirt.drivers.test.domains.machine import Checkpoint, Machine
from aiovirt.drivers.test.world import World
from aiovirt.errors import AlreadyExists, ConfigError, Unsupported
from aiovirt.interfaces import Checkpoints, immediate
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import CheckpointKey

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCheckpointCreateFlags,
        DomainCheckpointDeleteFlags,
        DomainCheckpointListFlags,
        DomainCheckpointXMLFlags,
    )

__all__ = ["TestCheckpoints", "make_checkpoint"]

_REDEFINE = 0x1
_SECURE, _NO_DOMAIN, _SIZE = 0x1, 0x2, 0x4
_TOPOLOGICAL = 0x2
_KIND = PointKind(
    "checkpoint", CheckpointKey, ErrorNumber.ERR_NO_DOMAIN_CHECKPOINT, ErrorDomain.TEST
)


def make_checkpoint(world: World, machine: Machine, config: CheckpointConfig) -> Checkpoint:
    """Make a checkpoint of a domain that runs, and make it the current one.

    Raises:
        AlreadyExists: It has one of that name.
        NotFound: It has no such disk.
    """
    live = machine.running()
    config.check()
    made = config.copy()
    made.name = made.name or str(int(world.now()))
    if made.name in machine.checkpoints:
        raise AlreadyExists(f"domain {machine.name!r} has a checkpoint {made.name!r} already")
    made.created = datetime.fromtimestamp(int(world.now()), UTC)
    _complete_disks(live.config, made)
    made.domain = live.config.copy()
    drop_live(made.domain)
    checkpoint = Checkpoint(made.name, machine.checkpoint, made)
    machine.checkpoints[checkpoint.name] = checkpoint
    machine.checkpoint = checkpoint.name
    return checkpoint


def _complete_disks(config: DomainConfig, made: CheckpointConfig) -> None:
    """Say of each disk whether its writes are noted, and under which name."""
    given = {disk_of(config, each.name or "").target.dev: each.copy() for each in made.disks}
    disks = []
    for disk in config.disks:
        dev = disk.target.dev
        usual = "no" if given or disk.readonly or source_of(disk) is None else "bitmap"
        kept = given.get(dev) or CheckpointDisk(name=dev, checkpoint=usual)
        kept.name, kept.checkpoint = dev, kept.checkpoint or "bitmap"
        if kept.checkpoint == "bitmap":
            kept.bitmap = kept.bitmap or made.name
        disks.append(kept)
    made.disks = disks


class TestCheckpoints(DomainAbility, Checkpoints):
    """Trees of checkpoints, one a domain."""

    __test__ = False

    async def create_checkpoint(
        self,
        domain: DomainKey,
        config: CheckpointConfig,
        *,
        flags: DomainCheckpointCreateFlags | Literal[0] = 0,
    ) -> CheckpointKey:
        """See `Checkpoints.create_checkpoint`."""
        machine = self.get(domain)
        if not flags & _REDEFINE:
            if machine.snapshots:
                raise Unsupported(self.driver_name, "create_checkpoint", "the domain has snapshots")
            made = make_checkpoint(self.world, machine, config)
            return CheckpointKey(machine.key, made.name)
        config.check()
        if not config.name or config.created is None:
            raise ConfigError(
                "a checkpoint that is defined anew has a name and a time", field="domaincheckpoint"
            )
        kept = Checkpoint(config.name, config.parent, config.copy())
        machine.checkpoints[kept.name] = kept
        machine.checkpoint = machine.checkpoint or kept.name
        return CheckpointKey(machine.key, kept.name)

    def _find(self, key: CheckpointKey) -> tuple[Machine, Checkpoint]:
        machine = self.get(key.domain)
        return machine, _KIND.known(machine.checkpoints, key)

    @immediate
    async def checkpoint_config(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointXMLFlags | Literal[0] = 0
    ) -> CheckpointConfig:
        """See `Checkpoints.checkpoint_config`."""
        machine, found = self._find(checkpoint)
        config = found.config.copy()
        put_parent(config, found.parent if found.parent in machine.checkpoints else None)
        if flags & _SIZE:
            self._fill_sizes(machine, config)
        if flags & _NO_DOMAIN:
            config.domain = None
        if flags & _SECURE:
            return config
        return CheckpointConfig.parse(config.to_xml(secure=False))

    def _fill_sizes(self, machine: Machine, config: CheckpointConfig) -> None:
        for kept in config.disks:
            path = source_of(disk_of(machine.running().config, kept.name or ""))
            if kept.checkpoint == "bitmap" and path is not None:
                kept.size = self.world.room(Images).at(path).allocation

    @immediate
    async def checkpoints(
        self, domain: DomainKey, *, flags: DomainCheckpointListFlags | Literal[0] = 0
    ) -> Sequence[CheckpointKey]:
        """See `Checkpoints.checkpoints`."""
        return _listed(self.get(domain), None, flags)

    @immediate
    async def checkpoint_children(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointListFlags | Literal[0] = 0
    ) -> Sequence[CheckpointKey]:
        """See `Checkpoints.checkpoint_children`."""
        machine, found = self._find(checkpoint)
        return _listed(machine, found.name, flags)

    @immediate
    async def find_checkpoint(self, domain: DomainKey, name: str) -> CheckpointKey:
        """See `Checkpoints.find_checkpoint`."""
        found = CheckpointKey(self.get(domain).key, name)
        self._find(found)
        return found

    @immediate
    async def checkpoint_parent(self, checkpoint: CheckpointKey) -> CheckpointKey:
        """See `Checkpoints.checkpoint_parent`."""
        return _KIND.parent(self.get(checkpoint.domain).checkpoints, checkpoint)

    async def delete_checkpoint(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointDeleteFlags | Literal[0] = 0
    ) -> None:
        """See `Checkpoints.delete_checkpoint`."""
        machine, found = self._find(checkpoint)
        machine.checkpoint = lineage.delete(
            machine.checkpoints, found.name, machine.checkpoint, flags
        )


def _listed(machine: Machine, top: str | None, flags: int) -> list[CheckpointKey]:
    names = members(machine.checkpoints, top, flags, sort=bool(flags & _TOPOLOGICAL))
    return [CheckpointKey(machine.key, name) for name in names]
