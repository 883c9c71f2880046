"""Who may touch what: labels of domains and of their images, wrapped keys, encrypted memory."""

from __future__ import annotations

from aiovirt.config import _codecs
from aiovirt.config._children import Many, children
from aiovirt.config._forms import Form
from aiovirt.config._laws import Always, Apart, Fits, Needed, OneOf, Only, SomeOf
from aiovirt.config._scalars import (
    Number,
    Scalar,
    Switch,
    Text,
    Words,
    number,
    on_off,
    text,
    words,
    yes_no,
)
from aiovirt.config._values import hexadecimal
from aiovirt.config._view import View

__all__ = ["DeviceLabel", "KeyWrap", "LaunchSecurity", "SecurityLabel", "WrappedKey"]

_YES = Form(lambda raw: raw == "yes", "True, or nothing said")
_SEV = (
    "kernel_hashes",
    "cbitpos",
    "reduced_phys_bits",
    "policy",
    "handle",
    "dh_cert",
    "session",
)


class DeviceLabel(View, tag="seclabel"):
    """The label of one image or socket.

    Attributes:
        model: The security driver that it is for (``selinux``, ``dac``); None is for all.
        relabel: Whether the host sets it.
        labelskip: True where an image could not be labelled; said by the host.
    """

    model: Text = text("@model")
    relabel: Switch = yes_no("@relabel")
    labelskip: Switch = Scalar("@labelskip", _codecs.YES_NO, form=_YES)
    labels: Words = words("label")

    _laws_ = (
        Only(("yes",), ("labels",), by="relabel", default="yes"),
        Needed(("yes",), ("labels",), by="relabel"),
        Apart(("labelskip",), ("relabel", "labels")),
        SomeOf(("labels", "labelskip", "relabel")),
    )


class SecurityLabel(View, tag="seclabel"):
    """How the domain is confined by one security driver of the host.

    Attributes:
        type: ``dynamic``: the host makes a label; ``static``: it is `label`; ``none``.
        relabel: Whether the host labels the domain's images too.
        image_label: What those are labelled with; said by the host.
        base_label: What a dynamic label is made from.
    """

    model: Text = text("@model")
    type: Text = text("@type", known=("dynamic", "static", "none"))
    relabel: Switch = yes_no("@relabel")
    label: Text = text("label")
    image_label: Text = text("imagelabel")
    base_label: Text = text("baselabel")

    _laws_ = (
        Fits(("dynamic",), ("relabel",), default="dynamic", form=OneOf("yes")),
        Fits(("none",), ("relabel",), form=OneOf("no")),
        Only(("dynamic", "static"), ("label", "image_label"), default="dynamic"),
        Only(("dynamic",), ("base_label",), default="dynamic"),
        Needed(("static",), ("label",)),
    )


class WrappedKey(View, tag="cipher"):
    """Whether guests of S/390 may have keys of one cipher wrapped."""

    name: Text = text("@name", known=("aes", "dea"), required=True)
    state: Switch = on_off("@state", required=True)


class KeyWrap(View, tag="keywrap"):
    """Which keys are wrapped."""

    ciphers: Many[WrappedKey] = children("cipher", WrappedKey)

    _laws_ = (Always(("ciphers",)),)


class LaunchSecurity(View, tag="launchSecurity"):
    """Memory that the host cannot read.

    Attributes:
        type: ``sev`` of AMD, ``s390-pv`` of IBM.
        kernel_hashes: Whether the kernel that is booted directly is part of what is measured.
        cbitpos: The bit of an address that says that a page is encrypted; None takes the host's.
        reduced_phys_bits: How many bits addresses lose.
        policy: What the host may do with the guest (AMD SEV API, "Guest Policy").
        handle: The firmware's number of the guest; said by the host.
        dh_cert: The owner's Diffie-Hellman key, in base 64.
        session: The owner's session, in base 64.
    """

    type: Text = text("@type", known=("sev", "s390-pv"), required=True)
    kernel_hashes: Switch = yes_no("@kernelHashes")
    cbitpos: Number = number("cbitpos")
    reduced_phys_bits: Number = number("reducedPhysBits")
    policy: Number = hexadecimal("policy", digits=4)
    handle: Number = number("handle")
    dh_cert: Text = text("dhCert")
    session: Text = text("session")

    _laws_ = (Only(("sev",), _SEV), Needed(("sev",), ("policy",)))
