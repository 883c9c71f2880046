"""What containers have beside machines: users of their own, and namespaces that they share."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._scalars import Number, Text, number, text
from aiovirt.config._view import View

__all__ = ["GroupRange", "IdMap", "IdRange", "LxcNamespaces", "UserRange"]


class IdRange(View):
    """Numbers of the container's, `count` from `start` on, and the host's that they are."""

    start: Number = number("@start", required=True)
    target: Number = number("@target", required=True)
    count: Number = number("@count", required=True)


class UserRange(IdRange, tag="uid"):
    """Numbers of users."""


class GroupRange(IdRange, tag="gid"):
    """Numbers of groups."""


class IdMap(View, tag="idmap"):
    """Which users and groups of the host those of the container are."""

    users: Many[UserRange] = children("uid", UserRange)
    groups: Many[GroupRange] = children("gid", GroupRange)


class LxcNamespaces(View, tag="lxc:namespace"):
    """Namespaces that are another's: of a container by its ``name``, of a process by its ``pid``.

    Attributes:
        net_type: Of the network there may also be one made by hand, ``netns``.
    """

    net_type: Text = text("lxc:sharenet/@type", known=("netns", "name", "pid"), required=True)
    net_value: Text = text("lxc:sharenet/@value", required=True)
    ipc_type: Text = text("lxc:shareipc/@type", known=("name", "pid"), required=True)
    ipc_value: Text = text("lxc:shareipc/@value", required=True)
    uts_type: Text = text("lxc:shareuts/@type", known=("name", "pid"), required=True)
    uts_value: Text = text("lxc:shareuts/@value", required=True)
