"""Guests of a few bytes: a boot sector that does one thing for ever, started by the firmware."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["DIRTY_MEMORY", "ECHO", "FLOOD", "boot_image"]

FLOOD = bytes.fromhex("baf803 b041 ee ebfd")
"""Write the letter A to the first serial port as fast as it takes it."""

ECHO = bytes.fromhex("bafd03 ec a801 74f8 baf803 ec ee ebf1")
"""Write to the first serial port whatever comes from it: wait for bit 0 of its line status."""

DIRTY_MEMORY = bytes.fromhex("bb0020 8ec3 31ff b90080 f3ab 81c30010 81fb0090 72ed 40 ebe7")
"""Fill the memory from 128 KiB to 576 KiB again and again, each time with another word."""

_SECTOR = 512
_SIGNATURE = b"\x55\xaa"  # what the firmware looks for at the end of a boot sector


def boot_image(path: Path, code: bytes) -> Path:
    """Make a qcow2 image that runs the code when it is booted; return its path."""
    raw = path.with_suffix(".raw")
    sector = code.ljust(_SECTOR - len(_SIGNATURE), b"\0") + _SIGNATURE
    raw.write_bytes(sector.ljust(2048 * _SECTOR, b"\0"))
    argv = ["qemu-img", "convert", "-O", "qcow2", str(raw), str(path)]
    subprocess.run(argv, check=True)
    return path
