"""Title, description and elements of a network's metadata (libvirt has them since 9.7)."""

from __future__ import annotations

from lxml import etree

from aiovirt.config import NetworkConfig, element
from aiovirt.drivers.common.metadata import read_element, write_element
from aiovirt.errors import CallerError
from aiovirt.model.constants import NetworkMetadataType

__all__ = ["read_metadata", "write_metadata"]

_TAGS = {NetworkMetadataType.DESCRIPTION: "description", NetworkMetadataType.TITLE: "title"}
_BEFORE = ("name", "uuid", "title")
"""What stands before a title or a description."""


def read_metadata(config: NetworkConfig, kind: int, uri: str | None) -> str | None:
    """A text or an element, or None where there is none."""
    tag = _tag(kind)
    if tag is None:
        return read_element(config, uri)
    root = element(config)
    return None if root is None else root.findtext(tag)


def write_metadata(
    config: NetworkConfig, kind: int, metadata: str | None, key: str | None, uri: str | None
) -> NetworkConfig:
    """A copy with a text or an element set, or without it.

    Raises:
        ConfigError: It is not well-formed, or of another namespace.
        CallerError: The namespace or its prefix is missing, or the kind is none.
    """
    changed = config.copy()
    tag = _tag(kind)
    if tag is not None:
        _write_text(changed, tag, metadata)
    else:
        write_element(changed, metadata, key=key, uri=uri)
    return changed


def _write_text(config: NetworkConfig, tag: str, text: str | None) -> None:
    root = element(config)
    if root is None:
        return
    for there in root.findall(tag):
        root.remove(there)
    if text:
        new = etree.Element(tag)
        new.text = text
        before = [place for place, each in enumerate(root) if each.tag in _BEFORE]
        root.insert(before[-1] + 1 if before else 0, new)


def _tag(kind: int) -> str | None:
    """The element of a text; None for an element of the metadata."""
    if kind not in {*NetworkMetadataType}:
        raise CallerError(f"there is no kind {kind} of metadata")
    return _TAGS.get(NetworkMetadataType(kind))
