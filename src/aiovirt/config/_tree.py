"""The XML tree below the views: safe parsing, places in it, inserting in order, writing it out.

Everything here works on lxml elements and knows no element of libvirt's by name.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

from lxml import etree
from lxml.etree import _Element as Node

from aiovirt.config._quoting import with_single_quotes
from aiovirt.errors import XMLError

__all__ = [
    "MAX_XML_BYTES",
    "NAMESPACES",
    "Node",
    "canonical",
    "check_text",
    "clone",
    "drop_attribute",
    "error_at",
    "error_below",
    "find",
    "find_all",
    "insert",
    "is_empty",
    "new_element",
    "parse_xml",
    "path_of",
    "qualified",
    "remove",
    "serialise",
    "set_text",
    "swap",
    "text_of",
]

MAX_XML_BYTES = 4 * 1024 * 1024
"""The longest document that is read: the limit of a string in libvirt's protocol
(``REMOTE_STRING_MAX`` in remote_protocol.x)."""

MAX_TAGS = 100_000
"""Tags and comments of a document at most.  What people write has so many bytes for each that even
the longest documents have fewer; empty ones would take minutes to look at, one by one."""

NAMESPACES = {
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "lxc": "http://libvirt.org/schemas/domain/lxc/1.0",
    "xen": "http://libvirt.org/schemas/domain/xen/1.0",
    "bhyve": "http://libvirt.org/schemas/domain/bhyve/1.0",
    "vmware": "http://libvirt.org/schemas/domain/vmware/1.0",
    "dnsmasq": "http://libvirt.org/schemas/network/dnsmasq/1.0",
    "fs": "http://libvirt.org/schemas/storagepool/fs/1.0",
    "rbd": "http://libvirt.org/schemas/storagepool/rbd/1.0",
}
"""The namespaces that paths may use by their prefix."""

_OURS = frozenset({"", *NAMESPACES.values()})


def _parser(encoding: str | None) -> etree.XMLParser:
    # libxml2 itself bounds depth (256 levels) and entity expansion while huge_tree is off
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        strip_cdata=False,
    )


def parse_xml(xml: str | bytes) -> Node:
    """Read a document from untrusted text: no file or network is touched, whatever it says.

    Raises:
        TypeError: It is neither text nor bytes.
        XMLError: It is not well-formed, too long, too deep, or has a document type.
    """
    if not isinstance(xml, str | bytes):
        raise TypeError(f"XML is text or bytes, not {type(xml).__name__}")
    try:
        # text is decoded already: what its declaration says of an encoding is void
        data, encoding = (xml.encode(), "utf-8") if isinstance(xml, str) else (xml, None)
    except UnicodeEncodeError as error:
        raise XMLError("the document has characters that XML cannot carry") from error
    if len(data) > MAX_XML_BYTES:
        raise XMLError("the document is too long", expected=f"at most {MAX_XML_BYTES} bytes")
    if data.count(b"<") > MAX_TAGS:
        raise XMLError("the document has too many tags", expected=f"at most {MAX_TAGS}")
    try:
        root = etree.fromstring(data, _parser(encoding))
    except etree.XMLSyntaxError as error:
        what = error.msg.partition(", line ")[0].removesuffix(", use XML_PARSE_HUGE option")
        raise XMLError(f"the document cannot be read: {what}", line=error.lineno) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise XMLError(
            "a document type is not allowed", expected="no document type and no entities of its own"
        )
    return root


def clone(node: Node) -> Node:
    """An independent copy of the element; of a root, with the comments around it."""
    duplicate = copy.deepcopy(node)
    duplicate.tail = None
    if node.getparent() is None:
        # copied one by one: lxml's copy of a whole document turns those behind its root around
        for each in _before(node):
            duplicate.addprevious(copy.deepcopy(each))
        for each in reversed(list(node.itersiblings())):
            duplicate.addnext(copy.deepcopy(each))
    return duplicate


def _before(node: Node) -> list[Node]:
    return list(node.itersiblings(preceding=True))[::-1]


def serialise(node: Node) -> str:
    """The root element as text, indented by two spaces a level and quoted as libvirt does.

    It is indented in place: hand in a copy.  White space between elements is not kept; text is,
    with all that stands beside it, and so is the content of elements that are another program's.
    """
    _indent(node, "\n", skip=_is_foreign)
    around = [*_before(node), node, *node.itersiblings()]
    text = "".join(
        etree.tostring(each, encoding="unicode", with_tail=False) + "\n" for each in around
    )
    return with_single_quotes(text)


def canonical(node: Node) -> bytes:
    """A form in which equal configurations are equal bytes (C14N, without indentation)."""
    duplicate = clone(node)
    etree.strip_tags(duplicate, etree.Comment)
    _indent(duplicate, "\n", skip=_is_preserved)
    return etree.tostring(duplicate, method="c14n", with_comments=False)


def _indent(node: Node, margin: str, *, skip: Callable[[Node], bool]) -> None:
    """Indent below `node`, which itself stands at `margin`, all but text and what `skip` names."""
    if not _holds_elements(node) or skip(node):
        return
    inner = f"{margin}  "
    node.text = inner
    for child in node:
        child.tail = inner
        _indent(child, inner, skip=skip)
    node[-1].tail = margin


def _holds_elements(node: Node) -> bool:
    """Whether there are elements in it and no text: white space there says nothing."""
    return next(node.iterchildren(etree.Element), None) is not None and not any(
        text and not text.isspace() for text in (node.text, *(child.tail for child in node))
    )


def _is_preserved(node: Node) -> bool:
    return node.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"


def _is_foreign(node: Node) -> bool:
    """Whether the white space in the element is not ours to change."""
    return _is_preserved(node) or (etree.QName(node).namespace or "") not in _OURS


def new_element(tag: str) -> Node:
    """A detached element; a known namespace gets its usual prefix."""
    namespace = etree.QName(tag).namespace
    prefixes = {prefix: uri for prefix, uri in NAMESPACES.items() if uri == namespace}
    return etree.Element(tag, nsmap=prefixes)


def qualified(step: str) -> str:
    """A step of a path, ``disk`` or ``qemu:arg``, as lxml's tag."""
    prefix, colon, name = step.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{name}" if colon else step


def find(node: Node | None, steps: tuple[str, ...]) -> Node | None:
    """The first element at the end of `steps` below `node`, or None."""
    for tag in steps:
        if node is None:
            return None
        node = next(node.iterchildren(tag), None)
    return node


def find_all(node: Node | None, steps: tuple[str, ...]) -> list[Node]:
    """All elements at the end of `steps` below `node`, by whichever twins on the way."""
    found = [] if node is None else [node]
    for tag in steps:
        found = [below for above in found for below in above.iterchildren(tag)]
    return found


def insert(parent: Node, child: Node, order: Mapping[str, int]) -> None:
    """Put a child where the schema's `order` of tags wants it, after those of its own kind."""
    rank = order.get(child.tag)
    if rank is None:
        parent.append(child)
        return
    place = 0
    for index, sibling in enumerate(parent):
        theirs = order.get(sibling.tag)
        if theirs is not None and theirs <= rank:
            place = index + 1
    parent.insert(place, child)


def swap(old: Node, new: Node) -> None:
    """Put `new` where `old` stands; `old` is detached."""
    parent = old.getparent()
    if parent is None:
        return
    behind, old.tail = old.tail, None
    parent.replace(old, new)
    new.tail = behind


def remove(node: Node) -> None:
    """Take an element out of its parent; text behind it stays where it is."""
    parent = node.getparent()
    if parent is None:
        return
    if node.tail and node.tail.strip():
        before = node.getprevious()
        if before is None:
            parent.text = (parent.text or "") + node.tail
        else:
            before.tail = (before.tail or "") + node.tail
    node.tail = None
    parent.remove(node)


def is_empty(node: Node) -> bool:
    """Whether the element has no attribute, no child and no text."""
    return not (len(node) or node.attrib or (node.text or "").strip())


def text_of(node: Node) -> str:
    """The element's own text, comments in it left out."""
    if len(node) == 0:
        return node.text or ""
    if _holds_elements(node):
        return ""
    return (node.text or "") + "".join(child.tail or "" for child in node)


def set_text(node: Node, text: str) -> None:
    """Replace the element's own text; children stay.

    Raises:
        ValueError: The text has characters that XML cannot carry.
    """
    node.text = text or None  # so that no text is written in one way only
    for child in node:
        child.tail = None


def check_text(text: str) -> None:
    """Check the characters.

    Raises:
        ValueError: The text has characters that XML cannot carry.
    """
    try:
        etree.Element("probe").text = text
    except ValueError as error:
        raise ValueError("XML cannot carry all of its characters") from error


def _name_of(node: Node) -> str:
    name = etree.QName(node).localname
    return f"{node.prefix}:{name}" if node.prefix else name


def _step_of(node: Node) -> str:
    name = _name_of(node)
    parent = node.getparent()
    if parent is None:
        return name
    twins = list(parent.iterchildren(node.tag))
    return f"{name}[{twins.index(node) + 1}]" if len(twins) > 1 else name


def path_of(node: Node) -> str:
    """Where the element is: ``domain/devices/disk[2]/target``."""
    above = [_step_of(each) for each in node.iterancestors()]
    return "/".join([*reversed(above), _step_of(node)])


def _line_of(node: Node) -> int | None:
    line: object = node.sourceline
    return line if isinstance(line, int) else None


def drop_attribute(node: Node, name: str) -> None:
    """Take an attribute out, if it is there."""
    if name in node.attrib:
        del node.attrib[name]


def error_at(
    node: Node, message: str, *, expected: str | None = None, hint: str | None = None
) -> XMLError:
    """An error that says where the element is."""
    return XMLError(
        message, element=path_of(node), line=_line_of(node), expected=expected, hint=hint
    )


def error_below(
    node: Node,
    steps: tuple[str, ...],
    message: str,
    *,
    expected: str | None = None,
    hint: str | None = None,
) -> XMLError:
    """An error at the end of `steps` below the element, whether that is there or not."""
    missing = list(steps)
    while missing and (below := next(node.iterchildren(missing[0]), None)) is not None:
        node = below
        missing.pop(0)
    where = "/".join([path_of(node), *(etree.QName(step).localname for step in missing)])
    return XMLError(message, element=where, line=_line_of(node), expected=expected, hint=hint)
