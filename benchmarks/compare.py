"""Set two runs of a benchmark side by side: python benchmarks/compare.py OLD NEW."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from _table import Row, quartiles


def load(path: Path) -> dict[tuple[str, str], Row]:
    """Read what `_table.write_json` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    rows = (Row(**row) for row in document["rows"])
    return {(row.group, row.name): row for row in rows}


def figure(row: Row | None) -> tuple[float, float, float] | None:
    """Return what to compare: ratios where there are any (they bear a busy machine), else rates."""
    return None if row is None else quartiles(row.ratios or row.samples)


def line(old: Row | None, new: Row | None) -> str:
    """Say how one row changed; a change counts when the quartiles are apart."""
    before, after = figure(old), figure(new)
    if before is None or after is None:
        return "only in the new run" if before is None else "only in the old run"
    apart = after[0] > before[2] or after[2] < before[0]
    change = after[1] / before[1] - 1
    return f"{before[1]:10.2f} -> {after[1]:10.2f}  {change:+7.1%}{'  *' if apart else ''}"


def main() -> None:
    """Compare two files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    arguments = parser.parse_args()
    old, new = load(arguments.old), load(arguments.new)
    for key in dict.fromkeys([*old, *new]):
        print(f"{key[0]:24} {key[1]:24} {line(old.get(key), new.get(key))}")
    print("* the quartiles of the two runs do not overlap")


if __name__ == "__main__":
    main()
