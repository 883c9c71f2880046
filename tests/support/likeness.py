"""How like two answers of virsh are: the same but for ids, times and versions; of the same form.

It knows nothing of who has answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from xml.etree import ElementTree as ET

from lxml import etree

__all__ = ["Likeness", "form", "lacking", "likeness", "plain"]


class Likeness(Enum):
    """What can be said of two answers, by the sign that a table shows."""

    SAME = "="
    """But for ids, times, versions and the like."""
    FORM = "~"
    """The same labels, columns or elements; other things are told by them."""
    OTHER = "!"
    """Neither."""
    FAILED = "x"
    """There is no answer."""
    ABSENT = "-"
    """Nobody was asked."""

    @property
    def passes(self) -> bool:
        """Whether a script that reads the answer would notice nothing."""
        return self in {Likeness.SAME, Likeness.FORM}


MANY_WORDS = 5
"""Lines of more words are sentences: how many is no matter of form."""

CHANGING = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d( ?[+-]\d{4})?", "TIME"),
    (r"(?<![0-9a-f])[0-9a-f]{2}([:_][0-9a-f]{2}){5}(?![0-9a-f])", "MAC"),
    (r"/dev/pts/\d+", "PTY"),
    (r"(?ms)^Messages:.*\Z", ""),
    (r"(?m)^\w+\+unix:///.*$", "URI"),
    (r"\b\d+\.\d+(\.\d+)+\b", "VERSION"),
    (r"(?m)^(\s*)(Id:\s+)?\d+(?=\s|$)", r"\1\2ID"),
    (r"(?m)^(CPU time:).*", r"\1 SPENT"),
    (r"<(creationTime|.time)>[\d.]+", r"<\1>TIME"),
    (r"(<domain [^>]*)\bid=['\"]\d+['\"]", r"\1id='ID'"),
)
"""What may differ in the same answer, and what stands in its place."""


def plain(text: str, folder: str = "") -> list[str]:
    """Return an answer's lines without what may differ, with one blank between words."""
    if folder:
        text = text.replace(folder, "FOLDER")
    for pattern, instead in CHANGING:
        text = re.sub(pattern, instead, text)
    lines = (" ".join(line.split()) for line in text.strip().splitlines())
    return [line for line in lines if line.strip("-")]


OWN = frozenset({"domain/resource", "domain/seclabel", "domainsnapshot/cookie"})
"""What a document has for libvirtd's own sake: its control groups, its security drivers, its memory
of how it set a processor up.  (Its messages, which are above, warn of what only libvirt dislikes.)
"""


def _document(text: str) -> etree._Element | None:
    if not text.lstrip().startswith("<"):
        return None
    try:
        return etree.fromstring(text)
    except etree.XMLSyntaxError:
        return None


def _of_text(text: str) -> Iterator[str]:
    for line in plain(text):
        figures = re.sub(r"\d+", "#", line)
        label, colon, _ = re.sub(r"'[^']*'", "NAME", figures).partition(":")
        if not label.strip("# ."):
            continue
        yield label if colon else f"{min(len(line.split()), MANY_WORDS)} words"


def form(text: str) -> frozenset[str]:
    """Return what stays of an answer when what it tells is left out: elements, labels, columns."""
    root = _document(text)
    if root is None:
        return frozenset(_of_text(text))
    return frozenset([str(root.tag), *(f"{root.tag}/{child.tag}" for child in root)]) - OWN


def _canonical(text: str) -> str:
    return ET.canonicalize(text, strip_text=True) if _document(text) is not None else text


def lacking(theirs: str, ours: str) -> str:
    """Say what of the form is not there."""
    return ", ".join(sorted(form(theirs) - form(ours)))


def likeness(theirs: str, ours: str, folder: str = "", *, figures: bool = False) -> Likeness:
    """Compare two answers.

    Args:
        theirs: The one that is right.
        ours: The one that is asked about.
        folder: The working folder, whose name may differ.
        figures: Whether all figures change from call to call.
    """
    wanted, given = (plain(_canonical(text), folder) for text in (theirs, ours))
    if figures:
        wanted, given = (
            sorted(re.sub(r"[-+.\d]+", "#", line) for line in lines) for lines in (wanted, given)
        )
    if wanted == given:
        return Likeness.SAME
    return Likeness.FORM if form(theirs) <= form(ours) else Likeness.OTHER
