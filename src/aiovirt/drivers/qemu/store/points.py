"""The records of a domain's snapshots or checkpoints: a file each, and which is the current one.

They are read when they are first asked for; a change is safely on disk when it returns.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar
from urllib.parse import quote

from aiovirt.config import CheckpointConfig, SnapshotConfig
from aiovirt.drivers.common.points import right_below
from aiovirt.errors import AiovirtError
from aiovirt.host.files import (
    make_private_folder,
    remove_durably,
    remove_leftovers,
    write_atomically,
)

__all__ = ["PointStore"]

C = TypeVar("C", SnapshotConfig, CheckpointConfig)

log = logging.getLogger("aiovirt.qemu")

_CURRENT: Final = "current"
_IMAGES: Final = "images"


class PointStore(Generic[C]):
    """The records of one domain.

    Args:
        folder: Where they are; it is made with the first one.
        kind: What they are.
    """

    def __init__(self, folder: Path, kind: type[C]) -> None:
        self._folder = folder
        self._kind: type[C] = kind
        self._points: dict[str, C] = {}
        self._current: str | None = None
        self._images: tuple[str, ...] = ()
        self._load()

    def _load(self) -> None:
        if not self._folder.exists():
            return
        remove_leftovers(self._folder)
        for path in sorted(self._folder.glob("*.xml")):
            try:
                point = self._kind.parse(path.read_bytes())
            except (AiovirtError, OSError) as error:
                log.warning("%s is left aside: %s", path, error)
                continue
            self._points[point.name or path.stem] = point
        self._current = self._note(_CURRENT)
        self._images = tuple(filter(None, (self._note(_IMAGES) or "").split("\0")))

    def _note(self, name: str) -> str | None:
        """What stands in a file beside the records."""
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            log.warning("%s cannot be read: %s", self._folder / name, error)
            return None

    def __contains__(self, name: object) -> bool:
        return name in self._points

    @property
    def current(self) -> str | None:
        """The name of the current one, or None."""
        return self._current if self._current in self._points else None

    @property
    def tree(self) -> Mapping[str, C]:
        """All records, by name."""
        return self._points

    @property
    def images(self) -> Sequence[str]:
        """The paths of the images that were made for them: they may be removed with the last."""
        return self._images

    async def note_images(self, made: Sequence[str], *, gone: Sequence[str] = ()) -> None:
        """Note images that are being made for them, or are gone.

        Raises:
            HostError: The disk is full.
        """
        found = tuple(path for path in dict.fromkeys((*self._images, *made)) if path not in gone)
        if found == self._images:
            return
        make_private_folder(self._folder)
        await write_atomically(self._folder / _IMAGES, "\0".join(found).encode())
        self._images = found

    async def put(self, point: C) -> None:
        """Write a record.

        Raises:
            HostError: The disk is full.
        """
        name = point.name or ""
        make_private_folder(self._folder)
        await write_atomically(self._path(name), point.to_xml(secure=True).encode())
        self._points[name] = point

    async def append(self, point: C) -> None:
        """Write the record of one just made: it is from the current one, and becomes that.

        Raises:
            HostError: The disk is full.
        """
        point.parent = self.current
        await self.put(point)
        await self.set_current(point.name)

    async def set_current(self, name: str | None) -> None:
        """Say which is the current one."""
        if name is None:
            await remove_durably(self._folder / _CURRENT)
        else:
            await write_atomically(self._folder / _CURRENT, name.encode())
        self._current = name

    async def remove(self, name: str) -> None:
        """Remove a record; those made from it are then made from the one before it."""
        parent = self._points[name].parent
        for child in right_below(self._points, name):
            self._points[child].parent = parent
            await self.put(self._points[child])
        gone = [self._path(name)]
        if self._current == name and parent is None:
            gone.insert(0, self._folder / _CURRENT)
        elif self._current == name:
            await self.set_current(parent)
        await remove_durably(*gone)
        if self._current == name:
            self._current = None
        del self._points[name]

    def _path(self, name: str) -> Path:
        safe = quote(name, safe=" ")
        return self._folder / f"{'%2E' + safe[1:] if safe.startswith('.') else safe}.xml"
