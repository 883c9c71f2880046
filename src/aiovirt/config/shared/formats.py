"""The formats that images can have, of disks and of volumes."""

from __future__ import annotations

__all__ = ["IMAGE_FORMATS"]

IMAGE_FORMATS = (
    "raw",
    "dir",
    "bochs",
    "cloop",
    "dmg",
    "iso",
    "vpc",
    "vdi",
    "fat",
    "vhd",
    "ploop",
    "luks",
    "cow",
    "qcow",
    "qcow2",
    "qed",
    "vmdk",
)
