"""The sockets that a daemon listens at: made from its settings, or taken over from systemd.

A socket's path is taken only when nobody listens there: a lock beside it is held, and somebody
who holds none, such as libvirtd, is found by connecting.
"""

from __future__ import annotations

import errno
import fcntl
import grp
import logging
import os
import socket
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio import to_thread

from aiovirt.daemon.listener import Role
from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import Settings, TcpSettings, TlsSettings
from aiovirt.daemon.systemd import Handed
from aiovirt.errors import AiovirtError, Busy, ConfigError
from aiovirt.host.files import host_error
from aiovirt.streams.unix import short_path

__all__ = ["OpenSocket", "group_number", "hold_lock", "open_sockets"]

log = logging.getLogger("aiovirt.daemon")

BACKLOG = 1024
"""Connections that wait to be accepted."""

_ABSENT = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}
"""What tells that the host does not have a family of addresses, such as IPv6."""


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """A socket that listens, and for whom."""

    sock: socket.socket
    role: Role
    where: str


@asynccontextmanager
async def open_sockets(
    settings: Settings, places: Places, handed: Sequence[Handed] = ()
) -> AsyncGenerator[list[OpenSocket], None]:
    """Listen as the settings say, for the length of the block.

    Where systemd hands Unix sockets over, no others are made.

    Raises:
        Busy: Somebody else listens there.
        ConfigError: There is no such group, or no such address.
        HostError: A folder or a socket cannot be made.
    """
    with ExitStack() as stack:
        found = [stack.enter_context(_taken_over(one)) for one in handed]
        if settings.sockets.unix and not any(one.sock.family == socket.AF_UNIX for one in found):
            stack.enter_context(_folder(settings, places))
            found += [
                stack.enter_context(_unix(path, role, mode, group))
                for path, role, mode, group in _wanted(settings, places)
            ]
        known = {one.role for one in found}
        networks: tuple[tuple[Role, TcpSettings | TlsSettings], ...]
        networks = (("tcp", settings.tcp), ("tls", settings.tls))
        for role, section in networks:
            if section.listen and role not in known:
                for one in await _listen_tcp(section.address, section.port, role):
                    stack.callback(one.sock.close)
                    found.append(one)
        for one in found:
            one.sock.settimeout(0)
        yield found


def _wanted(settings: Settings, places: Places) -> Iterator[tuple[Path, Role, int, str | None]]:
    """The Unix sockets to make: path, role, mode, group."""
    access = settings.access
    if settings.session:  # the folder is the user's own, and so is what is in it
        yield places.main, "main", 0o600, None
    else:
        yield places.main, "main", access.unix_rw_mode, access.unix_group
        yield places.readonly, "readonly", access.unix_ro_mode, access.unix_group
    if settings.sockets.admin:
        yield places.admin, "admin", 0o600 if settings.session else access.unix_admin_mode, None


@contextmanager
def _folder(settings: Settings, places: Places) -> Iterator[None]:
    """Make the folder of the sockets, and hold its lock."""
    mode = 0o700 if settings.session else 0o755
    try:
        places.sockets.mkdir(mode, parents=True, exist_ok=True)
    except OSError as error:
        raise host_error(error, f"cannot make {places.sockets}") from error
    with hold_lock(places.sockets / f"{places.prefix}-sock.lock", "serves the sockets there"):
        yield


@contextmanager
def hold_lock(path: Path, what: str) -> Iterator[None]:
    """Hold a lock for the length of the block; it goes with the process, however that ends.

    Raises:
        Busy: Another process holds it; the text says which one, and that it does `what`.
        HostError: The file cannot be made.
    """
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise host_error(error, f"cannot open {path}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise Busy(
                f"another aiovirtd (pid {holder}) {what}: {path.parent}",
                hint="end it first, or name other folders in the settings",
            ) from error
        with suppress(OSError):  # only for messages
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


@contextmanager
def _unix(path: Path, role: Role, mode: int, group: str | None) -> Iterator[OpenSocket]:
    """A Unix socket; its path is removed at the end, unless somebody has put another there."""
    number = -1 if group is None else group_number(group)
    with _bound(path) as sock:
        try:
            with short_path(path) as name:  # nobody connects before it listens
                if number >= 0:
                    os.chown(name, -1, number)
                os.chmod(name, mode)  # noqa: PTH101
            sock.listen(BACKLOG)
            made = path.lstat()
        except OSError as error:
            raise host_error(error, f"cannot listen at {path}") from error
        try:
            yield OpenSocket(sock, role, str(path))
        finally:
            with suppress(OSError):
                there = path.lstat()
                if (there.st_dev, there.st_ino) == (made.st_dev, made.st_ino):
                    path.unlink()


@contextmanager
def _bound(path: Path) -> Iterator[socket.socket]:
    """A socket that is bound to a path where nobody listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as sock:
        try:
            _remove_stale(path)
            with short_path(path) as name:
                sock.bind(name)
        except OSError as error:
            raise host_error(error, f"cannot listen at {path}") from error
        yield sock


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens at.

    Raises:
        Busy: Somebody does.
        OSError: It cannot be looked at or removed.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
        probe.settimeout(0)
        try:
            with short_path(path) as name:
                probe.connect(name)
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:  # it listens, and its queue is full
            pass
    raise Busy(
        f"another daemon listens at {path}",
        hint="end it first (libvirtd, virtqemud, another aiovirtd), or use other paths",
    )


def group_number(name: str) -> int:
    """The number of the group whose members may use the Unix sockets.

    Raises:
        ConfigError: There is no such group.
    """
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise ConfigError(
            f"there is no group {name!r} on this host",
            field="access.unix_group",
            hint=f"make it: groupadd --system {name}",
        ) from error


async def _listen_tcp(address: str, port: int, role: Role) -> list[OpenSocket]:
    """Listen at every address that a name has; all have the same port."""
    kind, flags = socket.SOCK_STREAM, socket.AI_PASSIVE
    look_up = partial(socket.getaddrinfo, address or None, port, type=kind, flags=flags)
    try:
        found = await to_thread.run_sync(look_up, abandon_on_cancel=True)
    except socket.gaierror as error:
        raise ConfigError(
            f"there is no address {address!r}: {error.strerror}", field=f"{role}.address"
        ) from error
    opened: list[OpenSocket] = []
    with ExitStack() as undo:
        absent: OSError | None = None
        for family, _, _, _, place in found:
            number = opened[0].sock.getsockname()[1] if opened else port
            try:
                where = (place[0], number, *place[2:])
                # With IPv6 it takes IPv6 alone: the other family's address has a socket, too.
                sock = socket.create_server(where, family=family, backlog=BACKLOG)
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise _refusal(error, address, number, role) from error
                absent = error
            else:
                undo.callback(sock.close)
                opened.append(OpenSocket(sock, role, _name(sock)))
        if not opened and absent is not None:
            raise _refusal(absent, address, port, role)
        undo.pop_all()
    return opened


def _refusal(error: OSError, address: str, port: int, role: Role) -> AiovirtError:
    where = f"port {port} of {address or 'all addresses'}"
    if error.errno == errno.EADDRINUSE:
        return Busy(f"another program listens at {where}", hint=f"set another [{role}] port")
    return host_error(error, f"cannot listen at {where}")


def _name(sock: socket.socket) -> str:
    """Where a socket listens, for people."""
    place = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return os.fsdecode(place)
    host, port = place[:2]
    return f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"


@contextmanager
def _taken_over(handed: Handed) -> Iterator[OpenSocket]:
    """A socket of systemd's; its path, and who may use it, are the unit's matter."""
    with handed.sock as sock:
        yield OpenSocket(sock, _role(handed), _name(sock))


def _role(handed: Handed) -> Role:
    """What a socket of systemd's is for: its name says it, or that of its path."""
    name = handed.name.removesuffix(".socket")
    if handed.sock.family != socket.AF_UNIX:
        return "tls" if name.endswith("tls") else "tcp"
    words = (name, Path(_name(handed.sock)).name.removesuffix("-sock"))
    for end, role in _ENDS.items():
        if any(word.endswith(end) for word in words):
            return role
    return "main"


_ENDS: dict[str, Role] = {"admin": "admin", "-ro": "readonly", "readonly": "readonly"}
"""How the names of systemd's sockets end, and what they are for."""
