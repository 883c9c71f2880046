"""How fast a network device may be: queues and policers of the kernel, set by ``tc``.

What a device sends is what the guest behind it receives, and the other way round; here it is said
from the guest's side: `inbound` to it, `outbound` from it. Source: tc-htb(8), tc-police(8).
"""

from __future__ import annotations

from dataclasses import dataclass

from aiovirt.errors import ResourceUnavailable
from aiovirt.processes import Command, run

__all__ = ["Speed", "shape"]


@dataclass(frozen=True, slots=True)
class Speed:
    """One way's limits.

    Attributes:
        average: Kilobytes in a second, in the long run; 0 for no limit.
        peak: Kilobytes in a second at most; 0 for no more than the average.
        burst: Kilobytes that may go at the peak's speed; 0 for what the kernel chooses.
    """

    average: int = 0
    peak: int = 0
    burst: int = 0


def _inbound(device: str, speed: Speed) -> list[str]:
    rate = f"rate {speed.average}kbps"
    rate += f" ceil {speed.peak}kbps" if speed.peak else ""
    rate += f" burst {speed.burst}kb" if speed.burst else ""
    return [
        f"qdisc add dev {device} root handle 1: htb default 1",
        f"class add dev {device} parent 1: classid 1:1 htb {rate}",
        f"qdisc add dev {device} parent 1:1 handle 2: sfq perturb 10",
    ]


def _outbound(device: str, speed: Speed) -> list[str]:
    burst = speed.burst or speed.average
    police = f"police rate {speed.average}kbps burst {burst}kb mtu 64kb drop"
    return [
        f"qdisc add dev {device} ingress",
        f"filter add dev {device} parent ffff: protocol all u32 match u32 0 0 {police} flowid :1",
    ]


async def shape(device: str, inbound: Speed, outbound: Speed) -> None:
    """Limit a device's speed, in place of the limits that it had.

    They go with the device.

    Raises:
        ExecutableNotFound: There is no ``tc`` (package iproute2).
        ResourceUnavailable: The kernel refuses; the device has no limit then.

    Cancellation: the device has the old limits, the new ones, or a part of these.
    """
    for old in ("root", "ingress"):  # a device without one says so: that is no failure
        await run(Command.of("tc", "qdisc", "del", "dev", device, old), check=False)
    lines = _inbound(device, inbound) if inbound.average else []
    lines += _outbound(device, outbound) if outbound.average else []
    for line in lines:
        done = await run(Command.of("tc", *line.split()), check=False)
        if done.status != 0:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise ResourceUnavailable(
                f"the speed of {device} cannot be limited: {said}",
                hint="it needs CAP_NET_ADMIN, and sch_htb, sch_sfq and act_police of the kernel",
            )
