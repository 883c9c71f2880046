"""What tests of the driver share: a lab's libvirtd behind an open connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import storagelab
from libvirtlab import Lab

import aiovirt
from aiovirt.objects import Connection, StoragePool


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
