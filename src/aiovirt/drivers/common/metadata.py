"""What is said of a domain beside its machine: title, description, and others' elements.

Networks have such elements, too.
"""

from __future__ import annotations

from aiovirt.config import DomainConfig, NetworkConfig
from aiovirt.errors import CallerError, ConfigError
from aiovirt.interfaces import MetadataKind

__all__ = ["read_element", "read_metadata", "write_element", "write_metadata"]


def read_metadata(config: DomainConfig, kind: MetadataKind, uri: str | None) -> str | None:
    """A text or an element; None where there is none; errors as `read_element`."""
    if kind == "element":
        return read_element(config, uri)
    return (config.title if kind == "title" else config.description) or None


def write_metadata(
    config: DomainConfig,
    kind: MetadataKind,
    text: str | None,
    *,
    key: str | None,
    uri: str | None,
) -> None:
    """Write a text or an element, in place; None takes it out.

    Raises:
        ConfigError: A title has several lines; else as `write_element`.
    """
    if kind == "element":
        write_element(config, text, key=key, uri=uri)
    elif kind == "title" and "\n" in (text or ""):
        raise ConfigError("a title is one line", field="title")
    else:
        setattr(config, kind, text or None)


def read_element(config: DomainConfig | NetworkConfig, uri: str | None) -> str | None:
    """The element of a namespace, without that as libvirt tells it; None where there is none.

    Raises:
        CallerError: No namespace is named.
    """
    return config.metadata.bare(_needed(uri))


def write_element(
    config: DomainConfig | NetworkConfig, text: str | None, *, key: str | None, uri: str | None
) -> None:
    """Write the element of a namespace, in place; None takes it out.

    Raises:
        XMLError: It is not well-formed, or of another namespace.
        CallerError: The namespace or its prefix is missing.
    """
    uri = _needed(uri)
    if text is None:
        config.metadata.remove(uri)
    elif not key:
        raise CallerError("an element of metadata needs a key, the prefix of its namespace")
    else:
        config.metadata.set(uri, text, prefix=key)


def _needed(uri: str | None) -> str:
    if not uri:
        raise CallerError("an element of metadata is named by the URI of its namespace")
    return uri
