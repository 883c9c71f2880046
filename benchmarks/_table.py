"""What every benchmark shares: rows of paired samples, a table of ratios with spread, JSON.

All contenders of a benchmark take turns in one process, block by block; a ratio is taken within
one turn, so that a busy machine slows both sides of it.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["Row", "main", "print_table", "quartiles", "write_json"]


def quartiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile."""
    if len(samples) == 1:
        return samples[0], samples[0], samples[0]
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, middle, high


@dataclass
class Row:
    """One contender under one condition.

    Attributes:
        group: The condition, such as ``2 GiB touched``.
        name: The contender.
        unit: Of the samples: a rate (more is better), such as ``spawns/s``.
        samples: One for each turn.
        base: The samples that this row is compared with, turn by turn, or empty.
        base_name: What they are.
        bar: The least median ratio that is asked for, or None.
    """

    group: str
    name: str
    unit: str
    samples: list[float] = field(default_factory=list)
    base: list[float] = field(default_factory=list)
    base_name: str = ""
    bar: float | None = None

    @property
    def ratios(self) -> list[float]:
        """The sample of each turn over its base."""
        return (
            [own / base for own, base in zip(self.samples, self.base, strict=True)]
            if self.base
            else []
        )

    @property
    def missed(self) -> bool:
        """Whether there is a bar, and it is not met."""
        return self.bar is not None and bool(self.ratios) and quartiles(self.ratios)[1] < self.bar

    def verdict(self) -> str:
        """Say whether the bar is met."""
        if self.bar is None or not self.ratios:
            return ""
        return f"{'MISSED' if self.missed else 'ok'} (>= {self.bar:g})"


def _cells(row: Row) -> list[str]:
    median = quartiles(row.samples)[1]
    cells = [row.group, row.name, f"{median:,.1f} {row.unit}"]
    if row.ratios:
        low, middle, high = quartiles(row.ratios)
        return [*cells, f"{middle:.2f}  [{low:.2f} .. {high:.2f}]", row.base_name, row.verdict()]
    return [*cells, "", "", ""]


def print_table(rows: Sequence[Row]) -> None:
    """Print medians, and median ratios with their quartiles."""
    head = ["condition", "contender", "median", "ratio [quartiles]", "over", "bar"]
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def write_json(rows: Sequence[Row], path: Path) -> None:
    """Write all samples, for `compare.py`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    host = {"python": platform.python_version(), "kernel": platform.release()}
    path.write_text(
        json.dumps({"host": host, "rows": [asdict(row) for row in rows]}, indent=1) + "\n",
        encoding="utf-8",
    )


def main(measure: Callable[[], list[Row]], description: str | None) -> None:
    """Measure, print the table, and write JSON where `--json` says.

    Raises:
        SystemExit: With status 1, at the end, when a bar was missed.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here")
    arguments = parser.parse_args()
    rows = measure()
    print_table(rows)
    if arguments.json is not None:
        write_json(rows, arguments.json)
    if any(row.missed for row in rows):
        sys.exit(1)
