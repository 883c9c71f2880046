"""What is handed to a hypervisor's program as it is: arguments, overrides, in namespaces."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._forms import VARIABLE_NAME
from aiovirt.config._scalars import Text, Words, text, words
from aiovirt.config._view import View

__all__ = [
    "BhyveCommandline",
    "QemuCapabilities",
    "QemuCommandline",
    "QemuDeviceOverride",
    "QemuEnv",
    "QemuOverride",
    "QemuProperty",
    "XenCommandline",
]


class QemuEnv(View, tag="qemu:env"):
    """A variable of QEMU's environment; its value may be secret, and is in no repr."""

    _shown_ = ("name",)

    name: Text = text("@name", form=VARIABLE_NAME, required=True)
    value: Text = text("@value")


class QemuCommandline(View, tag="qemu:commandline"):
    """Arguments handed to QEMU as they are; libvirt and aiovirt promise nothing about them."""

    _shown_ = ()

    args: Words = words("qemu:arg/@value")
    env: Many[QemuEnv] = children("qemu:env", QemuEnv)


class QemuCapabilities(View, tag="qemu:capabilities"):
    """What libvirt shall believe of QEMU's program against what it found."""

    added: Words = words("qemu:add/@capability")
    removed: Words = words("qemu:del/@capability")


class QemuProperty(View, tag="qemu:property"):
    """A property of a device, set against what libvirt would set; ``remove`` leaves it out."""

    name: Text = text("@name", required=True)
    type: Text = text(
        "@type", known=("string", "signed", "unsigned", "bool", "remove"), required=True
    )
    value: Text = text("@value")


class QemuDeviceOverride(View, tag="qemu:device"):
    """What differs of one device, which is named by its alias."""

    alias: Text = text("@alias", required=True)
    properties: Many[QemuProperty] = children("qemu:frontend/qemu:property", QemuProperty)


class QemuOverride(View, tag="qemu:override"):
    """What differs of devices."""

    devices: Many[QemuDeviceOverride] = children("qemu:device", QemuDeviceOverride)


class BhyveCommandline(View, tag="bhyve:commandline"):
    """Arguments handed to bhyve as they are."""

    args: Words = words("bhyve:arg/@value")


class XenCommandline(View, tag="xen:commandline"):
    """Arguments handed to Xen's device model as they are."""

    args: Words = words("xen:arg/@value")
