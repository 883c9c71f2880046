"""The rows of `Definition`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, bits, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field
from aiovirt.bindings.values import DOMAIN, TRUTH, UUID_BYTES, document
from aiovirt.config import DomainConfig
from aiovirt.interfaces import Definition
from aiovirt.model.constants import (
    DomainCreateFlags,
    DomainDefineFlags,
    DomainUndefineFlags,
    DomainXMLFlags,
)
from aiovirt.protocols.libvirt.tables import domain as p

__all__ = ["ROWS"]

CONFIG = document(DomainConfig)

ROWS = (
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
        bits(inactive=DomainXMLFlags.INACTIVE, secure=DomainXMLFlags.SECURE),
        returns=field("xml", CONFIG),
    ),
    bind(
        Definition.set_autostart,
        p.DOMAIN_SET_AUTOSTART,
        DOM,
        arg("autostart", value=TRUTH),
    ),
)
