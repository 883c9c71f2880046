"""The guest that the examples boot: Debian's kernel and busybox, built once and kept."""

from __future__ import annotations

from functools import cache

from aiovirt import DomainConfig, Interface, MiB, OperatingSystem, Rng, Serial
from aiovirt.testing import tinyguest

PROMPT = b"tiny# "


@cache
def guest() -> tinyguest.TinyGuest:
    """Build it, or find it built; call this before an event loop runs."""
    return tinyguest.build(report=print)


def config(name: str = "tiny", *, memory_mib: int = 256) -> DomainConfig:
    """Describe it: what libvirt's XML would say, built from Python."""
    return DomainConfig(
        name=name,
        memory=MiB(memory_mib),
        vcpus=1,
        os=OperatingSystem(
            type="hvm",
            machine="q35",
            kernel=str(guest().kernel),
            initrd=str(guest().initrd),
            cmdline=guest().cmdline,
        ),
        serials=[Serial.pty()],
        interfaces=[Interface.user()],
        rngs=[Rng.urandom()],
    )
