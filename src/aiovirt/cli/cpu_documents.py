"""CPUs in documents: alone, in domains, and in what hosts and hypervisors say of themselves.

Loaded for the verbs that need it: it brings lxml.
"""

from __future__ import annotations

import re

from lxml import etree

from aiovirt.config import Node
from aiovirt.errors import ConfigError, XMLError

__all__ = ["cpus_in"]

_DECLARATION = re.compile(rb"<\?xml[^>]*\?>")
_PLACES = (
    "cpu",
    "domain/cpu",
    "capabilities/host/cpu",
    "domainCapabilities/cpu/mode[@name='host-model'][@supported='yes']",
)


def cpus_in(documents: bytes, source: str) -> list[str]:
    """The CPUs in documents that stand one after the other.

    Args:
        documents: The documents.
        source: What they are called in errors.

    Raises:
        XMLError: That is no XML.
        ConfigError: There is no CPU in it.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        tree = etree.fromstring(b"<all>%s</all>" % _DECLARATION.sub(b"", documents), parser)
    except etree.XMLSyntaxError as error:
        raise XMLError(f"{source}: {error.msg}", line=error.lineno) from error
    found = [node for place in _PLACES for node in tree.findall(place)]
    if not found:
        raise ConfigError(
            f"{source} has no CPU", hint="give a <cpu>, a domain, or capabilities of hosts"
        )
    return [_text(node) for node in found]


def _text(node: Node) -> str:
    """A CPU as libvirt takes it; what a hypervisor says of itself is a CPU without its mode."""
    if node.tag == "mode":
        node.tag = "cpu"
        node.attrib.clear()
    node.tail = None
    return etree.tostring(node, encoding="unicode")
