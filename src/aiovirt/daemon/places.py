"""Where a daemon's files are: that of the host, or that of a user's session."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiovirt.daemon.settings import Settings

__all__ = ["Places", "config_file", "session_sockets"]

SYSTEM_SOCKETS = Path("/run/aiovirt")
SYSTEM_STATE = Path("/var/lib/aiovirt")
SYSTEM_CONFIG = Path("/etc/aiovirt/aiovirtd.toml")
LIBVIRT_SOCKETS = Path("/run/libvirt")


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and names that hold for one daemon.

    Attributes:
        sockets: The folder of its Unix sockets.
        prefix: How their names begin: ``aiovirt`` or ``libvirt``.
        state: The folder of what must survive it.
    """

    sockets: Path
    prefix: str
    state: Path

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Places:
        """The places that settings and environment make."""
        names = settings.sockets.libvirt_names
        system = LIBVIRT_SOCKETS if names else SYSTEM_SOCKETS
        prefix = "libvirt" if names else "aiovirt"
        session = session_sockets(environment).parent / prefix
        state = settings.state.folder or (
            _home(environment, "XDG_STATE_HOME", ".local/state") / "aiovirt/daemon"
            if settings.session
            else SYSTEM_STATE
        )
        folder = settings.sockets.folder or (session if settings.session else system)
        return cls(folder, prefix, state)

    @property
    def main(self) -> Path:
        """The read-write socket."""
        return self.sockets / f"{self.prefix}-sock"

    @property
    def readonly(self) -> Path:
        """The socket for readers."""
        return self.sockets / f"{self.prefix}-sock-ro"

    @property
    def admin(self) -> Path:
        """The socket for virt-admin."""
        return self.sockets / f"{self.prefix}-admin-sock"


def session_sockets(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the sockets of a user's daemon, as libvirt's clients look for theirs."""
    runtime = environment.get("XDG_RUNTIME_DIR") or environment.get("XDG_CACHE_HOME")
    return (Path(runtime) if runtime else Path("~/.cache").expanduser()) / "aiovirt"


def config_file(*, session: bool, environment: Mapping[str, str] = os.environ) -> Path:
    """The settings file that is read where none is named, if it is there."""
    if not session:
        return SYSTEM_CONFIG
    return _home(environment, "XDG_CONFIG_HOME", ".config") / "aiovirt/aiovirtd.toml"


def _home(environment: Mapping[str, str], variable: str, otherwise: str) -> Path:
    """A folder of the XDG base directory specification; a relative one counts as not given."""
    given = Path(environment.get(variable, ""))
    return given if given.is_absolute() else Path.home() / otherwise
