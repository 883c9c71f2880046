"""The test driver: a host in memory with everything, for tests and for trying things out.

``test:///default`` is a host with one of each; ``test:///PATH`` is what the document PATH says,
in the format of libvirt's own test driver.  Nothing that is done here touches the real host: a
saved guest, a volume's bytes and a screenshot are in memory, and gone when the driver is closed.

driver     an open driver: the abilities, with the faults that tests ask for
world      what all abilities share: the clock, the events, the files, the rooms
shelf      things of one kind, found by UUID or by name
faults     what shall go wrong on purpose
files      the host's files, in memory
numbers    libvirt's numbers of errors, where the class does not tell them
reading    what a connection may do that only reads
document   what ``test:///PATH`` reads
domains/   domains: their state, and the abilities about them
resources/ networks, storage, secrets and the rest of the host
"""

from __future__ import annotations

from aiovirt.drivers.test.driver import TestDriver, open_driver, open_world
from aiovirt.drivers.test.world import World

__all__ = ["TestDriver", "World", "open_driver", "open_world"]
