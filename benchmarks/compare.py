"""Set two runs of the benchmarks side by side: their folders, or the files of one benchmark.

python benchmarks/compare.py [OLD NEW]; without arguments the last run beside the one before it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from _table import Row, quartiles

RESULTS = Path(__file__).parent / "results"
"""Where `nox -s bench` writes; what was there before is in `previous`."""

Key = tuple[str, str, str, str]


def load(path: Path) -> dict[Key, Row]:
    """Read a run that `_table.write_json` wrote: a file, or all files of a folder.

    Returns:
        The rows by benchmark (empty for a file), group, name, and what they are compared with.
    """
    files = {file.stem: file for file in sorted(path.glob("*.json"))}
    rows: dict[Key, Row] = {}
    for benchmark, file in (files if path.is_dir() else {"": path}).items():
        document = json.loads(file.read_text(encoding="utf-8"))
        for row in (Row(**values) for values in document["rows"]):
            rows[benchmark, row.group, row.name, row.base_name] = row
    return rows


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


def show(old: Mapping[Key, Row], new: Mapping[Key, Row]) -> None:
    """Print a line for each row of either run."""
    for key in dict.fromkeys([*old, *new]):
        benchmark, group, name, base = key
        contender = f"{name} over {base}" if base else name
        print(f"{benchmark:10} {group:24} {contender:48} {line(old.get(key), new.get(key))}")
    print("* the quartiles of the two runs do not overlap")


def main() -> None:
    """Compare two runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path, nargs="?", default=RESULTS / "previous")
    parser.add_argument("new", type=Path, nargs="?", default=RESULTS)
    arguments = parser.parse_args()
    for path in (arguments.old, arguments.new):
        if not path.exists():
            parser.error(f"there is no run in {path}")
    if arguments.old.is_dir() != arguments.new.is_dir():
        parser.error("give two folders or two files")
    show(load(arguments.old), load(arguments.new))


if __name__ == "__main__":
    main()
