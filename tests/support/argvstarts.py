"""Whether QEMU takes the command lines: guests of libvirt's inputs, started in pause.

All that can be made here is made (`argvmade`).  What needs a device of this host, a server, or what
this QEMU lacks does not start; why is told by QEMU's own words, and each reason has a name here.
"""

from __future__ import annotations

import re
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from argvmade import Made

__all__ = ["reason_of", "start"]

START_S: Final = 20
"""Bound of one start."""

REASONS: Final[dict[str, str]] = {
    "what KVM does not give here": (
        r"Could not access KVM|kvm_buf_set_msrs|kernel doesn't allow setting HyperV|hv-"
    ),
    "a device of the host": (
        r"no such host device|/dev/bus/usb|Is this a SCSI device|pr-helper|/dev/input/|/dev/parport"
        r"|`oss' audio|render node|initialize vcard|vfio|VFIO|vhost-vsock|\"driver\": ?\"nvme\""
    ),
    "huge pages, of which the host has none": r"guest RAM: Cannot allocate memory",
    "a server of shared memory, which Debian has not": r"charshmem",
    "what the server of vhost-user here does not offer": r"is not supported by the device",
    "what this QEMU lacks": (
        r"Unknown driver '|does not accept value 'sheepdog'|Unknown audio driver|fsdriver handle"
        r"|'sdl' is not available|is not a valid device model name|missing object type"
    ),
    "more memory than the input's processor can address": r"phys-bits too low",
    "a place that the input's machine has not": (
        r"supports only 2 units|Bus 'ide.2' not found|port 1.1 .* not found|on bus 'sd' of a pc"
        r"|single function device can't be populated|size is not multiple of 512"
    ),
    "what the input itself says of QEMU's options, which no QEMU has": (
        r"-unknown: invalid option|Could not open 'ARGUMENT'|prop1"
    ),
    "what virtio is only in one of its versions": (
        r"scsi=off for virtio-blk|VIRTIO_F_IOMMU_PLATFORM was supported"
    ),
    "a drive with nothing in it": r"drive property not set|protocol is missing",
    "a network card that no QEMU has": r"idontexist",
    "OpenGL through a port": r"SPICE GL support is local-only",
}
"""What cannot be had here, or nowhere, and what QEMU says of it."""


def reason_of(said: str) -> str | None:
    """What cannot be had here, by QEMU's words; None when nothing is known of them."""
    return next((reason for reason, pattern in REASONS.items() if re.search(pattern, said)), None)


def start(words: tuple[str, ...], pki: Path) -> str:
    """Start a guest in pause with what is made for it, and end it.

    Args:
        words: The command line, with the program.
        pki: A folder of certificates.

    Returns:
        What came of it: empty when it ran, else QEMU's own words.
    """
    with TemporaryDirectory() as scratch, ExitStack() as stack:
        ours, theirs = (stack.enter_context(each) for each in socket.socketpair())
        argv = Made(words, Path(scratch), pki, stack).words
        argv += ["-chardev", f"socket,id=starts,fd={theirs.fileno()}", "-mon", "starts"]
        ours.sendall(b"quit\n")
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=START_S,
                cwd=scratch,
                pass_fds=(theirs.fileno(),),
            )
        except subprocess.TimeoutExpired:
            return f"it did not end within {START_S} s"
    said = done.stderr.strip().splitlines() or ["it ended without a word"]
    return "" if done.returncode == 0 else said[-1].partition(": ")[2] or said[-1]
