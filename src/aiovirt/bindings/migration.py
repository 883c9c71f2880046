"""The rows of `Migration`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, bits, fixed, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, whole
from aiovirt.bindings.values import DOMAIN, PLAIN, TRUTH, scaled
from aiovirt.interfaces import Migration
from aiovirt.model.constants import DomainMigrateFlags, DomainMigrateMaxSpeedFlags
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain_migration as p

__all__ = ["ROWS"]

PARAMS = arg("params")
COOKIE = arg("cookie", "cookie_in")
HOW = flags(DomainMigrateFlags)
CANCELLED = arg("cancelled", value=TRUTH)
NO_FLAGS = fixed("flags", 0)
SPEED = scaled(1024 * 1024)
WHICH_SPEED = bits(postcopy=DomainMigrateMaxSpeedFlags.POSTCOPY)

ROWS = (
    bind(
        Migration.supports,
        c.CONNECT_SUPPORTS_FEATURE,
        arg("feature"),
        returns=field("supported", TRUTH),
    ),
    bind(
        Migration.begin_migration,
        p.DOMAIN_MIGRATE_BEGIN3_PARAMS,
        DOM,
        PARAMS,
        HOW,
        returns=whole(MigrationBegun, cookie=("cookie_out", PLAIN)),
    ),
    bind(
        Migration.prepare_migration,
        p.DOMAIN_MIGRATE_PREPARE3_PARAMS,
        PARAMS,
        COOKIE,
        HOW,
        returns=whole(MigrationPrepared, cookie=("cookie_out", PLAIN), uri=("uri_out", PLAIN)),
    ),
    bind(
        Migration.perform_migration,
        p.DOMAIN_MIGRATE_PERFORM3_PARAMS,
        DOM,
        PARAMS,
        COOKIE,
        arg("destination", "dconnuri"),
        HOW,
        returns=field("cookie_out"),
    ),
    bind(
        Migration.finish_migration,
        p.DOMAIN_MIGRATE_FINISH3_PARAMS,
        PARAMS,
        COOKIE,
        HOW,
        CANCELLED,
        returns=whole(MigrationFinished, domain=("dom", DOMAIN), cookie=("cookie_out", PLAIN)),
    ),
    bind(
        Migration.confirm_migration,
        p.DOMAIN_MIGRATE_CONFIRM3_PARAMS,
        DOM,
        PARAMS,
        COOKIE,
        HOW,
        CANCELLED,
    ),
    bind(Migration.start_post_copy, p.DOMAIN_MIGRATE_START_POST_COPY, DOM, NO_FLAGS),
    bind(
        Migration.max_downtime,
        p.DOMAIN_MIGRATE_GET_MAX_DOWNTIME,
        DOM,
        NO_FLAGS,
        returns=field("downtime"),
    ),
    bind(
        Migration.set_max_downtime,
        p.DOMAIN_MIGRATE_SET_MAX_DOWNTIME,
        DOM,
        arg("downtime_ms", "downtime"),
        NO_FLAGS,
    ),
    bind(
        Migration.max_speed,
        p.DOMAIN_MIGRATE_GET_MAX_SPEED,
        DOM,
        WHICH_SPEED,
        returns=field("bandwidth", SPEED),
    ),
    bind(
        Migration.set_max_speed,
        p.DOMAIN_MIGRATE_SET_MAX_SPEED,
        DOM,
        arg("bandwidth", value=SPEED),
        WHICH_SPEED,
    ),
    bind(
        Migration.compression_cache,
        p.DOMAIN_MIGRATE_GET_COMPRESSION_CACHE,
        DOM,
        NO_FLAGS,
        returns=field("cache_size"),
    ),
    bind(
        Migration.set_compression_cache,
        p.DOMAIN_MIGRATE_SET_COMPRESSION_CACHE,
        DOM,
        arg("size", "cache_size"),
        NO_FLAGS,
    ),
)
