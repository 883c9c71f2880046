"""Clients that define, start, snapshot, destroy and undefine until the daemon is gone.

Run by the system's Python: URI, folder for disks, seed, how many clients, calls that are not to be
made.  Each call is told on standard output before it is made, and after its answer, as JSON lines.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt  # type: ignore[import-not-found, unused-ignore]  # the system's package

URI, FOLDER, SEED, CLIENTS, *WITHOUT = sys.argv[1:]
NAMES_EACH = 3

DOCUMENT = """
<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>64</memory>
<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>
<target dev='vda' bus='virtio'/></disk></devices></domain>
"""

MOVES = {
    "absent": ("define", "define", "create"),
    "defined": ("start", "start", "undefine", "snapshot", "snapshot-delete"),
    "running": ("destroy", "snapshot", "snapshot-delete"),
    "transient": ("end",),
}
"""What can be done to a domain, by what it is; what stands twice is done more often."""


def tell(**line: str) -> None:
    """Write one line at once."""
    os.write(1, json.dumps(line).encode() + b"\n")


def document(name: str) -> str:
    """A small guest with a disk."""
    disk = Path(FOLDER, f"{name}.qcow2")
    if not disk.exists():
        make = ("/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", str(disk), "4M")
        subprocess.run(make, check=True)
    number = uuid.uuid5(uuid.NAMESPACE_DNS, name)
    return DOCUMENT.format(name=name, uuid=number, disk=disk)


def state_of(host: Any, name: str) -> tuple[str, Any]:  # noqa: ANN401 - has no types
    """What a domain is, as the daemon says."""
    for guest in host.listAllDomains():
        if guest.name() == name:
            if not guest.isActive():
                return "defined", guest
            return ("running" if guest.isPersistent() else "transient"), guest
    return "absent", None


PAUSED = libvirt.VIR_DOMAIN_START_PAUSED
FORGET = libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA

CALLS: dict[str, Callable[[Any, Any, str, str], object]] = {
    "define": lambda host, _guest, name, _about: host.defineXML(document(name)),
    "create": lambda host, _guest, name, _about: host.createXML(document(name), PAUSED),
    "start": lambda _host, guest, _name, _about: guest.createWithFlags(PAUSED),
    "destroy": lambda _host, guest, _name, _about: guest.destroy(),
    "end": lambda _host, guest, _name, _about: guest.destroy(),
    "undefine": lambda _host, guest, _name, _about: guest.undefineFlags(FORGET),
    "snapshot": lambda _host, guest, _name, about: guest.snapshotCreateXML(
        f"<domainsnapshot><name>{about}</name></domainsnapshot>"
    ),
    "snapshot-delete": lambda _host, guest, _name, about: guest.snapshotLookupByName(
        about
    ).delete(),
}


def about_what(guest: Any, call: str, chance: random.Random) -> str:  # noqa: ANN401 - has no types
    """The snapshot that a call is about; nothing when there is none to choose."""
    if call == "snapshot":
        return f"s{chance.randrange(1_000_000)}"
    names = guest.snapshotListNames() if call == "snapshot-delete" else []
    return chance.choice(names) if names else ""


def step(host: Any, name: str, chance: random.Random) -> None:  # noqa: ANN401 - has no types
    """Do one thing to one domain, and tell of it."""
    state, guest = state_of(host, name)
    call = chance.choice([move for move in MOVES[state] if move not in WITHOUT])
    about = about_what(guest, call, chance)
    if call == "snapshot-delete" and not about:
        return
    tell(name=name, call=call, about=about, phase="begin")
    try:
        CALLS[call](host, guest, name, about)
    except libvirt.libvirtError as error:
        host.getLibVersion()  # raises when the daemon is gone: then nobody knows what came of it
        tell(name=name, call=call, about=about, phase="failed", why=str(error))
    else:
        tell(name=name, call=call, about=about, phase="done")


def client(number: int) -> None:
    """Be one client, until the daemon is gone."""
    chance = random.Random(f"{SEED} {number}")  # noqa: S311  # made to be repeated
    try:
        host = libvirt.open(URI)
        while True:
            step(host, f"w{number}-{chance.randrange(NAMES_EACH)}", chance)
    except libvirt.libvirtError:
        return


def main() -> None:
    """Run all clients."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    threads = [threading.Thread(target=client, args=(at,)) for at in range(int(CLIENTS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
