"""What interfaces and devices of the host that a guest is given have alike."""

from __future__ import annotations

from aiovirt.config._forms import ALIAS, shaped
from aiovirt.config._laws import Needed, Only
from aiovirt.config._scalars import PathText, Switch, Text, file_path, on_off, text, yes_no
from aiovirt.config._view import View

__all__ = ["USB_ID", "USB_PLACE", "Rom", "Teaming"]

USB_ID = shaped("(0x)?[0-9a-fA-F]{1,4}", "a number of USB's such as 0x1234")
USB_PLACE = shaped("(0x)?[0-9a-fA-F]{1,3}", "a number such as 1 or 0x001")


class Rom(View, tag="rom"):
    """The firmware on a PCI card.

    Attributes:
        enabled: Whether the guest sees one.
        bar: Whether it can be read where the card says.
        file: The host's file with it.
    """

    enabled: Switch = yes_no("@enabled")
    bar: Switch = on_off("@bar")
    file: PathText = file_path("@file")


class Teaming(View, tag="teaming"):
    """One half of a pair of cards, of which the guest may lose one.

    Attributes:
        type: ``transient``: a card of the host's, which goes when the guest moves;
            ``persistent``: the one that then takes over.
        persistent: The alias of the other one.
    """

    type: Text = text("@type", known=("persistent", "transient"), required=True)
    persistent: Text = text("@persistent", form=ALIAS)

    _laws_ = (
        Only(("transient",), ("persistent",)),
        Needed(("transient",), ("persistent",)),
    )
