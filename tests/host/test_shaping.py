"""What the kernel is asked for to limit a device's speed."""

from __future__ import annotations

import pytest

from aiovirt.errors import ResourceUnavailable
from aiovirt.host.shaping import Speed, shape
from aiovirt.processes import DryRun, Result

pytestmark = pytest.mark.anyio
FILTER = "tc filter add dev vnet0 parent ffff: protocol all u32 match u32 0 0"
CLEARED = ["tc qdisc del dev vnet0 root", "tc qdisc del dev vnet0 ingress"]


async def asked(inbound: Speed, outbound: Speed) -> list[str]:
    with DryRun() as dry:
        await shape("vnet0", inbound, outbound)
    return [each.command.render() for each in dry.recorded]


async def test_without_limits_the_old_ones_are_taken_away() -> None:
    assert await asked(Speed(), Speed()) == CLEARED


async def test_what_the_guest_receives_is_what_the_device_sends() -> None:
    assert (await asked(Speed(1000, 2000, 64), Speed()))[2:] == [
        "tc qdisc add dev vnet0 root handle 1: htb default 1",
        "tc class add dev vnet0 parent 1: classid 1:1 htb rate 1000kbps ceil 2000kbps burst 64kb",
        "tc qdisc add dev vnet0 parent 1:1 handle 2: sfq perturb 10",
    ]


async def test_what_the_guest_sends_is_dropped_beyond_its_limit() -> None:
    assert (await asked(Speed(), Speed(512)))[2:] == [
        "tc qdisc add dev vnet0 ingress",
        f"{FILTER} police rate 512kbps burst 512kb mtu 64kb drop flowid :1",
    ]


async def test_what_the_kernel_refuses_is_told_in_its_words() -> None:
    async def refuse(_recorded: object) -> Result:
        return Result(2, stderr=b"Error: Specified qdisc kind is unknown.\n")

    with DryRun(refuse), pytest.raises(ResourceUnavailable, match="kind is unknown"):
        await shape("vnet0", Speed(1000), Speed())
