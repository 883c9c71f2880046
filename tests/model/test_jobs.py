"""How far a job is."""

from __future__ import annotations

import pytest

from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.model.params import ParamValue


def stats(**figures: ParamValue) -> JobStats:
    """Return the statistics of a job that is under way."""
    return JobStats(JobKind.UNBOUNDED, figures)


@pytest.mark.parametrize(
    ("figures", "fraction"),
    [
        ({"data_total": 4, "data_remaining": 1, "memory_total": 9}, 0.75),
        ({"memory_total": 2, "memory_remaining": 1, "disk_total": 2, "disk_remaining": 0}, 0.75),
        ({"memory_total": 2, "memory_remaining": 3}, 0.0),
        ({"data_total": 0, "data_remaining": 0}, None),
        ({"errmsg": "no figures"}, None),
    ],
)
def test_fraction(figures: dict[str, ParamValue], fraction: float | None) -> None:
    assert stats(**figures).fraction == fraction


def test_only_work_under_way_is_active() -> None:
    assert [kind for kind in JobKind if JobStats(kind, {}).active] == [
        JobKind.BOUNDED,
        JobKind.UNBOUNDED,
    ]


def test_figures() -> None:
    known = stats(data_processed=3, time_elapsed=5, errmsg="text")
    assert (known.processed, known.elapsed_ms, known.figure("errmsg")) == (3, 5, None)
