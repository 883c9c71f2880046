"""What networks, their port groups and their ports say alike: VLANs, bandwidth, virtual ports."""

from __future__ import annotations

from aiovirt.config import _codecs
from aiovirt.config._children import Many, One, child, children
from aiovirt.config._forms import UINT8, Form, either, shaped
from aiovirt.config._laws import Always, Needed, Only
from aiovirt.config._scalars import Number, Scalar, Switch, Text, Uuid, number, text, uuid
from aiovirt.config._values import any_number
from aiovirt.config._view import View

__all__ = ["Bandwidth", "BandwidthLimit", "Inbound", "Outbound", "VirtualPort", "Vlan", "VlanTag"]

MAX_VLAN = 4095
_UINT24 = either(
    shaped("0x[0-9a-fA-F]{1,6}", "hexadecimal"), shaped("[0-9]{1,8}", "a number to 16777215")
)
_PROFILE = Form(lambda raw: len(raw) <= 39, "at most 39 characters")  # noqa: PLR2004 - as it says
_YES = Form(lambda raw: raw == "yes", "True, or nothing said")


class VlanTag(View, tag="tag"):
    """One VLAN.

    Attributes:
        native_mode: Whether it is the one of untagged traffic, and how that is sent.
    """

    id: Number = number("@id", high=MAX_VLAN, required=True)
    native_mode: Text = text("@nativeMode", known=("tagged", "untagged"))


class Vlan(View, tag="vlan"):
    """The VLANs of the traffic (on Open vSwitch bridges and SR-IOV cards).

    Attributes:
        trunk: Whether guests send tagged traffic themselves; needed with several tags.
    """

    trunk: Switch = Scalar("@trunk", _codecs.YES_NO, form=_YES)
    tags: Many[VlanTag] = children("tag", VlanTag)

    _laws_ = (Always(("tags",)),)


class BandwidthLimit(View):
    """Limits in one direction.

    Attributes:
        average: In KiB a second.
        peak: In KiB a second.
        floor: What is guaranteed, in KiB a second.
        burst: What may be sent at peak speed at once, in KiB.
    """

    average: Number = number("@average", low=1)
    peak: Number = number("@peak", low=1)
    floor: Number = number("@floor", low=1)
    burst: Number = number("@burst", low=1)


class Inbound(BandwidthLimit, tag="inbound"):
    """Limits of what comes in."""


class Outbound(BandwidthLimit, tag="outbound"):
    """Limits of what goes out."""


class Bandwidth(View, tag="bandwidth"):
    """Limits of the traffic, seen from the guest, or from the network's guests together."""

    class_id: Number = number("@classID", low=1)
    inbound: One[Inbound] = child("inbound", Inbound)
    outbound: One[Outbound] = child("outbound", Outbound)


class VirtualPort(View, tag="virtualport"):
    """How a port introduces itself to the switch behind it."""

    type: Text = text("@type", known=("802.1Qbg", "802.1Qbh", "openvswitch", "midonet"))
    manager_id: Number = any_number("parameters/@managerid", high=0xFF, form=UINT8)
    type_id: Number = any_number("parameters/@typeid", high=0xFFFFFF, form=_UINT24)
    type_id_version: Number = any_number("parameters/@typeidversion", high=0xFF, form=UINT8)
    instance_id: Uuid = uuid("parameters/@instanceid")
    profile_id: Text = text("parameters/@profileid", form=_PROFILE)
    interface_id: Uuid = uuid("parameters/@interfaceid")

    _laws_ = (
        Only(("802.1Qbg",), ("manager_id", "type_id", "type_id_version", "instance_id")),
        Only(("802.1Qbh", "openvswitch"), ("profile_id",)),
        Only(("openvswitch", "midonet"), ("interface_id",)),
        Needed(("midonet",), ("interface_id",)),
    )
