"""One control group, in every hierarchy that the host has, and the groups of threads below it.

Source: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import anyio

from aiovirt.errors import Busy, ResourceUnavailable
from aiovirt.host.cgroups.hierarchies import UNIFIED_NAMES, Hierarchies
from aiovirt.host.files import host_error

__all__ = ["THREAD_CONTROLLERS", "Group"]

THREAD_CONTROLLERS: Final = ("cpu", "cpuacct")
"""What can be shared out among the threads of one process."""

_REMOVE_BOUND_S: Final = 5.0
_PAUSE_S: Final = 0.02


@dataclass(frozen=True)
class Group:
    """A group; making the object touches nothing.

    Attributes:
        hosts: The host's hierarchies.
        path: Its path below the top of each, such as ``machine/qemu-1-web.libvirt-qemu``.
    """

    hosts: Hierarchies
    path: PurePosixPath

    def folder(self, controller: str) -> Path | None:
        """Its folder in the hierarchy of a controller; None when the host has no such one."""
        top = self.hosts.top(controller)
        return None if top is None else top / self.path

    def folders(self) -> tuple[Path, ...]:
        """Its folders in all hierarchies, each once: a process belongs into all of them."""
        return tuple(top / self.path for top in self.hosts.tops())

    def exists(self) -> bool:
        """Whether it is there, in any hierarchy."""
        return any(folder.is_dir() for folder in self.folders())

    # --- making and removing --------------------------------------------------------------------

    def make(self) -> None:
        """Make it, with those above it; one that is there is no error.

        Raises:
            HostError: We may not. What was made until then stays: see `remove`.
        """
        for top in self.hosts.tops():
            if top != self.hosts.unified and self._made_alone(top):
                continue
            folder = top
            for name in self.path.parts:
                if top == self.hosts.unified:
                    self._delegate(folder)
                folder /= name
                _make(folder)
                if top == self.hosts.split.get("cpuset"):
                    _inherit(folder)

    def _made_alone(self, top: Path) -> bool:
        """Make it in one hierarchy where those above it are; false if it is not as simple."""
        folder = top / self.path
        try:
            folder.mkdir()
        except OSError:
            return False
        return top != self.hosts.split.get("cpuset") or _inherit(folder)

    def _delegate(self, folder: Path) -> None:
        """Let the groups below one of version 2 have the controllers."""
        words = [UNIFIED_NAMES[name] for name in sorted(self.hosts.served & UNIFIED_NAMES.keys())]
        with suppress(OSError):  # what could not be given is missed by whoever asks for it
            write(folder / "cgroup.subtree_control", " ".join(f"+{word}" for word in words))

    def child(self, name: str) -> Group:
        """A group of threads below this one."""
        return Group(self.hosts, self.path / name)

    def children(self) -> list[str]:
        """The names of the groups of threads below this one."""
        names: set[str] = set()
        for top in self._thread_tops():
            with suppress(OSError), os.scandir(top / self.path) as found:
                names.update(each.name for each in found if each.is_dir())
        return sorted(names)

    def make_for_threads(self) -> None:
        """Make it for threads of a process that is in the group above; errors as `make`."""
        for top in self._thread_tops():
            folder = top / self.path
            if top == self.hosts.unified:
                self._delegate_threads(folder.parent)
            _make(folder)
            if top == self.hosts.split.get("cpuset"):  # mounted as one with that of processors
                _inherit(folder)

    @staticmethod
    def _delegate_threads(above: Path) -> None:
        with suppress(OSError):  # the group with the process is threaded from its first child on
            write(above / "cgroup.subtree_control", "+cpu")

    def _thread_tops(self) -> list[Path]:
        tops = (self.hosts.top(controller) for controller in THREAD_CONTROLLERS)
        return list(dict.fromkeys(top for top in tops if top is not None))

    def take_thread(self, thread: int) -> None:
        """Take a thread in; one that has ended is no error.

        Raises:
            HostError: The kernel refuses.
        """
        for top in self._thread_tops():
            folder = top / self.path
            try:
                if top == self.hosts.unified:
                    write(folder / "cgroup.type", "threaded")
                write(folder / self._threads_file(top), str(thread))
            except ProcessLookupError:
                return
            except OSError as error:
                raise host_error(error, f"thread {thread} cannot go into {folder}") from error

    def threads(self) -> set[int]:
        """The threads in it, those below it apart; none where it is not there."""
        found: list[set[int]] = []
        for top in self._thread_tops():
            path = top / self.path / self._threads_file(top)
            with suppress(OSError):
                found.append(set(map(int, path.read_text(encoding="ascii").split())))
        return set.intersection(*found) if found else set()

    def _threads_file(self, top: Path) -> str:
        return "cgroup.threads" if top == self.hosts.unified else "tasks"

    def processes(self) -> set[int]:
        """The processes in it and below it."""
        found: set[int] = set()
        for folder in self.folders():
            for path in [*folder.glob("*/cgroup.procs"), folder / "cgroup.procs"]:
                # that of a group of threads cannot be read: EOPNOTSUPP
                with suppress(OSError):
                    found.update(map(int, path.read_text(encoding="ascii").split()))
        return found

    def kill(self) -> None:
        """Kill its processes: none of them may outlive what the group was made for."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def removed(self) -> bool:
        """Remove it at once with what is below it; false while there are processes in it.

        Raises:
            HostError: We may not.
        """
        return not self._left()

    def _left(self) -> list[Path]:
        return [folder for folder in self.folders() if not _removed(folder)]

    async def remove(self, bound_s: float = _REMOVE_BOUND_S) -> None:
        """Remove it with what is below it; one that is gone is no error.

        Its processes must have ended, or be ending: it waits for them.

        Raises:
            Busy: A process is in it for longer than `bound_s` seconds.
            HostError: We may not.
        """
        ends = time.monotonic() + bound_s
        for folder in self._left():
            while not _removed(folder):
                if time.monotonic() > ends:
                    raise Busy(
                        f"the control group {folder} has processes that do not end",
                        hint=f"see {folder}/cgroup.procs",
                    )
                await anyio.sleep(_PAUSE_S)

    # --- freezing -------------------------------------------------------------------------------

    def thaw(self) -> None:
        """Let its processes go on: one that is frozen could not even be killed."""
        folder = self.folder("freezer")
        if folder is None:
            return
        unified = self.hosts.is_unified("freezer")
        name, word = ("cgroup.freeze", "0") if unified else ("freezer.state", "THAWED")
        with suppress(OSError):  # it is gone
            write(folder / name, word)

    # --- its files ------------------------------------------------------------------------------

    def file(self, controller: str, name: str) -> Path:
        """A file of it.

        Raises:
            ResourceUnavailable: The host has no such controller.
        """
        folder = self.folder(controller)
        if folder is None:
            raise ResourceUnavailable(
                f"this host has no control groups with {controller!r}",
                hint="mount or enable that controller, or leave out what needs it",
            )
        return folder / name

    def lines(self, controller: str, name: str) -> Iterator[str]:
        """The lines of a file of it.

        Raises:
            HostError: It cannot be read.
        """
        path = self.file(controller, name)
        try:
            yield from path.read_text(encoding="ascii").splitlines()
        except OSError as error:
            raise host_error(error, f"cannot read {path}") from error


def write(path: Path, text: str) -> None:
    """Write to a file of the kernel, which takes one whole write and is never made."""
    with path.open("r+b", buffering=0) as file:
        file.write(text.encode())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise host_error(error, f"cannot make the control group {folder}") from error


def _inherit(folder: Path) -> bool:
    """Give a new group of version 1 the processors and nodes of the one above, or nobody fits in.

    What was set there stays.

    Returns:
        Whether it has some now. The one above has none itself where who made it was killed at it.
    """
    return all(_inherited(folder, name) for name in ("cpuset.cpus", "cpuset.mems"))


def _inherited(folder: Path, name: str) -> bool:
    try:
        if (folder / name).read_text(encoding="ascii").strip():
            return True
        above = (folder.parent / name).read_text(encoding="ascii").strip()
        if above:
            write(folder / name, above)
    except OSError as error:
        raise host_error(error, f"cannot set up the control group {folder}") from error
    return bool(above)


def _removed(folder: Path) -> bool:
    """Remove one folder of a group, and those below; false while there are processes in it."""
    try:
        if _gone(folder, errno.EBUSY, errno.ENOTEMPTY):
            return True
        with os.scandir(folder) as found:
            below = [Path(each.path) for each in found if each.is_dir()]
        return all(_removed(each) for each in below) and _gone(folder, errno.EBUSY)
    except FileNotFoundError:  # it went meanwhile
        return True
    except OSError as error:
        raise host_error(error, f"cannot remove the control group {folder}") from error


def _gone(folder: Path, *busy: int) -> bool:
    """Remove one folder; false on one of these errors."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in busy:
            return False
        raise
    return True
