"""The numbers of devices in a file that is changed."""

from __future__ import annotations

import pytest

from aiovirt.drivers.common.vmx.translation import Known, Numbers


@pytest.mark.parametrize(
    ("old", "known", "assigned"),
    [
        ([], ["a", "b"], [0, 1]),
        ([("a", 3), ("b", 1)], ["b", "a"], [1, 3]),
        ([("a", 3), ("b", 1)], ["c", "b"], [3, 1]),
        ([("a", 1)], ["b", "c", "d"], [1, 0, 2]),
        ([("", 2), ("", 5)], ["", ""], [2, 5]),
        ([("a", 0)], ["a", "a"], [0, 1]),
        ([(None, 0), ("a", 1)], ["b", "c"], [1, 2]),
    ],
)
def test_devices_keep_their_numbers(old: Known, known: list[str], assigned: list[int]) -> None:
    assert Numbers({"dev": old}).assign("dev", known) == assigned
    assert Numbers({"other": old}).assign("dev", known) == list(range(len(known)))
