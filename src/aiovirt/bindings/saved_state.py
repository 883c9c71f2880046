"""The rows of `SavedState`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, bits, fixed, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field
from aiovirt.bindings.values import TRUTH, document, enumeration, maybe
from aiovirt.config import DomainConfig
from aiovirt.interfaces import SavedState
from aiovirt.model.constants import (
    DomainCoreDumpFlags,
    DomainCoreDumpFormat,
    DomainSaveImageXMLFlags,
    DomainSaveRestoreFlags,
)
from aiovirt.protocols.libvirt.tables import domain_jobs as p

__all__ = ["ROWS"]

CONFIG = document(DomainConfig)
OTHER_CONFIG = arg("config", "dxml", maybe(CONFIG))
HOW = flags(DomainSaveRestoreFlags)
SECURE = bits(secure=DomainSaveImageXMLFlags.SECURE)
NO_FLAGS = fixed("flags", 0)

ROWS = (
    bind(SavedState.save, p.DOMAIN_SAVE_FLAGS, DOM, arg("path", "to"), OTHER_CONFIG, HOW),
    bind(SavedState.save_with, p.DOMAIN_SAVE_PARAMS, DOM, arg("params"), HOW),
    bind(SavedState.restore, p.DOMAIN_RESTORE_FLAGS, arg("path", "from_"), OTHER_CONFIG, HOW),
    bind(SavedState.restore_with, p.DOMAIN_RESTORE_PARAMS, arg("params"), HOW),
    bind(
        SavedState.image_config,
        p.DOMAIN_SAVE_IMAGE_GET_XML_DESC,
        arg("path", "file"),
        SECURE,
        returns=field("xml", CONFIG),
    ),
    bind(
        SavedState.set_image_config,
        p.DOMAIN_SAVE_IMAGE_DEFINE_XML,
        arg("path", "file"),
        arg("config", "dxml", CONFIG),
        HOW,
    ),
    bind(SavedState.managed_save, p.DOMAIN_MANAGED_SAVE, DOM, HOW),
    bind(
        SavedState.has_managed_save,
        p.DOMAIN_HAS_MANAGED_SAVE_IMAGE,
        DOM,
        NO_FLAGS,
        returns=field("result", TRUTH),
    ),
    bind(SavedState.remove_managed_save, p.DOMAIN_MANAGED_SAVE_REMOVE, DOM, NO_FLAGS),
    bind(
        SavedState.managed_save_config,
        p.DOMAIN_MANAGED_SAVE_GET_XML_DESC,
        DOM,
        SECURE,
        returns=field("xml", CONFIG),
    ),
    bind(
        SavedState.set_managed_save_config,
        p.DOMAIN_MANAGED_SAVE_DEFINE_XML,
        DOM,
        arg("config", "dxml", CONFIG),
        HOW,
    ),
    bind(
        SavedState.dump,
        p.DOMAIN_CORE_DUMP_WITH_FORMAT,
        DOM,
        arg("path", "to"),
        arg("dump_format", "dumpformat", enumeration(DomainCoreDumpFormat)),
        flags(DomainCoreDumpFlags),
    ),
)
