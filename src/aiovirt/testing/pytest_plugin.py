"""What pytest gets from aiovirt: fixtures of hosts to test against.

`aiovirt_host` is a host in memory; `aiovirt_daemon` is one behind a daemon, for clients of any
language.  The fixtures are plain ones, so that they serve tests of whichever async plugin, or of
none.  What they need is loaded when one of them is first used: a suite that has aiovirt installed
and uses none of them pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from aiovirt.drivers.test.faults import Faults
    from aiovirt.testing.test_host import TestHost
    from aiovirt.testing.threaded_daemon import ThreadedDaemon

__all__ = ["aiovirt_daemon", "aiovirt_document", "aiovirt_faults", "aiovirt_host"]


@pytest.fixture
def aiovirt_document() -> str | None:
    """Return what there is on the hosts of a test: a ``<node>`` of libvirt's test driver.

    None is the host of ``test:///default``; a suite overrides the fixture where it wants another.
    """
    return None


@pytest.fixture
def aiovirt_faults() -> Faults:
    """Return what is to go wrong on the hosts of a test, and how often they were called."""
    made: Faults = import_module("aiovirt.drivers.test.faults").Faults()
    return made


@pytest.fixture
def aiovirt_host(aiovirt_document: str | None, aiovirt_faults: Faults) -> Iterator[TestHost]:
    """Return a new host in memory, as `aiovirt.open` would give one."""
    make = import_module("aiovirt.testing.loose_host").loose_host
    with make(aiovirt_document, aiovirt_faults) as host:
        yield host


@pytest.fixture
def aiovirt_daemon(
    aiovirt_document: str | None,
    aiovirt_faults: Faults,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ThreadedDaemon]:
    """Return a daemon in a thread of its own, which serves a new host in memory on a socket."""
    run = import_module("aiovirt.testing.threaded_daemon").run_test_daemon
    folder = tmp_path_factory.mktemp("aiovirtd")
    with run(folder, document=aiovirt_document, faults=aiovirt_faults) as daemon:
        yield daemon
