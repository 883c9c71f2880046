"""What tests of the driver share: a lab's libvirtd behind an open connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import networklab
import pytest
import storagelab
from libvirtlab import Lab

import aiovirt
from aiovirt.objects import Connection, Network, StoragePool


@pytest.fixture
async def host(lab: Lab) -> AsyncIterator[Connection]:
    """Return QEMU's driver of the lab."""
    async with aiovirt.open(lab.uri("unix", "qemu:///system")) as host:
        yield host


@pytest.fixture
async def pool(host: Connection, lab: Lab) -> AsyncIterator[StoragePool]:
    """Return an active pool in a folder, without a volume."""
    async with storagelab.running_pool(host, lab, "images") as pool:
        yield pool


@pytest.fixture
async def test_host(lab: Lab) -> AsyncIterator[Connection]:
    """Return libvirt's test driver: a host that is made up, and that a test cannot harm."""
    async with aiovirt.open(lab.uri("unix", "test:///default")) as host:
        yield host


@pytest.fixture
async def network(host: Connection) -> AsyncIterator[Network]:
    """Return a network that runs."""
    async with networklab.running_network(host, "lan") as network:
        yield network
