"""`Document`: the view of a whole document, which can be checked as one."""

from __future__ import annotations

from itertools import islice

from aiovirt.config._view import View, problems
from aiovirt.errors import XMLError

__all__ = ["MAX_PROBLEMS", "Document"]

MAX_PROBLEMS = 100
"""How many problems are looked for in one document: each costs time, and a stranger may have
written it."""


class Document(View):
    """A configuration that stands on its own: a domain, a network, a storage pool, ….

    It is read with `parse` and written with `to_xml`.
    """

    def problems(self) -> list[XMLError]:
        """Everything that is wrong as far as aiovirt knows, in the order of the document.

        Nothing on a host is looked at.  A document that is wrong all over ends the search after
        `MAX_PROBLEMS`.
        """
        found = islice(problems(self), MAX_PROBLEMS)
        return sorted(found, key=lambda problem: problem.line or 0)

    def check(self) -> None:
        """Check all values and how they fit together; parts that aiovirt does not know pass.

        Raises:
            XMLError: The first thing that is wrong.
        """
        for problem in self.problems():
            raise problem
