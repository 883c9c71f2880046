"""The rows of `Backups`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, fixed, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field
from aiovirt.bindings.values import document, maybe
from aiovirt.config import BackupConfig, CheckpointConfig
from aiovirt.interfaces import Backups
from aiovirt.model.constants import DomainBackupBeginFlags
from aiovirt.protocols.libvirt.tables import domain_snapshots as p

__all__ = ["ROWS"]

CONFIG = document(BackupConfig)

ROWS = (
    bind(
        Backups.begin_backup,
        p.DOMAIN_BACKUP_BEGIN,
        DOM,
        arg("config", "backup_xml", CONFIG),
        arg("checkpoint", "checkpoint_xml", maybe(document(CheckpointConfig))),
        flags(DomainBackupBeginFlags),
    ),
    bind(
        Backups.backup_config,
        p.DOMAIN_BACKUP_GET_XML_DESC,
        DOM,
        fixed("flags", 0),
        returns=field("xml", CONFIG),
    ),
)
