"""What libvirt has in its folders. Files are found and read here, not understood.

Source: the folders as libvirt lays them out below ``/etc/libvirt`` and ``/var/lib/libvirt``, and
below ``~/.config/libvirt`` for a user.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aiovirt.config import MAX_XML_BYTES
from aiovirt.errors import ConfigError, HostError, NotFound
from aiovirt.host.files import host_error

__all__ = ["Found", "Source"]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing of libvirt's.

    Attributes:
        kind: What it is: ``domain``, ``network``, ``storage pool`` and so on.
        name: Its name, by that of its file.
        path: Its file.
        owner: For snapshots and checkpoints, the domain.
        autostart: Whether it starts with the host.
    """

    kind: str
    name: str
    path: Path
    owner: str = ""
    autostart: bool = False

    def read(self) -> bytes:
        """The content of its file.

        Raises:
            HostError: It cannot be read.
            ConfigError: It is no file, or none that libvirt would have written.
        """
        try:
            about = self.path.stat()
            if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_XML_BYTES:
                raise ConfigError(f"{self.path} is no file of libvirt's")
            return self.path.read_bytes()
        except OSError as error:
            raise host_error(error, f"cannot read {self.path}") from error


class Source:
    """The folders of one libvirt.

    Args:
        folder: Its configuration, such as ``/etc/libvirt``.

    Raises:
        NotFound: There is no such folder.
        ConfigError: It is none of libvirt's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        if not self.folder.is_dir():
            raise NotFound(f"there is no folder {folder}")
        if not any((self.folder / name).is_dir() for name in ("qemu", "storage", "nwfilter")):
            raise ConfigError(
                f"{folder} is no configuration folder of libvirt: it has no folder qemu",
                field="import",
                hint="such as /etc/libvirt, or ~/.config/libvirt for the guests of a user",
            )
        self.libraries = self._libraries()

    def _libraries(self) -> Path:
        """Where its snapshots and saved guests are."""
        own = self.folder / "qemu/lib"
        return own if own.is_dir() else self.folder.parents[1] / "var/lib/libvirt/qemu"

    def running(self, domain: str) -> bool:
        """Whether a domain runs under libvirt now, by the files that it keeps of it."""
        folders = (self.folder.parents[1] / "run/libvirt/qemu", self.folder / "qemu/run")
        return any(_is_alive(folder / f"{domain}.pid") for folder in folders)

    def things(self) -> Iterator[Found]:
        """All that is there, in the order in which one needs another."""
        yield from self._of("secret", "secrets")
        yield from self._of("network filter", "nwfilter")
        yield from self._of("network", "qemu/networks")
        yield from self._of("storage pool", "storage")
        yield from self._of("domain", "qemu")
        yield from self._below("snapshot", self.libraries / "snapshot")
        yield from self._below("checkpoint", self.libraries / "checkpoint")

    def saved(self) -> Iterator[str]:
        """The names of domains whose running state libvirt has saved (``virsh managedsave``)."""
        for path in _files(self.libraries / "save", "*.save"):
            yield path.stem

    def value_of(self, secret: Found) -> Path:
        """The file of a secret's value, which need not be there."""
        return secret.path.with_suffix(".base64")

    def _of(self, kind: str, place: str) -> Iterator[Found]:
        folder = self.folder / place
        for path in _files(folder, "*.xml"):
            mark = folder / "autostart" / path.name
            yield Found(kind, path.stem, path, autostart=mark.is_symlink() or mark.exists())

    def _below(self, kind: str, folder: Path) -> Iterator[Found]:
        for path in _files(folder, "*/*.xml"):
            yield Found(kind, path.stem, path, owner=path.parent.name)


def _files(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder, by name; none if there is no folder.

    Raises:
        HostError: It cannot be read.
    """
    try:
        return sorted(folder.glob(pattern))
    except OSError as error:
        raise HostError(f"cannot read {folder}: {error.strerror}") from error


def _is_alive(pidfile: Path) -> bool:
    """Whether a pidfile names a process that is there."""
    try:
        number = int(pidfile.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False
    return Path(f"/proc/{number}").is_dir()
