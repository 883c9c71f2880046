"""What a storage pool is made of: hosts, devices, folders, adapters, and how they are let in."""

from __future__ import annotations

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._document import Document
from aiovirt.config._forms import ABSOLUTE_PATH, FILE_PATH, HOST, IQN, WORD, either
from aiovirt.config._laws import Apart, SomeOf
from aiovirt.config._scalars import Number, Switch, Text, number, text, yes_no
from aiovirt.config._view import View
from aiovirt.config.shared.adapter import PoolAdapter

__all__ = [
    "FreeExtent",
    "PoolAuth",
    "PoolDevice",
    "PoolHost",
    "PoolSource",
    "StoragePoolSources",
]

_DEVICE = either(either(ABSOLUTE_PATH, WORD), IQN)


class PoolHost(View, tag="host"):
    """A server; port -1 is the protocol's usual one."""

    name: Text = text("@name", form=HOST, required=True)
    port: Number = number("@port", low=-1, high=65535)


class FreeExtent(View, tag="freeExtent"):
    """A part of a device that no volume has, in bytes from its start."""

    start: Number = number("@start", high=MAX_UINT64, required=True)
    end: Number = number("@end", high=MAX_UINT64, required=True)


class PoolDevice(View, tag="device"):
    """A device, or an iSCSI target.

    Attributes:
        part_separator: Whether a ``p`` stands between its name and the number of a partition.
        free_extents: What is free on it; said by the host.
    """

    path: Text = text("@path", form=_DEVICE, required=True)
    part_separator: Switch = yes_no("@part_separator")
    free_extents: Many[FreeExtent] = children("freeExtent", FreeExtent)


class PoolAuth(View, tag="auth"):
    """As whom the host speaks to the server: the password is a secret that libvirt keeps."""

    type: Text = text("@type", known=("chap", "ceph"), required=True)
    username: Text = text("@username", required=True)
    secret_uuid: Text = text("secret/@uuid")
    secret_usage: Text = text("secret/@usage")

    _laws_ = (
        Apart(("secret_uuid",), ("secret_usage",)),
        SomeOf(("secret_usage", "secret_uuid")),
    )


class PoolSource(View, tag="source"):
    """What a pool is made of; which fields count is said by the pool's type.

    Attributes:
        dir: The folder that a server offers.
        name: The volume group, the pool or the volume on the servers.
        initiator: The name that the host has itself as an iSCSI initiator.
        protocol_version: The version of NFS.
    """

    hosts: Many[PoolHost] = children("host", PoolHost)
    devices: Many[PoolDevice] = children("device", PoolDevice)
    dir: Text = text("dir/@path", form=FILE_PATH, required=True)
    adapter: One[PoolAdapter] = child("adapter", PoolAdapter)
    initiator: Text = text("initiator/iqn/@name", required=True)
    auth: One[PoolAuth] = child("auth", PoolAuth)
    name: Text = text("name")
    format: Text = text("format/@type", required=True)
    protocol_version: Text = text("protocol/@ver", required=True)
    vendor: Text = text("vendor/@name", required=True)
    product: Text = text("product/@name", required=True)


class StoragePoolSources(Document, tag="sources"):
    """What a host finds that pools of one kind could be made of."""

    sources: Many[PoolSource] = children("source", PoolSource)
