"""Which of several networks or pools are what is asked for, and what their states allow."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from aiovirt.config import NetworkConfig
from aiovirt.drivers.common.managed import Managed, choose
from aiovirt.errors import InvalidState, NotFound
from aiovirt.model.constants import ConnectListAllNetworksFlags as Networks
from aiovirt.model.constants import ConnectListAllStoragePoolsFlags as Pools

FILTERS = ("ACTIVE", "INACTIVE", "PERSISTENT", "TRANSIENT", "AUTOSTART", "NO_AUTOSTART")


@dataclass
class Row:
    name: str
    active: bool = False
    persistent: bool = True
    autostart: bool = False


ROWS = (Row("off"), Row("on", active=True, autostart=True), Row("brief", True, False))


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (0, "off on brief"),
        (Networks.ACTIVE, "on brief"),
        (Networks.ACTIVE | Networks.INACTIVE, "off on brief"),
        (Networks.ACTIVE | Networks.PERSISTENT, "on"),
        (Networks.NO_AUTOSTART | Networks.TRANSIENT, "brief"),
    ],
)
def test_flags_choose(flags: int, names: str) -> None:
    assert [row.name for row in choose(ROWS, flags=flags)] == names.split()


def test_words_choose() -> None:
    assert [row.name for row in choose(ROWS, active=False)] == ["off"]
    assert [row.name for row in choose(ROWS, persistent=True, autostart=False)] == ["off"]


@pytest.mark.parametrize("name", FILTERS)
def test_pools_have_the_numbers_of_networks(name: str) -> None:
    assert int(Networks[name]) == int(Pools[name])


def test_what_is_neither_defined_nor_active_is_gone() -> None:
    thing = Managed[NetworkConfig]("network", "n", UUID(int=1))
    with pytest.raises(NotFound, match="network 'n' is gone"):
        thing.current()
    with pytest.raises(InvalidState, match="transient"):
        thing.check_persistent()
