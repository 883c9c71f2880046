"""The rows of `Checkpoints`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, fixed, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing
from aiovirt.bindings.values import CHECKPOINT, document
from aiovirt.config import CheckpointConfig
from aiovirt.interfaces import Checkpoints
from aiovirt.model.constants import (
    DomainCheckpointCreateFlags,
    DomainCheckpointDeleteFlags,
    DomainCheckpointListFlags,
    DomainCheckpointXMLFlags,
)
from aiovirt.protocols.libvirt.tables import domain_snapshots as p

__all__ = ["ROWS"]

CONFIG = document(CheckpointConfig)
POINT = arg("checkpoint", value=CHECKPOINT)
NO_FLAGS = fixed("flags", 0)
NEED_RESULTS = fixed("need_results", 1)

ROWS = (
    bind(
        Checkpoints.create_checkpoint,
        p.DOMAIN_CHECKPOINT_CREATE_XML,
        DOM,
        arg("config", "xml_desc", CONFIG),
        flags(DomainCheckpointCreateFlags),
        returns=field("checkpoint", CHECKPOINT),
    ),
    bind(
        Checkpoints.checkpoint_config,
        p.DOMAIN_CHECKPOINT_GET_XML_DESC,
        POINT,
        flags(DomainCheckpointXMLFlags),
        returns=field("xml", CONFIG),
    ),
    bind(
        Checkpoints.checkpoints,
        p.DOMAIN_LIST_ALL_CHECKPOINTS,
        DOM,
        NEED_RESULTS,
        flags(DomainCheckpointListFlags),
        returns=listing("checkpoints", CHECKPOINT),
    ),
    bind(
        Checkpoints.checkpoint_children,
        p.DOMAIN_CHECKPOINT_LIST_ALL_CHILDREN,
        POINT,
        NEED_RESULTS,
        flags(DomainCheckpointListFlags),
        returns=listing("checkpoints", CHECKPOINT),
    ),
    bind(
        Checkpoints.find_checkpoint,
        p.DOMAIN_CHECKPOINT_LOOKUP_BY_NAME,
        DOM,
        arg("name"),
        NO_FLAGS,
        returns=field("checkpoint", CHECKPOINT),
    ),
    bind(
        Checkpoints.checkpoint_parent,
        p.DOMAIN_CHECKPOINT_GET_PARENT,
        POINT,
        NO_FLAGS,
        returns=field("parent", CHECKPOINT),
    ),
    bind(
        Checkpoints.delete_checkpoint,
        p.DOMAIN_CHECKPOINT_DELETE,
        POINT,
        flags(DomainCheckpointDeleteFlags),
    ),
)
