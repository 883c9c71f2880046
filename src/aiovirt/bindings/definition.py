"""The rows of `Definition`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, fixed, flags, flags_and_bits
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import Result, field, ignored
from aiovirt.bindings.values import DOMAIN, TRUTH, UUID_BYTES, document, number
from aiovirt.config import DomainConfig
from aiovirt.interfaces import Definition
from aiovirt.model.constants import (
    DomainCreateFlags,
    DomainDefineFlags,
    DomainFDAssociateFlags,
    DomainModificationImpact,
    DomainUndefineFlags,
    DomainXMLFlags,
)
from aiovirt.model.domain import state_reason
from aiovirt.protocols.libvirt.tables import connect, domain_devices
from aiovirt.protocols.libvirt.tables import domain as p

__all__ = ["ROWS"]

CONFIG = document(DomainConfig)
IMPACT = flags(DomainModificationImpact)
METADATA = arg("kind", "type", number({"description": 0, "title": 1, "element": 2}))
NO_FLAGS = fixed("flags", 0)

STATE = Result(
    ("state", "reason"),
    lambda reply: state_reason(reply.state, reply.reason),
    lambda kind, reason: kind(int(reason.state), reason.number),
)


CORE = (
    bind(
        Definition.define,
        p.DOMAIN_DEFINE_XML_FLAGS,
        arg("config", "xml", CONFIG),
        flags(DomainDefineFlags),
        returns=field("dom", DOMAIN),
    ),
    bind(
        Definition.create,
        p.DOMAIN_CREATE_XML,
        arg("config", "xml_desc", CONFIG),
        flags(DomainCreateFlags),
        returns=field("dom", DOMAIN),
    ),
    bind(Definition.undefine, p.DOMAIN_UNDEFINE_FLAGS, DOM, flags(DomainUndefineFlags)),
    bind(
        Definition.find_by_name,
        p.DOMAIN_LOOKUP_BY_NAME,
        arg("name"),
        returns=field("dom", DOMAIN),
    ),
    bind(
        Definition.find_by_uuid,
        p.DOMAIN_LOOKUP_BY_UUID,
        arg("uuid", value=UUID_BYTES),
        returns=field("dom", DOMAIN),
    ),
    bind(
        Definition.find_by_id,
        p.DOMAIN_LOOKUP_BY_ID,
        arg("number", "id"),
        returns=field("dom", DOMAIN),
    ),
    bind(
        Definition.config,
        p.DOMAIN_GET_XML_DESC,
        DOM,
        flags_and_bits(
            DomainXMLFlags, inactive=DomainXMLFlags.INACTIVE, secure=DomainXMLFlags.SECURE
        ),
        returns=field("xml", CONFIG),
    ),
    bind(
        Definition.set_autostart,
        p.DOMAIN_SET_AUTOSTART,
        DOM,
        arg("autostart", value=TRUTH),
    ),
)

FURTHER = (
    bind(
        Definition.autostart,
        p.DOMAIN_GET_AUTOSTART,
        DOM,
        returns=field("autostart", TRUTH),
    ),
    bind(
        Definition.autostart_once,
        p.DOMAIN_GET_AUTOSTART_ONCE,
        DOM,
        returns=field("autostart", TRUTH),
    ),
    bind(
        Definition.set_autostart_once,
        p.DOMAIN_SET_AUTOSTART_ONCE,
        DOM,
        arg("autostart", value=TRUTH),
    ),
    bind(
        Definition.rename,
        p.DOMAIN_RENAME,
        DOM,
        arg("name", "new_name"),
        NO_FLAGS,
        returns=ignored("retcode"),
    ),
    bind(
        Definition.metadata,
        p.DOMAIN_GET_METADATA,
        DOM,
        METADATA,
        arg("uri"),
        IMPACT,
        returns=field("metadata"),
    ),
    bind(
        Definition.set_metadata,
        p.DOMAIN_SET_METADATA,
        DOM,
        METADATA,
        arg("text", "metadata"),
        arg("key"),
        arg("uri"),
        IMPACT,
    ),
    bind(Definition.state, p.DOMAIN_GET_STATE, DOM, NO_FLAGS, returns=STATE),
    bind(Definition.is_active, p.DOMAIN_IS_ACTIVE, DOM, returns=field("active", TRUTH)),
    bind(
        Definition.is_persistent,
        p.DOMAIN_IS_PERSISTENT,
        DOM,
        returns=field("persistent", TRUTH),
    ),
    bind(Definition.is_updated, p.DOMAIN_IS_UPDATED, DOM, returns=field("updated", TRUTH)),
    bind(Definition.os_type, p.DOMAIN_GET_OS_TYPE, DOM, returns=field("type")),
    bind(
        Definition.from_native,
        connect.CONNECT_DOMAIN_XML_FROM_NATIVE,
        arg("form", "native_format"),
        arg("text", "native_config"),
        NO_FLAGS,
        returns=field("domain_xml", CONFIG),
    ),
    bind(
        Definition.to_native,
        connect.CONNECT_DOMAIN_XML_TO_NATIVE,
        arg("form", "native_format"),
        arg("config", "domain_xml", CONFIG),
        NO_FLAGS,
        returns=field("native_config"),
    ),
    bind(
        Definition.create_with_files,
        p.DOMAIN_CREATE_XML_WITH_FILES,
        arg("config", "xml_desc", CONFIG),
        flags(DomainCreateFlags),
        returns=field("dom", DOMAIN),
        files="files",
    ),
    bind(
        Definition.associate_files,
        domain_devices.DOMAIN_FD_ASSOCIATE,
        DOM,
        arg("name"),
        flags(DomainFDAssociateFlags),
        files="files",
    ),
)

ROWS = (*CORE, *FURTHER)
