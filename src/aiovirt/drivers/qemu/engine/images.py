"""Disk images that no guest runs on: making them, and looking at them, by ``qemu-img``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.drivers.qemu.argv.words import comma_list
from aiovirt.errors import HostError, NotFound, ProcessFailed, ProtocolError, Unsupported
from aiovirt.host.files import host_error
from aiovirt.processes import Command, run

__all__ = [
    "Encrypted",
    "ImageFacts",
    "image_facts",
    "kind_in_file",
    "make_image",
    "qemu_img",
    "sizes_of",
]

_PROGRAM = "qemu-img"
_UNMEASURED: Final = "Unable to get accurate CPU usage"
"""What it says where a passphrase's first try took no time by the processor's clock, whose ticks
are coarse (QEMU's crypto/pbkdf.c); in the next try the same may take one."""
_TRIES: Final = 40


class ImageFacts(msgspec.Struct, frozen=True, rename="kebab"):
    """What an image says of itself.

    Attributes:
        format: Its format.
        virtual_size: What a guest sees, in bytes.
        backing_filename: The image behind it, as it is written there.
        full_backing_filename: The same, with its folder.
    """

    format: str
    virtual_size: int
    backing_filename: str | None = None
    full_backing_filename: str | None = None


async def qemu_img(*words: str, pass_fds: Sequence[int] = ()) -> bytes:
    """Run ``qemu-img``; gives what it says.

    Args:
        words: Its arguments.
        pass_fds: Descriptors that it gets under their numbers.

    Raises:
        HostError: It failed, in its own words, or is not installed.
    """
    command = Command(_PROGRAM, words, pass_fds=tuple(pass_fds))
    for tries in range(_TRIES, 0, -1):
        try:
            return (await run(command)).stdout
        except ProcessFailed as error:
            said = error.stderr.strip().removeprefix(f"{_PROGRAM}: ")
            if tries == 1 or _UNMEASURED not in said:
                raise HostError(f"{_PROGRAM} {words[0]}: {said}") from error
    raise AssertionError  # the last try either returns or raises


async def image_facts(path: str, kind: str | None = None) -> ImageFacts:
    """What an image says of itself, even while a guest runs on it.

    Args:
        path: The image.
        kind: Its format; None has it guessed, which is for images nobody else can write.
    """
    given = () if kind is None else ("-f", kind)
    said = await qemu_img("info", "-U", "--output=json", *given, path)
    try:
        return msgspec.json.decode(said, type=ImageFacts)
    except msgspec.MsgspecError as error:
        raise ProtocolError(f"{_PROGRAM} said of {path} what cannot be read: {error}") from error


class Encrypted(NamedTuple):
    """How an image is encrypted, and the file with its passphrase."""

    how: StorageEncryption
    key: Path

    def words(self, kind: str) -> tuple[str, Sequence[str]]:
        """The format that ``qemu-img`` makes of one, and what more it is told.

        Raises:
            Unsupported: There are no such images, or none are made any more.
        """
        if kind not in {"raw", "qcow2"} or self.how.format not in {"luks", "default"}:
            what = f"making {kind} images with the encryption {self.how.format}"
            raise Unsupported("QEMU", what, "only raw and qcow2 images with luks can be made")
        inside = kind == "qcow2"
        options: dict[str, object] = {"key-secret": "key", **self._cipher()}
        if inside:
            options = {f"encrypt.{name}": value for name, value in options.items()}
            options["encrypt.format"] = "luks"
        secret = comma_list("secret", {"id": "key", "format": "raw", "file": self.key})
        words = ("--object", secret, "-o", comma_list(None, options))
        return "qcow2" if inside else "luks", words

    def _cipher(self) -> dict[str, object]:
        how = self.how
        sized = how.cipher is not None and how.cipher_size is not None
        named = {
            "cipher-alg": f"{how.cipher}-{how.cipher_size}" if sized else how.cipher,
            "cipher-mode": how.cipher_mode,
            "hash-alg": how.cipher_hash,
            "ivgen-alg": how.ivgen,
            "ivgen-hash-alg": how.ivgen_hash,
        }
        return {name: value for name, value in named.items() if value is not None}


def kind_in_file(kind: str, encryption: StorageEncryption | None) -> str:
    """What an image file is by itself: a raw image that is encrypted is a LUKS one."""
    return "luks" if kind == "raw" and encryption else kind


async def make_image(
    path: str,
    kind: str,
    size: int,
    *,
    backing: tuple[str, str] | None = None,
    encrypted: Encrypted | None = None,
) -> None:
    """Make an image, or an overlay of another.

    Args:
        path: Where; nothing is there yet, or an empty file.
        kind: Its format.
        size: What a guest sees, in bytes.
        backing: The image behind it, and its format.
        encrypted: How it is encrypted, or None.

    Raises:
        HostError: It cannot be made.
        Unsupported: None can be made that is encrypted so.
    """
    behind: Sequence[str] = () if backing is None else ("-u", "-b", backing[0], "-F", backing[1])
    made, more = (kind, ()) if encrypted is None else encrypted.words(kind)
    await qemu_img("create", "-q", "-f", made, *more, *behind, path, str(size))


class Sizes(NamedTuple):
    """How long a file is, and what of it takes room on its disk, in bytes."""

    physical: int
    allocation: int


def sizes_of(path: str) -> Sizes:
    """The sizes of an image's file or block device.

    Raises:
        NotFound: It is not there.
        HostError: It cannot be looked at.
    """
    try:
        found = Path(path).stat()
        if found.st_size or found.st_blocks:
            return Sizes(found.st_size, found.st_blocks * 512)
        with Path(path).open("rb") as file:  # a block device has its length at its end
            length = file.seek(0, os.SEEK_END)
    except FileNotFoundError as error:
        raise NotFound(f"there is no image {path}") from error
    except OSError as error:
        raise host_error(error, f"cannot look at {path}") from error
    return Sizes(length, length)
