"""How the data of a volume, a disk or a backup is encrypted, and with which secret."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._laws import Apart, SomeOf, With
from aiovirt.config._scalars import Number, Text, Uuid, number, text, uuid
from aiovirt.config._view import View

__all__ = ["EncryptionSecret", "StorageEncryption"]


class EncryptionSecret(View, tag="secret"):
    """The passphrase: a secret that libvirt keeps, by its UUID or by what it is for."""

    type: Text = text("@type", known=("passphrase",), required=True)
    uuid: Uuid = uuid("@uuid")
    usage: Text = text("@usage")

    _laws_ = (Apart(("uuid",), ("usage",)), SomeOf(("uuid", "usage")))

    def _complete_(self) -> None:
        """It is a passphrase."""
        self.type = "passphrase"


class StorageEncryption(View, tag="encryption"):
    """How the data is encrypted."""

    format: Text = text("@format", known=("default", "qcow", "luks", "luks2"), required=True)
    engine: Text = text("@engine", known=("qemu", "librbd"))
    secret: One[EncryptionSecret] = child("secret", EncryptionSecret)
    cipher: Text = text("cipher/@name", required=True)
    cipher_size: Number = number("cipher/@size", required=True)
    cipher_mode: Text = text("cipher/@mode")
    cipher_hash: Text = text("cipher/@hash")
    ivgen: Text = text("ivgen/@name", required=True)
    ivgen_hash: Text = text("ivgen/@hash")

    _laws_ = (
        With(("cipher", "ivgen"), "secret"),
        With(("cipher",), "ivgen"),
        With(("ivgen",), "cipher"),
        With(("cipher_mode",), "cipher_hash"),
        With(("cipher_hash",), "cipher_mode"),
    )
