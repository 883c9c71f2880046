"""Removing a definition, with what is kept beside it."""

from __future__ import annotations

from pathlib import Path

import anyio
from anyio import to_thread

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.process.beside import chip_states
from aiovirt.drivers.qemu.process.swtpm import forget_chips
from aiovirt.drivers.qemu.store.root import Points
from aiovirt.errors import InvalidState
from aiovirt.host.files import remove_durably
from aiovirt.interfaces import refuse_flags
from aiovirt.model.constants import DomainUndefineFlags as Flags
from aiovirt.model.events import LifecycleDetail

__all__ = ["undefine"]

_POINTS: tuple[tuple[Points, int, str], ...] = (
    ("snapshots", Flags.SNAPSHOTS_METADATA, "snapshots"),
    ("checkpoints", Flags.CHECKPOINTS_METADATA, "checkpoints"),
)
_BESIDE = Flags.NVRAM | Flags.KEEP_NVRAM | Flags.TPM | Flags.KEEP_TPM
_KNOWN = Flags.MANAGED_SAVE | Flags.SNAPSHOTS_METADATA | Flags.CHECKPOINTS_METADATA | _BESIDE


async def undefine(engine: Engine, domain: ManagedDomain, flags: int) -> None:
    """Remove a definition; see `aiovirt.interfaces.Definition.undefine`."""
    refuse_flags("QEMU", "undefine", flags, _KNOWN)
    async with domain.changes, engine.defining:
        if domain.definition is None:
            raise InvalidState(
                f"domain {domain.name!r} is transient: it has no definition",
                hint="it disappears when it stops",
            )
        _check_alone(engine, domain, flags)
        with anyio.CancelScope(shield=True):
            # First, and at one stroke: what is left of a process killed now is nobody's.
            await engine.root.remove_definition(domain.name)
            saved = engine.root.managed_save(domain.key.uuid)
            if saved.exists():
                await remove_durably(saved)
            variables = _variables(domain)
            if flags & Flags.NVRAM and variables is not None:
                await remove_durably(variables)
            if not flags & Flags.KEEP_TPM and domain.live is None:
                forget_chips(domain.definition, chip_states(engine.root.path, domain.key.uuid))
            if domain.live is None:  # else the records go when it ends
                await to_thread.run_sync(engine.root.remove_points, domain.key.uuid)
                domain.snapshots = domain.checkpoints = None
            domain.definition = None
            domain.autostart = domain.autostart_once = False
            if domain.live is None:
                engine.handed.drop(domain.key.uuid)
                engine.registry.remove(domain)
    engine.tell(domain, LifecycleDetail.UNDEFINED_REMOVED)


def _variables(domain: ManagedDomain) -> Path | None:
    """The file of the firmware's variables, if there is one."""
    path = domain.definition.os.nvram.path if domain.definition is not None else None
    return Path(path) if path and Path(path).exists() else None


def _check_alone(engine: Engine, domain: ManagedDomain, flags: int) -> None:
    """See that nothing is kept beside the definition that the flags do not name."""
    uuid = domain.key.uuid
    if engine.root.managed_save(uuid).exists() and not flags & Flags.MANAGED_SAVE:
        raise InvalidState(
            f"domain {domain.name!r} has a managed save image",
            hint="remove it first, or say that it goes, too (--managed-save)",
        )
    variables = _variables(domain)
    if variables is not None and not flags & (Flags.NVRAM | Flags.KEEP_NVRAM):
        raise InvalidState(
            f"domain {domain.name!r} has variables of its firmware in {variables}",
            hint="say that they go, too (--nvram), or stay (--keep-nvram)",
        )
    for kind, flag, words in _POINTS:
        if domain.live is None and engine.root.has_points(kind, uuid) and not flags & flag:
            raise InvalidState(
                f"domain {domain.name!r} has {words}",
                hint=f"delete them first, or say that their records go, too (--{kind}-metadata)",
            )
