"""Guests for the host in memory, and what is told of them."""

from __future__ import annotations

from aiovirt.config import DomainConfig
from aiovirt.interfaces import EventStream
from aiovirt.model.events import Event, LifecycleDetail, LifecycleEvent

__all__ = ["details", "next_of", "real_config", "small_config"]

_REAL = """\
<domain type='qemu'>
  <name>vm1</name><memory unit='MiB'>64</memory><vcpu>2</vcpu><os><type>hvm</type></os>
  <devices>
    <disk type='file'><source file='/lab/vm1.qcow2'/><driver name='qemu' type='qcow2'/>
      <target dev='vda'/></disk>
    <disk type='file' device='cdrom'><target dev='hdc'/></disk>
    <interface type='user'><mac address='52:54:00:11:22:33'/><model type='virtio'/></interface>
    <serial type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc' port='-1' passwd='s3cret'/>
  </devices>
</domain>"""


def real_config() -> DomainConfig:
    """Return a guest as it is written for QEMU."""
    return DomainConfig.parse(_REAL)


def small_config(name: str) -> DomainConfig:
    """Return a guest of the test driver's own type."""
    return DomainConfig.parse(
        f"<domain type='test'><name>{name}</name><memory>65536</memory>"
        "<os><type>hvm</type></os></domain>"
    )


async def details(events: EventStream, count: int) -> list[LifecycleDetail]:
    """Return the next events of domains' lives, so many; others between are passed over."""
    found: list[LifecycleDetail] = []
    while len(found) < count:
        event = await events.__anext__()
        if isinstance(event, LifecycleEvent):
            found.append(event.detail)
    return found


async def next_of(events: EventStream, kind: type[Event]) -> Event:
    """Return the next event of a kind."""
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")
