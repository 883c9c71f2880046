"""Where two XML documents differ, order and white space aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lxml import etree

__all__ = ["differences"]


def _parsed(document: str) -> etree._Element:
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False)
    return etree.fromstring(document.encode(), parser)


def _whole(element: etree._Element) -> str:
    """Return an element as a text that is the same in whatever order its children stand."""
    children = "".join(sorted(_whole(child) for child in element))
    return f"<{_head(element)}>{children}</>"


def _head(element: etree._Element) -> str:
    told = sorted((str(name), str(value)) for name, value in element.attrib.items())
    attributes = "".join(f" {name}={value!r}" for name, value in told)
    text = " ".join((element.text or "").split())
    return f"{element.tag}{attributes}>{text}" if text else f"{element.tag}{attributes}"


def _only(ones: list[etree._Element], others: list[etree._Element]) -> list[etree._Element]:
    """Return those of the first that have no equal among the second."""
    equal = Counter(_whole(element) for element in others)
    left = []
    for element in ones:
        text = _whole(element)
        if equal[text]:
            equal[text] -= 1
        else:
            left.append(element)
    return left


def _of_elements(
    theirs: etree._Element, ours: etree._Element, path: str
) -> Iterator[tuple[str, str]]:
    if _head(theirs) != _head(ours):
        yield f"other {path}", f"<{_head(theirs)}>, here <{_head(ours)}>"
    wanted, given = _only(list(theirs), list(ours)), _only(list(ours), list(theirs))
    for element in wanted:
        below = f"{path}/{element.tag}"
        same = next((one for one in given if one.tag == element.tag), None)
        if same is None:
            yield f"lacks {below}", _whole(element)
        else:
            given.remove(same)
            yield from _of_elements(element, same, below)
    for element in given:
        yield f"has   {path}/{element.tag}", _whole(element)


def differences(theirs: str, ours: str) -> list[tuple[str, str]]:
    """Return each difference: of what kind it is and where, and what stands there.

    Args:
        theirs: The document that is right.
        ours: The one that is asked about.
    """
    wanted, given = _parsed(theirs), _parsed(ours)
    return list(_of_elements(wanted, given, str(wanted.tag)))
