"""Guests of a few bytes: a boot sector that does one thing for ever, started by the firmware."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["BITTEN", "CHECKED", "DIRTY_MEMORY", "ECHO", "FLOOD", "PANIC", "boot_image"]

FLOOD = bytes.fromhex("baf803 b041 ee ebfd")
"""Write the letter A to the first serial port as fast as it takes it."""

ECHO = bytes.fromhex("bafd03 ec a801 74f8 baf803 ec ee ebf1")
"""Write to the first serial port whatever comes from it: wait for bit 0 of its line status."""

DIRTY_MEMORY = bytes.fromhex("bb0020 8ec3 31ff b90080 f3ab 81c30010 81fb0090 72ed 40 ebe7")
"""Fill the memory from 128 KiB to 576 KiB again and again, each time with another word."""

CHECKED = bytes.fromhex(
    "31ed 45 bb0020 8ec3 31ff 89e8 b90080 fc f3ab 81c30010 81fb0090 72ea"
    "bb0020 8ec3 31ff 89e8 b90080 f3af 7546 81c30010 81fb0090 72e9"
    "bb0020 8ec3 31db b80103 b90200 ba8000 cd13 7228"
    "bb0010 8ec3 31db b80102 b90200 ba8000 cd13 7214"
    "31ff 89e8 b90001 fc f3af 7508 b02e baf803 ee eb90"
    "b058 baf803 ee f4 ebfd"
)
"""Fill the memory from 128 KiB to 576 KiB, and the second sector of the disk, each time with the
next word; read both again, and write a dot to the first serial port, or an X when they differ."""

PANIC = bytes.fromhex("ba0505 b001 ee f4 ebfd")
"""Say by pvpanic's port that the system has crashed."""

BITTEN = bytes.fromhex("ba4304 b00f ee b053 baf803 ee f4 ebfd")
"""Give an ib700 watchdog no time at all; write an S to the first serial port when it lets go on."""

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
