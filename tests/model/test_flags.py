"""Flags by the names of boolean arguments."""

from __future__ import annotations

import pytest

from aiovirt.model.constants import DomainMigrateFlags
from aiovirt.model.flags import asked, fits, flag_set


def test_names_add_to_what_is_given() -> None:
    found = flag_set("DomainMigrateFlags", DomainMigrateFlags.LIVE, unsafe=True, offline=False)
    assert found == DomainMigrateFlags.LIVE | DomainMigrateFlags.UNSAFE


def test_nothing_set_leaves_what_is_given() -> None:
    assert flag_set("DomainMigrateFlags", 0, unsafe=False) == 0


def test_a_name_must_be_one() -> None:
    with pytest.raises(KeyError):
        flag_set("DomainMigrateFlags", 0, nonsense=True)


def test_a_group_of_which_no_flag_is_set_asks_for_nothing() -> None:
    groups = ({1: "on", 2: "off"}, {4: "kept", 8: "lost"})
    assert asked(groups, 3) == [["on", "off"]]
    assert asked(groups, 6) == [["off"], ["kept"]]
    assert asked(groups, 0) == []


def test_a_thing_fits_one_flag_of_each_group_that_any_is_set_of() -> None:
    groups = ({1: lambda n: n > 0, 2: lambda n: n < 0}, {4: lambda n: n % 2 == 0})
    assert [n for n in (-2, -1, 0, 1, 2) if fits(n, 5, groups)] == [2]
    assert fits(0, 0, groups)
