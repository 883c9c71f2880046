"""Parts of a domain's document that have no typed view, read and written by their path.

A path is a relative one: ``memtune/hard_limit``. What is written stands where libvirt writes it.
"""

from __future__ import annotations

from lxml import etree

from aiovirt.config import CheckpointConfig, DomainConfig, Node, SnapshotConfig, View, element

__all__ = ["node_of", "put", "put_node", "put_parent", "remove_all", "text_at"]

_ORDER = (
    "name",
    "uuid",
    "genid",
    "title",
    "description",
    "metadata",
    "maxMemory",
    "memory",
    "currentMemory",
    "blkiotune",
    "memtune",
    "memoryBacking",
    "vcpu",
    "vcpus",
    "iothreads",
    "iothreadids",
    "cputune",
    "numatune",
    "resource",
    "sysinfo",
    "os",
    "features",
    "cpu",
    "clock",
    "on_poweroff",
    "on_reboot",
    "on_crash",
    "pm",
    "perf",
    "devices",
)
_RANKS = {tag: rank for rank, tag in enumerate(_ORDER)}


def node_of(view: View) -> Node:
    """The element of a view that is there."""
    node = element(view)
    if node is None:
        raise LookupError("the view has no element")
    return node


def text_at(config: DomainConfig, path: str) -> str | None:
    """The text of an element, or None where there is none."""
    found = node_of(config).find(path)
    return None if found is None else (found.text or "")


def put(config: DomainConfig, path: str, text: str | None, **attributes: str) -> None:
    """Set an element's text and attributes; None takes it out, with what that leaves empty."""
    if text is None:
        remove_all(config, path)
        return
    node = node_of(config)
    for tag in path.split("/"):
        found = node.find(tag)
        node = _below(node, etree.Element(tag)) if found is None else found
    node.text = text or None
    for name, value in attributes.items():
        node.set(name, value)


def put_node(config: DomainConfig, path: str, child: Node) -> None:
    """Add an element at the end of those in the one at `path`."""
    node = node_of(config)
    for tag in path.split("/"):
        found = node.find(tag)
        node = _below(node, etree.Element(tag)) if found is None else found
    node.append(child)


def remove_all(config: DomainConfig, path: str) -> None:
    """Take out all elements at a path, and the ones above that this leaves empty."""
    for found in node_of(config).findall(path):
        _remove(found)


def _remove(node: Node) -> None:
    parent = node.getparent()
    if parent is None:
        return
    parent.remove(node)
    if parent.tag != "domain" and not len(parent) and not parent.attrib:
        _remove(parent)


def put_parent(config: SnapshotConfig | CheckpointConfig, name: str | None) -> None:
    """Say of a snapshot or a checkpoint which one it is from; None for none."""
    config.parent = name
    found = node_of(config).find("parent")
    if name is None and found is not None:
        _remove(found)


def _below(parent: Node, child: Node) -> Node:
    rank = _RANKS.get(str(child.tag))
    if rank is None or parent.tag != "domain":
        parent.append(child)
        return child
    place = 0
    for index, sibling in enumerate(parent):
        if _RANKS.get(str(sibling.tag), len(_ORDER)) <= rank:
            place = index + 1
    parent.insert(place, child)
    return child
