"""From the configuration of a running QEMU back to one that may be kept."""

from __future__ import annotations

from aiovirt.config import Disk, DomainConfig, element
from aiovirt.config.running import drop_run

__all__ = ["drop_live", "drop_numbers"]


def drop_live(config: DomainConfig) -> None:
    """Take out, in place, what only a running domain has."""
    drop_run(config)
    vsock = config.devices.vsock
    if vsock and vsock.auto:
        vsock.cid = None
    for disk in config.disks:
        drop_numbers(disk)


def drop_numbers(disk: Disk) -> None:
    """Take the numbers of a disk's images out, and the chain that its image itself tells."""
    if disk.source:
        disk.source.index = None
    node = element(disk)
    if node is None:
        return
    for tag in ("backingStore", "mirror"):
        for chain in node.findall(tag):
            if tag == "mirror" or chain.get("index") is not None:
                node.remove(chain)
            for source in chain.iterfind(".//source[@index]"):
                del source.attrib["index"]
