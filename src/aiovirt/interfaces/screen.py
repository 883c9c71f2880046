"""A domain's screen and keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.keycodes import KeycodeSet

__all__ = ["Screen"]


class Screen(Ability):
    """Looking at the screen and pressing keys."""

    @operation
    async def screenshot(self, domain: DomainKey, *, screen: int = 0) -> bytes:
        """The picture of a screen, as the bytes of a PNG file.

        Raises:
            InvalidState: The domain is not running.
            NotFound: It has no such screen.
        """
        raise NotImplementedError

    @operation
    async def send_key(
        self,
        domain: DomainKey,
        keys: Sequence[str | int],
        *,
        hold_ms: int = 100,
        codeset: KeycodeSet = "linux",
    ) -> None:
        """Press keys together and release them after `hold_ms` milliseconds.

        Args:
            domain: Which domain.
            keys: Linux key names (``KEY_LEFTCTRL``) or Linux key codes, at most 16.
            hold_ms: How long they stay down; a driver may bound it, to a minute for one.
            codeset: Whose numbers `keys` are; names are Linux's.

        Raises:
            ConfigError: There is no such key; near names are offered.
        """
        raise NotImplementedError
