"""A domain's log: what each start was, and what QEMU said of it."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from aiovirt.host.files import host_error

__all__ = ["DomainLog"]

_ROTATE = 2 * 1024 * 1024
"""Beyond this many bytes a log is set aside (as ``.1``, over the one before) at the next start."""

_TAIL = 4096


class DomainLog:
    """One domain's log file. Each line of ours begins with the time in UTC."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, header: str) -> tuple[int, int]:
        """Append a start's header; the descriptor is for QEMU's own words.

        Returns:
            The descriptor, and the offset where QEMU's words begin.

        Raises:
            HostError: The disk is full, or the folder not writable.
        """
        try:
            self._rotate()
            handle = os.open(
                self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise host_error(error, f"cannot write {self.path}") from error
        try:
            os.write(handle, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} {header}\n".encode())
            return handle, os.fstat(handle).st_size
        except OSError as error:
            os.close(handle)
            raise host_error(error, f"cannot write {self.path}") from error

    def note(self, text: str) -> None:
        """Append a line of ours; a full disk keeps nobody from a guest."""
        with suppress(OSError), self.path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} {text}\n")

    def _rotate(self) -> None:
        with suppress(FileNotFoundError):
            if self.path.stat().st_size > _ROTATE:
                self.path.replace(self.path.with_name(f"{self.path.name}.1"))

    def since(self, offset: int) -> str:
        """What QEMU said since an offset: the end of it, at most 4 KiB, or nothing."""
        with suppress(OSError), self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(offset, end - _TAIL))
            return file.read(_TAIL).decode("utf-8", "replace").strip()
        return ""
