"""A ``/dev`` of a process's own, in a mount namespace that it was started with.

It is made from outside, before the process executes its program, and goes with it: there is
nothing to be unmade. Source: mount_namespaces(7), setns(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from aiovirt.host.files import host_error

__all__ = ["add_device", "make_dev"]

_DEV: Final = Path("/dev")
_CLONE_FS, _CLONE_NEWNS = 0x200, 0x20000  # linux/sched.h
_MS_NOSUID, _MS_NOEXEC, _MS_MOVE, _MS_REC, _MS_SLAVE = 2, 8, 8192, 16384, 1 << 19  # linux/mount.h
_LINKS: Final = ("fd", "stdin", "stdout", "stderr", "core", "ptmx")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _mount(source: str, target: Path, kind: str | None, flags: int, data: str | None) -> None:
    words = (source.encode(), os.fsencode(target), kind and kind.encode())
    done = _libc().mount(*words, ctypes.c_ulong(flags), data and data.encode())
    _check(done, f"mounting {target}")


def make_dev(pid: int, stage: Path, devices: Iterable[Path], owner: tuple[int, int] | None) -> None:
    """Give a process that has a mount namespace of its own a ``/dev`` with these devices only.

    It waits, so it is for a worker thread.

    Args:
        pid: The process, which waits meanwhile.
        stage: An empty folder, where the new ``/dev`` is put together unseen by anybody else.
        devices: Paths below ``/dev``; one that is not there is left out. A link is made as well as
            what it leads to.
        owner: Whom the devices belong to in there; None leaves them their owners.

    Raises:
        HostError: We may not, or the kernel refuses.
    """
    wanted = sorted(set(devices))

    def work() -> None:
        mounts = _mounts_below(_DEV)
        _mount("", Path("/"), None, _MS_SLAVE | _MS_REC, None)
        _mount("devfs", stage, "tmpfs", _MS_NOSUID | _MS_NOEXEC, "mode=755,size=1m")
        for mount in mounts:
            place = stage / mount.relative_to(_DEV)
            if mount.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.touch()
            _mount(str(mount), place, None, _MS_MOVE, None)
        for name in _LINKS:
            if (_DEV / name).is_symlink():
                (stage / name).symlink_to((_DEV / name).readlink())
        for path in wanted:
            _copy(path, stage, owner)
        _mount(str(stage), _DEV, None, _MS_MOVE, None)

    _inside(pid, work)


def add_device(pid: int, path: Path, owner: tuple[int, int] | None) -> None:
    """Put one more device into the ``/dev`` of a process; one that is there is no error.

    Raises:
        HostError: We may not.
    """
    try:
        _copy(path, Path(f"/proc/{pid}/root/dev"), owner)
    except OSError as error:
        raise host_error(error, f"cannot give {path} to the process {pid}") from error


def _mounts_below(folder: Path) -> list[Path]:
    """What is mounted below a folder, the highest first, without what is below these."""
    lines = Path("/proc/thread-self/mountinfo").read_text(encoding="utf-8").splitlines()
    found = sorted({Path(line.split()[4].replace("\\040", " ")) for line in lines})
    below = [path for path in found if folder in path.parents]
    return [path for path in below if not any(other in path.parents for other in below)]


def _copy(path: Path, dev: Path, owner: tuple[int, int] | None) -> None:
    """Make a device node like that of a path below ``/dev``; a link with what it leads to."""
    if _DEV not in path.parents or ".." in path.parts:
        return
    place = dev / path.relative_to(_DEV)
    if os.path.lexists(place) or not os.path.lexists(path):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        place.symlink_to(path.readlink())
        _copy(Path(os.path.normpath(path.parent / path.readlink())), dev, owner)
        return
    found = path.stat()
    if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        os.mknod(place, found.st_mode, found.st_rdev)
        place.chmod(stat.S_IMODE(found.st_mode))
        shared = stat.S_IMODE(found.st_mode) & stat.S_IWOTH
        os.chown(place, *(owner if owner and not shared else (found.st_uid, found.st_gid)))


def _check_other(namespace: int, ours: int) -> None:
    """See that a namespace is not ours, whose ``/dev`` all programs of the host need."""
    if os.path.sameopenfile(namespace, ours):
        raise OSError(errno.EINVAL, "it has no mount namespace of its own")


def _inside(pid: int, work: Callable[[], None]) -> None:
    """Do some work in the mount namespace of a process.

    A thread can leave the one of its program only for good, so it has one that is thrown away
    then: a pool's would carry the next one's work out in there.
    """
    failure: list[OSError] = []

    def enter() -> None:
        try:
            with Path(f"/proc/{pid}/ns/mnt").open("rb") as namespace:
                _check_other(namespace.fileno(), ours.fileno())
                _check(_libc().unshare(_CLONE_FS), "unshare")
                _check(_libc().setns(namespace.fileno(), _CLONE_NEWNS), "setns")
            work()
        except OSError as error:
            failure.append(error)

    with Path("/proc/self/ns/mnt").open("rb") as ours:
        thread = threading.Thread(target=enter, name="aiovirt-namespace")
        thread.start()
        thread.join()
    if failure:
        what = f"cannot make a /dev for the process {pid}"
        raise host_error(failure[0], what) from failure[0]
