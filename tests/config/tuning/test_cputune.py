"""Processor time."""

from __future__ import annotations

import pytest

from aiovirt.config import CpuTune, VcpuPin, VcpuSchedule, problems
from aiovirt.errors import XMLError


def test_pins_are_a_list() -> None:
    tune = CpuTune(quota=-1, vcpupins=[VcpuPin(vcpu=0, cpuset="0-3,^2")])
    assert "<vcpupin vcpu='0' cpuset='0-3,^2'/>" in tune.to_xml()


@pytest.mark.parametrize("period", [999, 1_000_001])
def test_a_period_has_bounds(period: int) -> None:
    with pytest.raises(XMLError, match="1000 to 1000000"):
        CpuTune(period=period)


@pytest.mark.parametrize(
    ("scheduler", "priority", "wrong"),
    [("fifo", 1, 0), ("fifo", None, 1), ("batch", None, 0), ("batch", 1, 1)],
)
def test_only_threads_in_real_time_have_a_priority(
    scheduler: str, priority: int | None, wrong: int
) -> None:
    schedule = VcpuSchedule(scheduler=scheduler, priority=priority)
    assert len(list(problems(schedule))) == wrong
