"""Documents of libvirt for the lab: a guest that starts in a moment, a network, a container."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["container_xml", "disk", "guest_xml", "network_xml"]


def disk(path: Path, *, size: str = "16M", format_: str = "qcow2") -> Path:
    """Make an empty image; return its path."""
    argv = ["qemu-img", "create", "-q", "-f", format_, str(path), size]
    subprocess.run(argv, check=True)
    return path


def guest_xml(
    name: str = "vm1",
    *,
    disks: tuple[Path, ...] = (),
    devices: str = "",
    memory_mib: int = 64,
    machine: str = "q35",
) -> str:
    """Return a guest without software, emulated; its disks are qcow2 images, vda and on."""
    drives = "".join(
        f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='{path}'/><target dev='vd{chr(ord('a') + at)}' bus='virtio'/></disk>"
        for at, path in enumerate(disks)
    )
    return (
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory_mib}</memory>"
        f"<vcpu>1</vcpu><os><type arch='x86_64' machine='{machine}'>hvm</type></os>"
        "<features><acpi/></features><devices>"
        "<serial type='pty'/><console type='pty'/>"
        f"{drives}{devices}</devices></domain>"
    )


def network_xml(name: str = "net1", *, subnet: str = "192.168.122") -> str:
    """Return a network that masks its guests' addresses and serves them DHCP."""
    return (
        f"<network><name>{name}</name><forward mode='nat'/>"
        f"<ip address='{subnet}.1' netmask='255.255.255.0'>"
        f"<dhcp><range start='{subnet}.2' end='{subnet}.254'/></dhcp></ip></network>"
    )


def container_xml(name: str = "ct1") -> str:
    """Return a container that sleeps."""
    return (
        f"<domain type='lxc'><name>{name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
        "<os><type>exe</type><init>/bin/sleep</init><initarg>1000</initarg></os>"
        "<devices><console type='pty'/></devices></domain>"
    )
