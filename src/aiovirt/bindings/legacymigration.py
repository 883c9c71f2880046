"""The rows of `LegacyMigration`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, whole
from aiovirt.bindings.values import DOMAIN, PLAIN, TRUTH, scaled
from aiovirt.interfaces import LegacyMigration
from aiovirt.model.constants import DomainMigrateFlags
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared
from aiovirt.protocols.libvirt.tables import domain_migration as p

__all__ = ["ROWS"]

COOKIE = arg("cookie")
COOKIE_IN = arg("cookie", "cookie_in")
NAME = arg("name", "dname")
URI_IN = arg("uri", "uri_in")
URI = arg("uri")
XML = arg("xml", "dom_xml")
XML_IN = arg("xml", "xmlin")
DESTINATION = arg("destination", "dconnuri")
CANCELLED = arg("cancelled", value=TRUTH)
HOW = flags(DomainMigrateFlags)
BANDWIDTH = arg("bandwidth", "resource", scaled(1024 * 1024))
LIMITS = (NAME, BANDWIDTH, HOW)
PREPARED = whole(MigrationPrepared, uri=("uri_out", PLAIN))
PREPARED3 = whole(MigrationPrepared, cookie=("cookie_out", PLAIN), uri=("uri_out", PLAIN))

ROWS = (
    bind(LegacyMigration.prepare1, p.DOMAIN_MIGRATE_PREPARE, URI_IN, *LIMITS, returns=PREPARED),
    bind(LegacyMigration.perform1, p.DOMAIN_MIGRATE_PERFORM, DOM, COOKIE, URI, *LIMITS),
    bind(
        LegacyMigration.finish1,
        p.DOMAIN_MIGRATE_FINISH,
        NAME,
        COOKIE,
        URI,
        HOW,
        returns=field("ddom", DOMAIN),
    ),
    bind(
        LegacyMigration.prepare2,
        p.DOMAIN_MIGRATE_PREPARE2,
        URI_IN,
        XML,
        *LIMITS,
        returns=PREPARED,
    ),
    bind(
        LegacyMigration.finish2,
        p.DOMAIN_MIGRATE_FINISH2,
        NAME,
        COOKIE,
        URI,
        arg("failed", "retcode"),
        HOW,
        returns=field("ddom", DOMAIN),
    ),
    bind(
        LegacyMigration.begin3,
        p.DOMAIN_MIGRATE_BEGIN3,
        DOM,
        XML_IN,
        *LIMITS,
        returns=whole(MigrationBegun, cookie=("cookie_out", PLAIN)),
    ),
    bind(
        LegacyMigration.prepare3,
        p.DOMAIN_MIGRATE_PREPARE3,
        URI_IN,
        XML,
        COOKIE_IN,
        *LIMITS,
        returns=PREPARED3,
    ),
    bind(
        LegacyMigration.perform3,
        p.DOMAIN_MIGRATE_PERFORM3,
        DOM,
        COOKIE_IN,
        XML_IN,
        DESTINATION,
        URI,
        *LIMITS,
        returns=field("cookie_out"),
    ),
    bind(
        LegacyMigration.finish3,
        p.DOMAIN_MIGRATE_FINISH3,
        NAME,
        COOKIE_IN,
        DESTINATION,
        URI,
        HOW,
        CANCELLED,
        returns=whole(MigrationFinished, domain=("dom", DOMAIN), cookie=("cookie_out", PLAIN)),
    ),
    bind(
        LegacyMigration.confirm3,
        p.DOMAIN_MIGRATE_CONFIRM3,
        DOM,
        COOKIE_IN,
        HOW,
        CANCELLED,
    ),
)
