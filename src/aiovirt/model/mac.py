"""MAC addresses of network interfaces."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from aiovirt.errors import ConfigError

__all__ = ["MacAddress"]

_TEXT = re.compile(r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}")
_QEMU_PREFIX = bytes.fromhex("525400")
_LENGTH = 6


@dataclass(frozen=True, slots=True, order=True)
class MacAddress:
    """A MAC address; its text is lower case with colons.

    Attributes:
        octets: The six bytes.
    """

    octets: bytes

    def __post_init__(self) -> None:
        """Check the length.

        Raises:
            ConfigError: There are not six bytes.
        """
        if len(self.octets) != _LENGTH:
            raise ConfigError(f"a MAC address has six bytes, not {len(self.octets)}")

    @classmethod
    def parse(cls, text: str) -> MacAddress:
        """Read ``52:54:00:12:34:56``.

        Raises:
            ConfigError: The text is no MAC address.
        """
        if _TEXT.fullmatch(text) is None:
            raise ConfigError(
                f"{text!r} is no MAC address", hint="Write six hex bytes with colons between them."
            )
        return cls(bytes(int(part, 16) for part in text.split(":")))

    @classmethod
    def random(cls, prefix: bytes = _QEMU_PREFIX) -> MacAddress:
        """Draw an address below `prefix`, by default the one libvirt uses for QEMU guests."""
        return cls(prefix + os.urandom(_LENGTH - len(prefix)))

    @property
    def is_multicast(self) -> bool:
        """Whether it names a group: no interface may have such an address."""
        return bool(self.octets[0] & 1)

    def __str__(self) -> str:
        return self.octets.hex(":")
