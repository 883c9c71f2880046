"""Files' owners: given to an account for as long as it needs them, and given back."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from aiovirt.host.files import host_error
from aiovirt.host.labels.memory import recall, remember

__all__ = ["Owner", "give_back", "owner_of", "take"]

Owner = tuple[int, int]
"""Numbers of a user and a group."""

_FORM: Final = re.compile(r"\+?(\d+):\+?(\d+)")


def _text(owner: Owner) -> str:
    return f"+{owner[0]}:+{owner[1]}"


def owner_of(text: str) -> Owner | None:
    """Read ``+64055:+107``; None if it is nothing like that."""
    found = _FORM.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def take(path: Path, owner: Owner) -> str | None:
    """Give a file to an account, links followed.

    Returns:
        Its owner before, for the caller to keep, where the file itself cannot; else None.

    Raises:
        Busy: Somebody else uses it.
        HostError: It is not there, or we may not.
    """
    try:
        found = path.stat()
        old = (found.st_uid, found.st_gid)
        remembered = remember(path, "dac", _text(old), _text(owner))
        if old != owner:
            os.chown(path, *owner)
    except OSError as error:
        raise host_error(error, f"cannot give {path} to the user with id {owner[0]}") from error
    return None if remembered else _text(old)


def give_back(path: Path, kept: str | None = None) -> None:
    """Give a file back to whom it belonged, unless others still use it; one that is gone is none.

    Args:
        path: The file.
        kept: What `take` returned.

    Raises:
        HostError: We may not.
    """
    try:
        if not path.exists():
            return
        owner = owner_of(recall(path, "dac") or kept or "")
        if owner is not None:
            os.chown(path, *owner)
    except OSError as error:
        raise host_error(error, f"cannot give {path} back") from error
