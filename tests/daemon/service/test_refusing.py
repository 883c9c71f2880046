"""What clients are told of errors: libvirt's numbers for the kind of thing."""

from __future__ import annotations

import pytest

from aiovirt.daemon.service.refusing import refusal
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    ConfigError,
    InvalidState,
    NotFound,
    Unresponsive,
    Unsupported,
    XMLError,
)

GONE = NotFound("'lab' is not there")


@pytest.mark.parametrize(
    ("error", "procedure", "code", "domain"),
    [
        (GONE, "DOMAIN_GET_INFO", 42, 10),
        (GONE, "NETWORK_CREATE", 43, 19),
        (GONE, "STORAGE_POOL_CREATE", 49, 18),
        (GONE, "STORAGE_VOL_DELETE", 50, 18),
        (NotFound("no storage pool 'lab'"), "STORAGE_VOL_CREATE_XML", 49, 18),
        (NotFound("there is no domain 'web1'"), "DOMAIN_SNAPSHOT_NUM", 42, 35),
        (GONE, "DOMAIN_SNAPSHOT_DELETE", 72, 35),
        (GONE, "SECRET_GET_VALUE", 66, 30),
        (GONE, "NODE_DEVICE_GET_PARENT", 53, 22),
        (GONE, "INTERFACE_CREATE", 57, 26),
        (GONE, "NWFILTER_UNDEFINE", 62, 33),
        (AlreadyExists("it is there"), "STORAGE_VOL_CREATE_XML", 90, 18),
        (InvalidState("it runs"), "DOMAIN_CREATE", 55, 10),
        (Unsupported("QEMU", "reset"), "DOMAIN_RESET", 3, 10),
        (XMLError("no name"), "DOMAIN_DEFINE_XML", 27, 10),
        (ConfigError("no such machine"), "DOMAIN_DEFINE_XML", 67, 10),
        (Unresponsive("it does not answer within 5 s"), "DOMAIN_GET_INFO", 68, 10),
    ],
)
def test_numbers(error: AiovirtError, procedure: str, code: int, domain: int) -> None:
    told = refusal(error, procedure, "qemu")
    assert (told.code, told.domain, told.message) == (code, domain, str(error))
