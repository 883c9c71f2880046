"""Smartcards: the host's, one made of certificates, or one of who looks at the guest."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import One, child
from aiovirt.config._forms import FOLDER_PATH
from aiovirt.config._laws import Needed, Only
from aiovirt.config._scalars import PathText, Text, Words, file_path, text, words
from aiovirt.config.devices.base import Device
from aiovirt.config.devices.chardev import CharacterEnd, SerialTarget
from aiovirt.errors import XMLError

__all__ = ["Smartcard"]

CERTIFICATES = 3


class Smartcard(CharacterEnd, Device, tag="smartcard", lacks=("alias",)):
    """A smartcard.

    Attributes:
        mode: ``host``, ``host-certificates`` or ``passthrough``, which has the fields of a
            character device.
        certificates: The names of three certificates in the database.
        database: The folder with the database of NSS.
    """

    mode: Text = text("@mode", known=("host", "host-certificates", "passthrough"), required=True)
    certificates: Words = words("certificate")
    database: PathText = file_path("database", form=FOLDER_PATH)
    target: One[SerialTarget] = child("target", SerialTarget)

    _laws_ = (
        Only(("passthrough",), (*CharacterEnd._fields_, "target"), by="mode"),
        Needed(("passthrough",), ("type",), by="mode"),
        Only(("host-certificates",), ("certificates", "database"), by="mode"),
    )

    def _rules_(self) -> Iterator[XMLError]:
        """There are three certificates."""
        yield from super()._rules_()
        if self.mode == "host-certificates" and len(self.certificates) != CERTIFICATES:
            yield Smartcard.certificates.error(
                self, f"there are {len(self.certificates)} certificates", expected="three"
            )
