"""Rules of AppArmor about files, as text: what a profile lets a process do with which of them.

A line also says who in the process needs it, in a comment, so that it can go with him. No I/O.
Source: apparmor.d(5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from aiovirt.errors import HostError

__all__ = ["PLACEHOLDER", "Rule", "fill_in", "line_of", "merged", "quoted", "without"]

PLACEHOLDER: Final = "LIBVIRT_TEMPLATE"
"""What stands in a template where the name of the profile goes, as libvirt has it."""

_ACCESS: Final = "rwlkm"
_MARK: Final = ", # of "
_USER: Final = re.compile(r"[\w.:-]+", re.ASCII)
_SPECIAL: Final = frozenset('\\"*?[]{}^')
_FIRST_PLAIN: Final = 0x20
_DELETE: Final = 0x7F


@dataclass(frozen=True, slots=True)
class Rule:
    """What a process may do with a file.

    Attributes:
        path: The file, without links on the way: AppArmor looks at what they lead to.
        access: Letters: (r)ead, (w)rite, (l)ink, loc(k), (m)ap as a program.
        user: What of the process needs it: a word.
        below: Whether it is a folder, and the same goes for all that is in it.
    """

    path: str
    access: str
    user: str
    below: bool = False


def quoted(path: str) -> str:
    """A path as a profile has it, in quotation marks; what would be a pattern stands for itself."""
    return f'"{"".join(map(_escaped, path))}"'


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return f"\\{character}"
    number = ord(character)
    return f"\\{number:03o}" if number < _FIRST_PLAIN or number == _DELETE else character


def line_of(rule: Rule) -> str:
    """A rule as a line of a profile.

    Raises:
        ValueError: It has a path that is not absolute, or other letters or users than there are.
    """
    known = rule.access and not set(rule.access) - set(_ACCESS)
    if not (known and _USER.fullmatch(rule.user) and rule.path.startswith("/")):
        raise ValueError(f"{rule} is no rule")
    path = quoted(re.sub("/+", "/", rule.path))
    if rule.below:
        path = f'{path[:-1].rstrip("/")}/{{,**}}"'
    return f"  {path} {rule.access}{_MARK}{rule.user}"


def merged(lines: Iterable[str], rules: Iterable[Rule]) -> list[str]:
    """Lines with those of more rules, each once; errors as `line_of`."""
    return list(dict.fromkeys([*lines, *map(line_of, rules)]))


def without(lines: Iterable[str], gone: Callable[[str], bool]) -> list[str]:
    """The lines that are of no user who is gone; those of nobody in particular stay."""
    kept = []
    for line in lines:
        _, marked, user = line.rpartition(_MARK)
        if not (marked and gone(user)):
            kept.append(line)
    return kept


def fill_in(template: str, name: str, included: str) -> str:
    """A profile, made of a template.

    Args:
        template: Its text, with `PLACEHOLDER` for the name.
        name: The name.
        included: The name of a file with more rules, which is looked for as others are.

    Raises:
        HostError: It is no such template.
    """
    head, brace, tail = template.rpartition("}")
    if not brace or PLACEHOLDER not in head:
        raise HostError(
            f"the template of profiles has no {PLACEHOLDER}, or no end",
            hint="put the one back that came with its package",
        )
    return f"{head.replace(PLACEHOLDER, name)}  #include <{included}>\n}}{tail}"
