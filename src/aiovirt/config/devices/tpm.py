"""Trusted platform modules."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._forms import FILE_PATH
from aiovirt.config._laws import Only
from aiovirt.config._scalars import (
    Flag,
    PathText,
    Switch,
    Text,
    Uuid,
    file_path,
    flag,
    text,
    uuid,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device

__all__ = ["Tpm", "TpmBackend", "TpmBanks", "TpmSource"]


class TpmSource(View, tag="source"):
    """The socket of an emulator that somebody else has started."""

    type: Text = text("@type", known=("unix",), required=True)
    path: PathText = file_path("@path", form=FILE_PATH, required=True)
    mode: Text = text("@mode", known=("connect",), required=True)


class TpmBanks(View, tag="active_pcr_banks"):
    """The hashes for which the module keeps registers."""

    sha1: Flag = flag("sha1")
    sha256: Flag = flag("sha256")
    sha384: Flag = flag("sha384")
    sha512: Flag = flag("sha512")


class TpmBackend(View, tag="backend"):
    """The module itself.

    Attributes:
        type: ``passthrough``: the host's; ``emulator``: a program; ``external``: one that runs.
        persistent_state: Whether its state stays when the domain is undefined.
        device: The host's device.
        secret: The secret with the passphrase that the state is encrypted with.
    """

    type: Text = text("@type", known=("passthrough", "emulator", "external"), required=True)
    version: Text = text("@version", known=("1.2", "2.0"))
    persistent_state: Switch = yes_no("@persistent_state")
    device: PathText = file_path("device/@path", form=FILE_PATH)
    source: One[TpmSource] = child("source", TpmSource)
    secret: Uuid = uuid("encryption/@secret", required=True)
    banks: One[TpmBanks] = child("active_pcr_banks", TpmBanks)

    _laws_ = (
        Only(("passthrough",), ("device",)),
        Only(("emulator",), ("persistent_state", "secret", "banks")),
        Only(("external",), ("source",)),
    )


class Tpm(Device, tag="tpm", lacks=("acpi_index",)):
    """A trusted platform module."""

    model: Text = text("@model", known=("tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy"))
    backend: One[TpmBackend] = child("backend", TpmBackend, required=True)
