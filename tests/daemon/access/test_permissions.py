"""libvirt's permissions, from the tables."""

from __future__ import annotations

from pathlib import Path

import counterparts
import pytest
from lxml import etree

from aiovirt.daemon.access.permissions import (
    expand,
    is_reading,
    kinds,
    permissions,
    refused_readonly,
    split,
)
from aiovirt.daemon.access.polkitobjects import action_of
from aiovirt.errors import ConfigError
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.registry import registry

ACTIONS = Path("/usr/share/polkit-1/actions/org.libvirt.api.policy")


def procedure(name: str) -> Procedure[object, object]:  # type: ignore[type-var]
    found = (one for one in registry().values() if isinstance(one, Procedure) and one.name == name)
    return next(found)


def test_there_are_those_of_the_tables() -> None:
    assert {"domain:start", "connect:getattr", "storage_vol:data_write"} <= permissions()
    assert len(permissions()) >= 104
    assert {"connect", "domain", "network_port"} <= kinds()


@pytest.mark.real
def test_libvirts_own_actions_are_these() -> None:
    if not ACTIONS.exists():
        counterparts.absent("libvirt's actions for polkit", "libvirt-daemon-system")
    theirs = {str(action.get("id")) for action in etree.parse(ACTIONS).getroot().iter("action")}
    ours = {action_of(*split(name)) for name in permissions()}
    assert theirs <= ours | {"org.libvirt.api.connect.interface-transaction"}


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("domain:read", True),
        ("connect:search_domains", True),
        ("domain:read_secure", False),
        ("storage_vol:data_read", False),
        ("domain:screenshot", False),
    ],
)
def test_what_only_reads(name: str, reads: object) -> None:
    assert is_reading(name) is reads


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("DOMAIN_GET_STATE", False),
        ("DOMAIN_GET_XML_DESC", False),
        ("AUTH_LIST", False),
        ("DOMAIN_CREATE", True),
        ("DOMAIN_SET_SCHEDULER_PARAMETERS", True),
        ("DOMAIN_SAVE_IMAGE_GET_XML_DESC", True),
        ("CONNECT_GET_DOMAIN_CAPABILITIES", True),
    ],
)
def test_what_a_reader_may_not_call(name: str, refused: object) -> None:
    assert refused_readonly(procedure(name)) is refused


def test_patterns_stand_for_several() -> None:
    assert expand("*") == permissions()
    assert expand("domain:*") == {name for name in permissions() if name.startswith("domain:")}
    assert "network:read" in expand("*:read")
    assert expand("domain:read-secure") == {"domain:read_secure"}


def test_a_typo_is_named_with_what_was_meant() -> None:
    with pytest.raises(ConfigError, match="no permission 'domain:strat'") as caught:
        expand("domain:strat")
    assert caught.value.hint == "did you mean 'domain:start'?"
