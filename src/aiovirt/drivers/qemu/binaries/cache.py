"""What is known of QEMU binaries, kept in memory and on disk under each binary's identity.

A binary that is replaced, or that gains or loses access to KVM, is probed again.  A cache file
that cannot be read is probed again and replaced; one that cannot be written costs later
processes a probe and nothing else.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Final

import anyio
import msgspec

from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities
from aiovirt.drivers.qemu.binaries.find import kvm_accessible
from aiovirt.drivers.qemu.binaries.probe import probe
from aiovirt.errors import CannotExecute, ExecutableNotFound, HostError
from aiovirt.host.files import make_private_folder, write_atomically

__all__ = ["FORMAT", "BinaryCache", "Identity", "identify"]

FORMAT: Final = 4
"""The version of the cache's format: raised when what is probed changes."""

_log: Final = logging.getLogger(__name__)


class Identity(msgspec.Struct, frozen=True):
    """What tells one state of a binary on one host from another; times in nanoseconds.

    With it goes what it was asked: a later version of this program may ask more, and an
    earlier one did not note it.
    """

    format: int
    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    kvm: bool
    asked: str = ""


class _Document(msgspec.Struct, frozen=True):
    identity: Identity
    capabilities: BinaryCapabilities


_decoder: Final = msgspec.json.Decoder(_Document)


def identify(emulator: Path, asked: str = "") -> Identity:
    """The identity of a binary as it is now: one stat and one access check.

    Args:
        emulator: The binary.
        asked: What stands for the questions that it is asked.

    Raises:
        ExecutableNotFound: There is no such file.
        CannotExecute: It is no file, or may not be executed by this user.
    """
    try:
        found = emulator.stat()
    except OSError as error:
        raise ExecutableNotFound(
            f"there is no QEMU at {emulator}: {error.strerror}",
            program=str(emulator),
            phase="stat",
            errno=error.errno,
            hint="correct <emulator>, or leave it out to use the installed one",
        ) from error
    if not emulator.is_file() or not os.access(emulator, os.X_OK):
        raise CannotExecute(
            f"{emulator} cannot be executed", program=str(emulator), phase="stat", errno=None
        )
    return Identity(
        format=FORMAT,
        path=str(emulator),
        device=found.st_dev,
        inode=found.st_ino,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        ctime_ns=found.st_ctime_ns,
        kvm=kvm_accessible(),
        asked=asked,
    )


class BinaryCache:
    """Capabilities of binaries, each probed once.

    Args:
        folder: Where the cache files are; made when the first one is written.
        drivers: The devices whose properties are of interest.
    """

    def __init__(self, folder: Path, drivers: Collection[str] = ()) -> None:
        self._folder = folder
        self._drivers = frozenset(drivers)
        self._asked = _digest(" ".join(sorted(drivers)).encode())
        self._known: dict[Path, _Document] = {}
        self._probing: defaultdict[Path, anyio.Lock] = defaultdict(anyio.Lock)

    async def get(self, emulator: Path) -> BinaryCapabilities:
        """What a binary can do: from memory, from disk, or by probing it.

        Raises:
            ExecutableNotFound: There is no such file.
            CannotExecute: It may not be executed.
            HostError: The probe failed; the message has QEMU's own words.

        Cancellation: a probe under way is ended; another caller that waits for it probes anew.
        """
        identity = identify(emulator, self._asked)
        known = self._known.get(emulator)
        if known is None or known.identity != identity:
            async with self._probing[emulator]:
                known = await self._find(emulator, identity)
        return known.capabilities

    async def _find(self, emulator: Path, identity: Identity) -> _Document:
        known = self._known.get(emulator)
        if known is None or known.identity != identity:
            file = self._file(emulator)
            known = _read(file)
            if known is None or known.identity != identity:
                found = await probe(emulator, kvm=identity.kvm, drivers=self._drivers)
                known = _Document(identity, found)
                await self._write(file, known)
            self._known[emulator] = known
        return known

    def _file(self, emulator: Path) -> Path:
        return self._folder / f"{emulator.name}-{_digest(os.fsencode(emulator))}.json"

    async def _write(self, file: Path, document: _Document) -> None:
        try:
            make_private_folder(self._folder)
            await write_atomically(file, msgspec.json.encode(document), durable=False)
        except HostError as error:
            _log.warning("the capabilities of %s are not cached: %s", document.identity.path, error)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _read(file: Path) -> _Document | None:
    try:
        return _decoder.decode(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.warning("the cached capabilities %s are not readable: %s", file, error)
        return None
