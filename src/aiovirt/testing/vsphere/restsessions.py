"""Who is logged in to the simulated vCenter's REST API: sessions apart from those of SOAP."""

from __future__ import annotations

from dataclasses import dataclass

from aiovirt.testing.vsphere.settings import Account, Settings
from aiovirt.testing.vsphere.world import World

__all__ = ["RestSessions"]


@dataclass(slots=True)
class _Session:
    account: Account
    last_active: float


class RestSessions:
    """All sessions.

    Args:
        world: Gives keys, and has the clock.
        settings: How long a session may idle.

    Attributes:
        begun: How many there were.
    """

    def __init__(self, world: World, settings: Settings) -> None:
        self.begun = 0
        self._open: dict[str, _Session] = {}
        self._world = world
        self._settings = settings

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, account: Account) -> str:
        """Begin a session; its key."""
        key = self._world.uuid().replace("-", "")
        self._open[key] = _Session(account, self._world.clock.seconds())
        self.begun += 1
        return key

    def of(self, key: str | None) -> Account | None:
        """Whose session it is, or None when it has ended; it is in use by that."""
        session, now = self._open.get(key or ""), self._world.clock.seconds()
        if session is None:
            return None
        if now - session.last_active >= self._settings.idle_s:
            self.end(key or "")
            return None
        session.last_active = now
        return session.account

    def end(self, key: str) -> None:
        """End a session, if there is one."""
        self._open.pop(key, None)

    def end_all(self) -> None:
        """End all sessions, as a restart does."""
        self._open.clear()
