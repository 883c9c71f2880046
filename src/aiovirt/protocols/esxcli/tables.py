"""What ``esxcli`` prints with ``--formatter=csv`` and ``--formatter=keyvalue``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from aiovirt.errors import ProtocolError

__all__ = ["parse_csv", "parse_keyvalue", "split_list"]

_PAIR = re.compile(r"[\w-]+(?:\[\d+\])?\.([\w-]+)\.[\w\[\]-]+=(.*)", re.DOTALL)
"""``VersionGet.Product.string=VMware ESXi``: structure, field, type, value."""


def parse_csv(text: str) -> list[Mapping[str, str]]:
    """Read a list: a mapping for each row, by the names of the columns.

    Each row ends in a comma, which begins no column.

    Raises:
        ProtocolError: It is no such list.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise ProtocolError(f"esxcli printed no table: {error}") from error
    if not rows:
        return []
    names = _columns(rows[0])
    return [_named(names, _row(row)) for row in rows[1:]]


def _columns(row: list[str]) -> list[str]:
    names = _row(row)
    if len(set(names)) != len(names) or not all(names):
        raise ProtocolError(f"esxcli printed a table with the columns {', '.join(names)}")
    return names


def _row(row: list[str]) -> list[str]:
    """A row without what stands behind its last comma."""
    if row[-1]:
        raise ProtocolError(f"esxcli printed a row that ends in {row[-1]!r}")
    return row[:-1]


def _named(names: list[str], row: list[str]) -> Mapping[str, str]:
    if len(row) != len(names):
        raise ProtocolError(f"esxcli printed {len(row)} values for {len(names)} columns")
    return dict(zip(names, row, strict=True))


def parse_keyvalue(text: str) -> Mapping[str, str]:
    """Read one structure: its values by the names of its fields.

    A value may have line breaks.

    Raises:
        ProtocolError: It is no such structure.
    """
    found: dict[str, str] = {}
    name = ""
    for line in text.removesuffix("\n").split("\n") if text else ():
        match = _PAIR.fullmatch(line)
        if match is not None:
            name = match[1]
            found[name] = match[2]
        elif name:
            found[name] += f"\n{line}"
        else:
            raise ProtocolError(f"esxcli printed {line[:80]!r} and no field")
    return found


def split_list(value: str) -> list[str]:
    """The items of a column that is a list: they are separated, and ended, by commas."""
    return [item.strip() for item in value.split(",") if item.strip()]
