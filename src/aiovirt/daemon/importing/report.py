"""What is told of an import: what was taken, what was there, what is kept, what was refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiovirt.daemon.importing.source import Found
from aiovirt.errors import AiovirtError

__all__ = ["Report"]


@dataclass
class Report:
    """The outcome of each thing, in lines for people."""

    taken: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused

    def refuse(self, thing: str, error: AiovirtError) -> None:
        """A thing was not taken over, and why."""
        hint = f" ({error.hint})" if error.hint else ""
        self.refused.append(f"{thing}: {error}{hint}")

    def __str__(self) -> str:
        parts = (
            ("Taken over:", self.taken),
            ("There already, and left as it is:", self.there),
            ("Kept as libvirt has it, for a later aiovirtd that can serve it:", self.kept),
            ("Not taken over:", self.refused),
        )
        told = [
            "\n".join([heading, *(f"  {line}" for line in lines)])
            for heading, lines in parts
            if lines
        ]
        return "\n".join(told or ["There is nothing to take over."]) + "\n"


def named(found: Found) -> str:
    """What a thing is called in the report."""
    owner = f" of domain {found.owner}" if found.owner else ""
    start = " (starts with the host)" if found.autostart else ""
    return f"{found.kind} {found.name}{owner}{start}"
