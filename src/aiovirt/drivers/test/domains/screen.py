"""The screens and keyboards of domains of the host in memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.numbers import no_such_part
from aiovirt.errors import ConfigError
from aiovirt.interfaces import Screen
from aiovirt.model.domain import DomainKey
from aiovirt.model.keycodes import MAX_KEYS, KeycodeSet, linux_code

__all__ = ["TestScreen"]

_WIDTH, _HEIGHT = 64, 48
_LONGEST_MS: Final = 60_000


class TestScreen(DomainAbility, Screen):
    """Each guest shows one colour, which is its own."""

    __test__ = False

    async def screenshot(self, domain: DomainKey, *, screen: int = 0) -> bytes:
        """See `Screen.screenshot`."""
        config = self.running(domain).config
        screens = sum(video.model.heads or 1 for video in config.videos)
        if screen >= max(screens, 0 if is_real(config) else 1):
            raise no_such_part(
                f"domain {domain.name!r} has {screens} screens; there is no {screen}"
            )
        return _png(sha256(domain.uuid.bytes).digest()[:3])

    async def send_key(
        self,
        domain: DomainKey,
        keys: Sequence[str | int],
        *,
        hold_ms: int = 100,
        codeset: KeycodeSet = "linux",
    ) -> None:
        """See `Screen.send_key`: the guest does not care."""
        self.running(domain)
        if not 1 <= len(keys) <= MAX_KEYS:
            raise ConfigError(f"1 to {MAX_KEYS} keys are pressed together", field="keys")
        if not 0 <= hold_ms <= _LONGEST_MS:
            raise ConfigError(f"keys are held for {_LONGEST_MS} ms at most", field="hold_ms")
        if codeset == "linux":
            for key in keys:
                linux_code(key)


def _png(colour: bytes) -> bytes:
    """A picture of one colour."""
    rows = (b"\0" + colour * _WIDTH) * _HEIGHT
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
