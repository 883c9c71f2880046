"""What tests need: a host in memory with faults, a daemon that serves it, fakes of real peers.

Users' tests take `open_test_host`, or the fixtures of the pytest plugin; the fakes are built from
aiovirt's own server cores, with scripted faults.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiovirt.drivers.test.faults import Fault, Faults
    from aiovirt.testing.daemon import RunningDaemon, open_test_daemon
    from aiovirt.testing.test_host import TestHost, open_test_host
    from aiovirt.testing.threaded_daemon import ThreadedDaemon, run_test_daemon
    from aiovirt.testing.vsphere import FakeVSphere, run_fake_vsphere

_HOMES = {
    "Fault": "aiovirt.drivers.test.faults",
    "FakeVSphere": "aiovirt.testing.vsphere",
    "Faults": "aiovirt.drivers.test.faults",
    "RunningDaemon": "aiovirt.testing.daemon",
    "TestHost": "aiovirt.testing.test_host",
    "ThreadedDaemon": "aiovirt.testing.threaded_daemon",
    "open_test_daemon": "aiovirt.testing.daemon",
    "open_test_host": "aiovirt.testing.test_host",
    "run_fake_vsphere": "aiovirt.testing.vsphere",
    "run_test_daemon": "aiovirt.testing.threaded_daemon",
}

__all__ = [
    "FakeVSphere",
    "Fault",
    "Faults",
    "RunningDaemon",
    "TestHost",
    "ThreadedDaemon",
    "open_test_daemon",
    "open_test_host",
    "run_fake_vsphere",
    "run_test_daemon",
]


def __getattr__(name: str) -> object:
    """Load a name on its first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)
