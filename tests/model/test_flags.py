"""Flags by the names of boolean arguments."""

from __future__ import annotations

import pytest

from aiovirt.model.constants import DomainMigrateFlags
from aiovirt.model.flags import flag_set


def test_names_add_to_what_is_given() -> None:
    found = flag_set("DomainMigrateFlags", DomainMigrateFlags.LIVE, unsafe=True, offline=False)
    assert found == DomainMigrateFlags.LIVE | DomainMigrateFlags.UNSAFE


def test_nothing_set_leaves_what_is_given() -> None:
    assert flag_set("DomainMigrateFlags", 0, unsafe=False) == 0


def test_a_name_must_be_one() -> None:
    with pytest.raises(KeyError):
        flag_set("DomainMigrateFlags", 0, nonsense=True)
