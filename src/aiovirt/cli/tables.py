"""Tables and records as text, laid out by rich. It knows results, and no verb."""

from __future__ import annotations

from io import StringIO

from rich.box import Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aiovirt.cli.results import Column, Record, Row, Rows

__all__ = ["draw"]

# A rule under the headings and nothing else, as virsh draws it; plain ASCII for every terminal.
_RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)

# A pipe has no width: nothing is folded or cut there.
_UNBOUNDED = 100_000


def draw(result: Rows | Record, *, headings: bool, terminal: bool) -> str:
    """The result as lines of text.

    Args:
        result: What to draw.
        headings: Whether a table has headings.
        terminal: Whether it is seen on a terminal: then it has colours, and folds at its width.
    """
    table = _record(result) if isinstance(result, Record) else _table(result, headings=headings)
    console = Console(
        file=StringIO(),
        force_terminal=terminal,
        no_color=None if terminal else True,
        width=None if terminal else _UNBOUNDED,
        highlight=False,
    )
    with console.capture() as capture:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _table(result: Rows, *, headings: bool) -> Table:
    if headings and not result.bare:
        table = Table(box=_RULED, show_edge=False, header_style="bold")
    else:
        table = Table.grid(padding=(0, 2))
    for column in result.columns:
        table.add_column(Text(column.heading), overflow="fold")
    for row in result.rows:
        table.add_row(*(_cell(column, row) for column in result.columns))
    return table


def _record(result: Record) -> Table:
    table = Table.grid(padding=(0, 2))
    for column in result.columns:
        table.add_row(Text(f"{column.heading}:", style="bold"), _cell(column, result.row))
    return table


def _cell(column: Column, row: Row) -> Text:
    """The value as literal text: a name may look like markup."""
    return Text(column.cell(row), style=column.style(row) if column.style else "")
