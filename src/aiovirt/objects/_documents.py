"""Names in documents, for which no view is needed."""

from __future__ import annotations

from lxml import etree

from aiovirt.errors import XMLError

__all__ = ["name_of", "renamed"]


def _parse(text: str) -> tuple[etree._Element, etree._Element]:
    """The document, and the element with its name.

    Raises:
        XMLError: It is no XML, or has no name.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise XMLError(f"not well-formed: {error.msg}", line=error.lineno) from error
    name = root.find("name")
    if name is None:
        raise XMLError("there is no name", element=str(root.tag), expected="<name>")
    return root, name


def name_of(text: str) -> str:
    """The name in a document. Raises `XMLError` if there is none."""
    return (_parse(text)[1].text or "").strip()


def renamed(text: str, name: str) -> str:
    """The document with another name. Raises `XMLError` if it has none."""
    root, element = _parse(text)
    element.text = name
    return etree.tostring(root, encoding="unicode")
