"""Networks, filters and bindings for tests in a lab."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from aiovirt.objects import Connection, Network

__all__ = ["BRIDGE", "FILTER", "PORT_UUID", "isolated_xml", "port_xml", "running_network"]

BRIDGE = "virbr-lab"

FILTER = (
    "<filter name='lab-quiet' chain='root'>"
    "<uuid>5c6d49af-b071-6127-b4ec-6f8ed4b55335</uuid>"
    "<rule action='drop' direction='out' priority='500'><tcp dstportstart='25'/></rule></filter>"
)
"""A network filter that lets nobody send mail."""

PORT_UUID = "7ae63b5f-fe96-4af0-a7c3-da04ba1b126f"


def isolated_xml(name: str, *, subnet: str = "192.168.231", bridge: str = BRIDGE) -> str:
    """Return a network between guests alone, with DHCP."""
    return (
        f"<network><name>{name}</name><bridge name='{bridge}'/>"
        f"<ip address='{subnet}.1' netmask='255.255.255.0'>"
        f"<dhcp><range start='{subnet}.2' end='{subnet}.99'/></dhcp></ip></network>"
    )


def port_xml() -> str:
    """Return a port of such a network, as a driver of guests asks for one."""
    return (
        f"<networkport><uuid>{PORT_UUID}</uuid>"
        f"<owner><name>someguest</name><uuid>{uuid4()}</uuid></owner>"
        f"<mac address='52:54:00:7b:35:93'/>"
        "</networkport>"
    )


@asynccontextmanager
async def running_network(host: Connection, name: str) -> AsyncIterator[Network]:
    """Give a network that is defined and runs; at the end it is gone."""
    network = await host.networks.define(isolated_xml(name))
    try:
        await network.start()
        yield network
    finally:
        if await network.is_active():
            await network.destroy()
        await network.undefine()
