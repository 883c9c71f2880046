"""What a user may do with a file, told beforehand: for QEMU, which runs as somebody else."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiovirt.errors import ConfigError

__all__ = ["Account", "account_of"]

_ACL: Final = "system.posix_acl_access"
_READ, _WRITE, _SEARCH = 4, 2, 1


@dataclass(frozen=True)
class Account:
    """A user with his groups.

    Attributes:
        name: His name.
        uid: His number; None for this process itself, whose rights the kernel is asked about.
        groups: The numbers of all his groups.
    """

    name: str
    uid: int | None
    groups: frozenset[int] = frozenset()

    def refused(self, path: Path, found: os.stat_result, *, write: bool) -> str | None:
        """What he may not do with a file, as the end of a sentence; None when all is well.

        Access control lists are not read: where there is one, he is taken to be let in.
        """
        if not self._may(path, found, _READ):
            return "may not read it"
        if write and not self._may(path, found, _WRITE):
            return "may not write to it"
        # the kernel, asked about our own rights, has gone through the folders above
        return None if self.uid is None else self.kept_from(path)

    def kept_from(self, path: Path) -> str | None:
        """Which folder above a path he may not enter; as `refused`."""
        closed = next(
            (folder for folder in path.resolve().parents if self._is_closed(folder)), None
        )
        return f"may not enter {closed}" if closed else None

    def _is_closed(self, folder: Path) -> bool:
        try:
            return not self._may(folder, folder.stat(), _SEARCH)
        except OSError:
            return True

    def _may(self, path: Path, found: os.stat_result, right: int) -> bool:
        if self.uid is None:
            return os.access(path, right)
        if self.uid == 0 or _has_acl(path):
            return True
        return bool(stat.S_IMODE(found.st_mode) >> self._shift(found) & right)

    def _shift(self, found: os.stat_result) -> int:
        """Which of the three groups of mode bits counts for him."""
        if found.st_uid == self.uid:
            return 6
        return 3 if found.st_gid in self.groups else 0


def _has_acl(path: Path) -> bool:
    try:
        return bool(os.getxattr(path, _ACL))
    except OSError:
        return False


def account_of(user: str | None) -> Account:
    """The account of a user name; of this process when None.

    Raises:
        ConfigError: There is no such user.
    """
    if user is None:
        return Account(name="this process", uid=None)
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise ConfigError(f"there is no user {user!r} to run QEMU as", field="user") from error
    return Account(user, entry.pw_uid, frozenset(os.getgrouplist(user, entry.pw_gid)))
