"""A control group of the real kernel for a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

import anyio
import pytest

from aiovirt.host.cgroups import Group, Hierarchies

__all__ = ["kernel_group"]


@contextmanager
def kernel_group() -> Iterator[Group]:
    """Make a group of version 1, which is gone at the end."""
    hosts = Hierarchies.find()
    if not hosts.split or not hosts.writable():
        pytest.skip("no control groups of version 1 may be made here")
    made = Group(hosts, PurePosixPath("machine", f"aiovirt-test-{os.getpid()}"))
    made.make()
    yield made
    anyio.run(made.remove)
    assert not made.exists()
