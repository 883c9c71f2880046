"""libvirt's RELAX NG grammar of domains, when it is installed, and documents against it."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from aiovirt.errors import ResourceUnavailable, XMLError

__all__ = ["check"]


def check(document: bytes, grammar: Path) -> None:
    """Compare a domain's configuration with the grammar.

    Raises:
        XMLError: It does not keep to it, or is no XML.
        ResourceUnavailable: The grammar is not installed.
    """
    if not grammar.exists():
        raise ResourceUnavailable(
            f"libvirt's grammar {grammar} is not installed", hint="apt install libvirt0"
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        tree = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise XMLError(f"not well-formed: {error.msg}", line=error.lineno) from error
    rules = etree.RelaxNG(file=str(grammar))
    if not rules.validate(tree):
        first = rules.error_log[0]
        raise XMLError(
            f"not by libvirt's grammar: {first.message}",
            line=first.line,
            element=(first.path or "").strip("/") or None,
        )
