"""Whose a file, a folder or a device of storage is."""

from __future__ import annotations

from aiovirt.config._scalars import Number, Text, number, text
from aiovirt.config._values import octal
from aiovirt.config._view import View

__all__ = ["StoragePermissions"]

MAX_MODE = 0o777


class StoragePermissions(View, tag="permissions"):
    """Owner and mode of what storage is made of on the host.

    Attributes:
        mode: The bits of the mode, such as ``0o640``.
        owner: The user's number; -1 leaves it to the host.
        group: The group's number, likewise.
        label: The SELinux label.
    """

    mode: Number = octal("mode", high=MAX_MODE)
    owner: Number = number("owner", low=-1)
    group: Number = number("group", low=-1)
    label: Text = text("label")
