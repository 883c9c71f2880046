"""Which Unix socket a local URI means, as libvirt chooses it. Nothing is opened here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aiovirt.clients.libvirt.transports.parameters import Mode, Parameters
from aiovirt.model.uri import URI

__all__ = ["Choice", "Places", "choose_socket", "own_socket", "socket_names"]

SYSTEM_FOLDER = Path("/run/libvirt")
MONOLITHIC = "libvirtd"

OURS = "aiovirtd"
"""Our own daemon. It has folders beside libvirt's, and is chosen where none of libvirt's runs."""

SERVED = frozenset({"qemu", "test", "remote"})
"""The schemes of what it serves."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the daemons of the host and those of the user have their sockets.

    Attributes:
        system: The folder of the host's daemons.
        session: The folder of the user's own daemons.
        privileged: Whether we are root, who has no daemons but the host's.
    """

    system: Path
    session: Path
    privileged: bool

    @classmethod
    def of_this_process(cls) -> Places:
        """Return the places that hold for this process and its environment."""
        runtime = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("XDG_CACHE_HOME")
        base = Path(runtime) if runtime else Path("~/.cache").expanduser()
        return cls(SYSTEM_FOLDER, base / "libvirt", os.geteuid() == 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """The socket to use.

    Attributes:
        path: Where it is.
        session: Whether it is one of the user's own daemons, which may be started when absent.
        daemons: The daemons that would listen there or beside it, the preferred one first.
        siblings: Their sockets, in the same order.
    """

    path: Path
    session: bool
    daemons: tuple[str, ...]
    siblings: tuple[Path, ...]


def is_session(uri: URI, *, privileged: bool) -> bool:
    """Tell whether a URI means the user's own daemon; the test driver's do, but not for root."""
    return not privileged and (uri.path == "/session" or uri.driver == "test")


def daemon_of(driver: str) -> str:
    """Return the name of the modular daemon of a driver, such as ``virtqemud``."""
    return "virtproxyd" if driver == "remote" else f"virt{driver}d"


def socket_names(driver: str, mode: Mode, *, readonly: bool) -> tuple[str, ...]:
    """Return the names of the sockets that are looked for, in their order.

    In the mode ``auto`` a modular daemon's socket comes before libvirtd's.
    """
    end = "-sock-ro" if readonly else "-sock"
    modular = daemon_of(driver) + end
    names = {Mode.AUTO: (modular, "libvirt" + end), Mode.DIRECT: (modular,)}
    return names.get(mode, ("libvirt" + end,))


def choose_socket(uri: URI, parameters: Parameters, *, readonly: bool, places: Places) -> Choice:
    """Return the socket that `uri` means, by what is there now.

    A user's own daemons have no socket for readers only.
    """
    if parameters.socket is not None:
        path = Path(parameters.socket)
        return Choice(path, session=False, daemons=(), siblings=(path,))
    session = is_session(uri, privileged=places.privileged)
    folder = places.session if session else places.system
    names = socket_names(uri.driver, parameters.mode, readonly=readonly and not session)
    paths = tuple(folder / name for name in names)
    daemons = tuple(
        MONOLITHIC if name.startswith("libvirt-") else daemon_of(uri.driver) for name in names
    )
    usual = paths[-1]  # where none is there, libvirtd's is what an error speaks of
    if own := own_socket(uri, parameters, folder, readonly=readonly and not session):
        paths, daemons = (*paths, own), (*daemons, OURS)
    present = next((path for path in paths if path.exists()), None)
    return Choice(present or usual, session, daemons, paths)


def own_socket(uri: URI, parameters: Parameters, folder: Path, *, readonly: bool) -> Path | None:
    """The socket of our own daemon beside libvirt's folder, where it may be what is meant."""
    if uri.driver not in SERVED or parameters.mode is not Mode.AUTO:
        return None
    return folder.with_name("aiovirt") / ("aiovirt-sock-ro" if readonly else "aiovirt-sock")
