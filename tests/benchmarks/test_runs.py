"""What the benchmarks share: runs are kept whole, compared, and judged by their bars."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

MEASURE = """\
from _table import Row, main
def measure():
    yield Row("sequential", "ours", "calls/s", [{figure}], [1.0], "a socket", None)
    yield Row("sequential", "ours", "calls/s", [{figure}], [2.0], "the peer", {bar})
main(lambda: list(measure()), None)
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PYTHONPATH": str(BENCHMARKS)},
        capture_output=True,
        text=True,
        check=False,
    )


def measured(file: Path, figure: float, bar: float = 1.0) -> int:
    """Make a benchmark of two rows write its results; return its exit status."""
    code = MEASURE.format(figure=figure, bar=bar)
    return python("-c", code, "--json", str(file)).returncode


@pytest.mark.parametrize(("figure", "status"), [(2.0, 0), (1.0, 1)])
def test_a_bar_that_is_missed_is_a_failure(figure: float, status: int, tmp_path: Path) -> None:
    assert measured(tmp_path / "a.json", figure) == status
    assert (tmp_path / "a.json").exists()


def test_two_runs_are_compared_row_by_row_and_none_is_lost(tmp_path: Path) -> None:
    for run, figure in (("old", 4.0), ("new", 8.0)):
        measured(tmp_path / run / "qmp.json", figure)
        measured(tmp_path / run / "spawn.json", figure)
    done = python(str(BENCHMARKS / "compare.py"), str(tmp_path / "old"), str(tmp_path / "new"))
    *rows, _legend = done.stdout.splitlines()
    assert [line.split()[0] for line in rows] == ["qmp", "qmp", "spawn", "spawn"]
    assert all("+100.0%  *" in line for line in rows)


def test_two_files_of_any_name_are_compared(tmp_path: Path) -> None:
    measured(tmp_path / "before.json", 4.0)
    measured(tmp_path / "after.json", 2.0)
    files = (str(tmp_path / "before.json"), str(tmp_path / "after.json"))
    done = python(str(BENCHMARKS / "compare.py"), *files)
    assert done.stdout.count("-50.0%") == 2


def test_a_run_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = python(str(BENCHMARKS / "compare.py"), str(tmp_path / "nosuch"), str(tmp_path))
    assert (done.returncode, "there is no run in" in done.stderr) == (2, True)
