"""What verbs return: values that know their JSON form, their names, and what a table of them has.

A verb never prints. These values know nothing of streams, colours or formats; `output` and
`tables` write them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiovirt.model.domain import DomainKey

__all__ = ["Column", "Plain", "Record", "Result", "Row", "Rows", "done", "value"]

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, or one line of a record.

    Attributes:
        key: The value it shows, by its name in the structured formats.
        heading: What stands above or before it.
        show: What people read instead of the bare value, by the whole row.
        style: A style of rich, by the whole row.
    """

    key: str
    heading: str
    show: Callable[[Row], str] | None = None
    style: Callable[[Row], str] | None = None

    def cell(self, row: Row) -> str:
        """What this column shows of a row; what is not known is a dash, as virsh has it."""
        if self.show is not None:
            return self.show(row)
        value = row.get(self.key)
        return "-" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Rows:
    """Many of a kind.

    Attributes:
        columns: What a table shows of them.
        rows: All that is known of each: the structured formats give it whole.
        bare: The values alone, without headings: for ``list --name`` and its like.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    bare: bool = False

    @property
    def data(self) -> object:
        """What the structured formats give."""
        return list(self.rows)

    @property
    def names(self) -> Sequence[str]:
        """What ``-o name`` gives."""
        return [str(row["name"]) for row in self.rows if row["name"] is not None]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing with several values: shown one a line, each with its heading."""

    columns: Sequence[Column]
    row: Row

    @property
    def data(self) -> object:
        """What the structured formats give."""
        return self.row

    @property
    def names(self) -> Sequence[str]:
        """What ``-o name`` gives."""
        return [str(self.row["name"])]


@dataclass(frozen=True, slots=True)
class Plain:
    """Something that is read as text: a value, a document, a confirmation.

    Attributes:
        text: What is shown.
        data: What the structured formats give.
        names: What ``-o name`` gives.
        chatter: Whether ``--quiet`` leaves it out.
    """

    text: str
    data: object
    names: Sequence[str]
    chatter: bool = False


Result = Rows | Record | Plain


def done(domain: DomainKey, result: str, sentence: str, **more: object) -> Plain:
    """The confirmation that something was done to a domain.

    Args:
        domain: To which.
        result: One word for programs, such as ``started``.
        sentence: The same for people.
        more: Further values for programs.
    """
    data = {"name": domain.name, "uuid": str(domain.uuid), "result": result, **more}
    return Plain(sentence, data, [domain.name], chatter=True)


def value(key: str, text: str) -> Plain:
    """A single value that is no domain's."""
    return Plain(text, {key: text}, [text])
