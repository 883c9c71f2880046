"""How a driver translates the names of files: `Files`, and the two ways that VMware's hosts have.

In a ``.vmx`` file a name is a path on the host, or relative to the folder of the file.  In domain
XML it is what the driver shows: ``[datastore1] web1/web1.vmdk`` on ESX, the path on a desktop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiovirt.errors import ConfigError

__all__ = ["DatastoreFiles", "Files", "PlainFiles"]

_DATASTORE_PATH = re.compile(r"\[([^\]]+)\] *(.*)", re.DOTALL)
_VOLUMES = "/vmfs/volumes/"
_SLASHES = "/\\"


class Files(Protocol):
    """What a driver knows of the host's files. It is asked while a machine is translated."""

    def shown(self, name: str, /) -> str | None:
        """The name in domain XML of a file that a ``.vmx`` names; None where it is missing.

        Raises:
            ConfigError: The name cannot be understood.
        """
        raise NotImplementedError

    def stored(self, path: str, /) -> str:
        """The name in a ``.vmx`` of a file that domain XML names.

        Raises:
            ConfigError: The path cannot be understood.
        """
        raise NotImplementedError

    def controller_model(self, path: str, /) -> str | None:
        """Libvirt's word for the SCSI controller that a disk was made for; None when unknown."""
        raise NotImplementedError


class PlainFiles:
    """Names are the same on both sides, as libvirt has it on desktops."""

    def shown(self, name: str, /) -> str | None:
        """The name itself."""
        return name

    def stored(self, path: str, /) -> str:
        """The path itself."""
        return path

    def controller_model(self, _path: str, /) -> str | None:
        """Nothing is known of any."""
        return None


@dataclass(frozen=True, slots=True)
class DatastoreFiles:
    """Names on ESX, where files lie in datastores.

    Attributes:
        folder: The folder of the ``.vmx`` file, as ``[datastore1] web1``.
        mounts: The host's path of each datastore, as ``/vmfs/volumes/5f3e…``, by its name; on
            Windows hosts of old with backslashes.
        models: The controller's model of each disk that is known, by its path.
    """

    folder: str
    mounts: Mapping[str, str]
    models: Mapping[str, str] = field(default_factory=dict)

    def shown(self, name: str, /) -> str | None:
        """``[datastore1] web1/web1.vmdk``; a path outside all datastores stays as it is."""
        if "/" not in name and "\\" not in name:
            return f"{self.folder}/{name}"
        below = next(self._mounted(name), None)
        if below is not None:
            return below
        if name.startswith(_VOLUMES):
            return self._by_name(name.removeprefix(_VOLUMES))
        if name.startswith("/"):
            return name
        raise ConfigError(
            f"the file name {name!r} cannot be understood",
            hint="A name is a plain one, or a path from the root.",
        )

    def _mounted(self, name: str) -> Iterator[str]:
        for datastore, mount in self.mounts.items():
            root = mount.rstrip(_SLASHES)
            below = name.removeprefix(root).replace("\\", "/")
            if name.startswith(root) and below.startswith("/"):
                yield f"[{datastore}] {below.lstrip('/')}"

    def _by_name(self, rest: str) -> str | None:
        datastore, _, path = rest.partition("/")
        return f"[{datastore}] {path}" if path and datastore in self.mounts else None

    def stored(self, path: str, /) -> str:
        """``/vmfs/volumes/5f3e…/web1/web1.vmdk``; a path from the root stays as it is."""
        found = _DATASTORE_PATH.fullmatch(path)
        if found is not None:
            return self._at(found[1], found[2])
        if path.startswith("/"):
            return path
        raise ConfigError(
            f"the path {path!r} cannot be understood",
            hint="Write it as [datastore] folder/file, or as a path from the root.",
        )

    def _at(self, datastore: str, below: str) -> str:
        if datastore not in self.mounts:
            raise ConfigError(
                f"there is no datastore {datastore!r}",
                hint=f"The host has {', '.join(map(repr, self.mounts)) or 'none'}.",
            )
        mount = self.mounts[datastore]
        slash = "\\" if "\\" in mount else "/"
        return mount.rstrip(_SLASHES) + slash + below.replace("/", slash)

    def controller_model(self, path: str, /) -> str | None:
        """What `models` has."""
        return self.models.get(path)
