"""What ``test:///PATH`` reads: a document of the host, and the files that it names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import anyio
from lxml import etree

from aiovirt.config import Document, View, element, error_at
from aiovirt.config.domain import DomainConfig
from aiovirt.config.hostinterface import HostInterfaceConfig
from aiovirt.config.network import NetworkConfig
from aiovirt.config.nodedev import NodeDeviceConfig
from aiovirt.config.secret import SecretConfig
from aiovirt.config.storage import StoragePoolConfig
from aiovirt.config.testhost import TestHostConfig
from aiovirt.drivers.common.tree import node_of
from aiovirt.errors import ConfigError, XMLError

__all__ = ["KINDS", "HostDocument", "read_document"]

KINDS: Final[dict[str, type[Document]]] = {
    "domain": DomainConfig,
    "network": NetworkConfig,
    "interface": HostInterfaceConfig,
    "pool": StoragePoolConfig,
    "device": NodeDeviceConfig,
    "secret": SecretConfig,
}
"""Elements of the document -> what they are."""

_MAX_BYTES = 4 * 1024 * 1024


class HostDocument:
    """A document of a host, its parts taken from wherever they are.

    Attributes:
        host: The document itself.
        parts: Each thing, with the file that it is from; None for the document's own text.
    """

    def __init__(self, host: TestHostConfig) -> None:
        self.host = host
        self.parts: list[tuple[Document, str | None]] = []

    @classmethod
    def parse(cls, text: str | bytes) -> HostDocument:
        """A document that names no other files.

        Raises:
            XMLError: It is wrong, or names a file.
        """
        made = cls(TestHostConfig.parse(text))
        for part in _parts(made.host):
            node = element(part)
            if node is not None and node.get("file"):
                raise error_at(node, "a host that is given as a text has no other files")
            made.parts.append((part, None))
        return made

    def of(self, kind: type[View]) -> list[tuple[Document, str | None]]:
        """The parts of one kind."""
        return [(part, origin) for part, origin in self.parts if isinstance(part, kind)]


def _parts(host: TestHostConfig) -> list[Document]:
    """All things, in the order that they stand in."""
    node = element(host)
    lists = (
        host.networks,
        host.interfaces,
        host.pools,
        host.devices,
        host.secrets,
        host.domains,
    )
    found = [part for each in lists for part in each]
    if node is None:
        return list(found)
    places = {child: place for place, child in enumerate(node.iterchildren(etree.Element))}
    return sorted(found, key=lambda part: places[node_of(part)])


async def read_document(path: str) -> HostDocument:
    """Read a document and the files that it names, which are found beside it.

    Raises:
        ConfigError: A file cannot be read; it is named.
        XMLError: One is wrong: file and line are named.
    """
    try:
        host = TestHostConfig.parse(await _read(path))
        made = HostDocument(host)
        async for part, origin in _resolved(host, path):
            made.parts.append((part, origin))
    except XMLError as error:
        raise (error if error.document else error.within(path)) from None
    return made


async def _resolved(host: TestHostConfig, path: str) -> AsyncIterator[tuple[Document, str]]:
    for part in _parts(host):
        node = element(part)
        name = None if node is None else node.get("file")
        if node is None or not name:
            yield part, path
            continue
        other = str(anyio.Path(path).parent / name)
        try:
            yield KINDS[str(node.tag)].parse(await _read(other)), other
        except XMLError as error:
            raise error.within(other) from None


async def _read(path: str) -> bytes:
    try:
        async with await anyio.open_file(path, "rb") as file:
            data = await file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"the host's document {path} cannot be read: {error.strerror}", field="path"
        ) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"the host's document {path} is too long", field="path")
    return data
