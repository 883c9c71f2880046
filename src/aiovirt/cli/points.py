"""What verbs about snapshots and checkpoints share: their rows, their trees, their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from aiovirt.cli.arguments import about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Row
from aiovirt.model.domain import DomainKey

__all__ = [
    "CREATED",
    "NameArg",
    "Removal",
    "created",
    "created_text",
    "point_done",
    "split_spec",
    "tree_text",
]

NameArg = Annotated[str, about("Its name.")]


def created(moment: datetime | None) -> int | None:
    """A time as programs get it: Unix time in seconds."""
    return None if moment is None else int(moment.timestamp())


def created_text(row: Row) -> str:
    """The time of a row as virsh shows it, in the local zone."""
    moment = row["created"]
    if not isinstance(moment, int):
        return "-"
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def point_done(domain: DomainKey, name: str, result: str, sentence: str, **more: object) -> Plain:
    """The confirmation that something was done to a snapshot or a checkpoint."""
    data = {"name": name, "domain": domain.name, "uuid": str(domain.uuid), "result": result}
    return Plain(sentence, {**data, **more}, [name], chatter=True)


@dataclass(frozen=True, slots=True)
class Removal:
    """What is deleted, as virsh says it."""

    children: bool
    children_only: bool

    def sentence(self, kind: str, name: str) -> str:
        """What people read."""
        if self.children_only:
            return f"Domain {kind} {name} children deleted"
        return f"Domain {kind} {name} deleted"


def tree_text(parents: Mapping[str, str | None], first: str | None = None) -> str:
    """A tree as virsh draws it, without the spaces at the ends of lines.

    Args:
        parents: The parent of each; one whose parent is not among them stands at the top.
        first: Where to begin instead.
    """
    children: dict[str | None, list[str]] = {}
    for name in sorted(parents):
        above = parents[name]
        known = above is not None and (above in parents or above == first)
        children.setdefault(above if known else None, []).append(name)
    lines: list[str] = []
    for root in [first] if first is not None else children.get(None, []):
        lines += [root, *_below(root, children, "  ")]
        if root not in children:
            lines.append("")
    return "\n".join(line.rstrip() for line in lines)


def _below(name: str, children: Mapping[str | None, Sequence[str]], indent: str) -> Iterator[str]:
    """The lines below one."""
    below = children.get(name, [])
    if below:
        yield f"{indent}|"
    for child in below:
        last = child == below[-1]
        yield f"{indent}+- {child}"
        yield from _below(child, children, f"{indent}{' ' if last else '|'}   ")
        if last and child not in children:
            yield indent


def split_spec(text: str, option: str, known: Sequence[str]) -> tuple[str, dict[str, str]]:
    """``NAME,KEY=VALUE,…`` as virsh reads it: two commas stand for one within a value.

    Raises:
        UsageError: A key is not known, or has no value.
    """
    words = [word.replace("\0", ",") for word in text.replace(",,", "\0").split(",")]
    values: dict[str, str] = {}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if not equals or key not in known:
            raise UsageError(
                f"{option} {text}: {word!r} is not known", hint=f"known: {', '.join(known)}"
            )
        values[key] = value
    return words[0], values


CREATED = Column("created", "Creation Time", created_text)
"""The column that lists of both have."""
