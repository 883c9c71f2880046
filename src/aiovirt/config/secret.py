"""`SecretConfig`: what libvirt knows about a secret, ``<secret>``; never the secret itself."""

from __future__ import annotations

from os import PathLike
from typing import Self, TypedDict, Unpack
from uuid import UUID

from aiovirt.config._children import One, child
from aiovirt.config._codecs import absolute
from aiovirt.config._document import Document
from aiovirt.config._forms import POOL_NAME
from aiovirt.config._laws import Needed, Only
from aiovirt.config._scalars import (
    PathText,
    Switch,
    Text,
    Uuid,
    file_path,
    text,
    uuid,
    yes_no,
)
from aiovirt.config._view import View

__all__ = ["SecretConfig", "SecretSettings", "SecretUsage"]

_NAMED = ("ceph", "tls", "vtpm")


class SecretSettings(TypedDict, total=False):
    """What every kind of secret may be made with; see `SecretConfig`."""

    ephemeral: bool
    private: bool
    uuid: UUID | str
    description: str


class SecretUsage(View, tag="usage"):
    """What the secret is for.

    Attributes:
        type: What kind of use.
        volume: The image that it opens (type ``volume``).
        name: The name that users refer to it by (types ``ceph``, ``tls``, ``vtpm``).
        target: The like for iSCSI.
    """

    type: Text = text("@type", known=("volume", "ceph", "iscsi", "tls", "vtpm"), required=True)
    volume: PathText = file_path("volume")
    name: Text = text("name", form=POOL_NAME)
    target: Text = text("target", form=POOL_NAME)

    _laws_ = (
        Only(("volume",), ("volume",)),
        Needed(("volume",), ("volume",)),
        Only(_NAMED, ("name",)),
        Needed(_NAMED, ("name",)),
        Only(("iscsi",), ("target",)),
        Needed(("iscsi",), ("target",)),
    )

    @property
    def id(self) -> str | None:
        """What it is found by, whatever the type: libvirt's usage ID."""
        return self.volume or self.name or self.target


class SecretConfig(Document, tag="secret"):
    """What is known about a secret; its value is set apart and is never in XML.

    Attributes:
        ephemeral: Whether it is kept in memory only.
        private: Whether its value is shown to nobody.
    """

    ephemeral: Switch = yes_no("@ephemeral")
    private: Switch = yes_no("@private")
    uuid: Uuid = uuid("uuid")
    description: Text = text("description")
    usage: One[SecretUsage] = child("usage", SecretUsage)

    @classmethod
    def volume(cls, path: str | PathLike[str], **more: Unpack[SecretSettings]) -> Self:
        """The passphrase of an encrypted image."""
        return cls(usage=SecretUsage(type="volume", volume=absolute(path)), **more)

    @classmethod
    def ceph(cls, name: str, **more: Unpack[SecretSettings]) -> Self:
        """The key of a user of a Ceph cluster."""
        return cls(usage=SecretUsage(type="ceph", name=name), **more)

    @classmethod
    def iscsi(cls, target: str, **more: Unpack[SecretSettings]) -> Self:
        """The password for an iSCSI target."""
        return cls(usage=SecretUsage(type="iscsi", target=target), **more)

    @classmethod
    def tls(cls, name: str, **more: Unpack[SecretSettings]) -> Self:
        """The passphrase of a private key of TLS."""
        return cls(usage=SecretUsage(type="tls", name=name), **more)

    @classmethod
    def vtpm(cls, name: str, **more: Unpack[SecretSettings]) -> Self:
        """The passphrase of an emulated TPM's state."""
        return cls(usage=SecretUsage(type="vtpm", name=name), **more)
