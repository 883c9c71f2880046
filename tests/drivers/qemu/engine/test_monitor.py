"""How long the engine waits for a QEMU that is late."""

from __future__ import annotations

import pytest

from aiovirt.drivers.qemu.engine.monitor import patience
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S, SILENT_BOUND_S


@pytest.mark.parametrize(
    ("silent_s", "waits_s"),
    [
        (0.0, ANSWER_BOUND_S),
        (ANSWER_BOUND_S / 2, ANSWER_BOUND_S / 2),
        (ANSWER_BOUND_S, SILENT_BOUND_S),
        (10 * ANSWER_BOUND_S, SILENT_BOUND_S),
    ],
)
def test_one_that_is_late_gets_its_whole_time_before_it_counts_as_silent(
    silent_s: float, waits_s: float
) -> None:
    assert patience(silent_s) == waits_s
