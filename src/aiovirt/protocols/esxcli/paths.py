"""Paths in datastores, as the vSphere API writes them: ``[datastore1] web1/web1.vmx``."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from aiovirt.errors import ConfigError

__all__ = ["DatastorePath"]

_PATH = re.compile(r"\[(?P<store>[^\]]+)\] ?(?P<path>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DatastorePath:
    """A file or folder of a datastore.

    Attributes:
        datastore: The datastore's name.
        path: Where it is there, without a leading slash; empty for the datastore itself.
    """

    datastore: str
    path: str

    @classmethod
    def parse(cls, text: str) -> DatastorePath:
        """Take one apart.

        Raises:
            ConfigError: It is none, or leads out of its datastore.
        """
        match = _PATH.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"{text!r} is no path in a datastore",
                field="path",
                hint="such a path looks like [datastore1] folder/file.vmdk",
            )
        path = posixpath.normpath(match["path"].lstrip("/")) if match["path"] else ""
        if path == ".." or path.startswith("../"):
            raise ConfigError(f"the path {text!r} leads out of its datastore", field="path")
        return cls(match["store"], "" if path == "." else path)

    def __str__(self) -> str:
        return f"[{self.datastore}] {self.path}"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self.path)

    @property
    def folder(self) -> DatastorePath:
        """The folder that it is in."""
        return DatastorePath(self.datastore, posixpath.dirname(self.path))

    def joined(self, *parts: str) -> DatastorePath:
        """A file or folder below it."""
        return DatastorePath(self.datastore, posixpath.join(self.path, *parts))
