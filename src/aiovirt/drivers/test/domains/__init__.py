"""Domains of the host in memory: their state, and the abilities about them.

machine      one domain, as values
room         all of them; every change of state is told there
base         what the abilities share
completing   what is filled in when a domain is defined (filling: of one device; places: where)
living       what only a running domain has
tree         parts of the document that have no typed view
<others>     the abilities
"""

from __future__ import annotations

from collections.abc import Mapping

from aiovirt.drivers.test.domains.backups import TestBackups
from aiovirt.drivers.test.domains.blocks import TestBlocks
from aiovirt.drivers.test.domains.checkpoints import TestCheckpoints
from aiovirt.drivers.test.domains.consoles import TestConsoles
from aiovirt.drivers.test.domains.definition import TestDefinition
from aiovirt.drivers.test.domains.devices import TestDevices
from aiovirt.drivers.test.domains.displays import TestDisplays
from aiovirt.drivers.test.domains.events import TestEvents
from aiovirt.drivers.test.domains.guest import TestGuest
from aiovirt.drivers.test.domains.jobs import TestJobs
from aiovirt.drivers.test.domains.lifecycle import TestLifecycle
from aiovirt.drivers.test.domains.migration import TestMigration
from aiovirt.drivers.test.domains.monitor import TestMonitor
from aiovirt.drivers.test.domains.processors import TestProcessors
from aiovirt.drivers.test.domains.resources import TestResources
from aiovirt.drivers.test.domains.saved_state import TestSavedState
from aiovirt.drivers.test.domains.screen import TestScreen
from aiovirt.drivers.test.domains.snapshots import TestSnapshots
from aiovirt.drivers.test.domains.statistics import TestStatistics
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.interfaces import (
    Ability,
    Backups,
    Blocks,
    Checkpoints,
    Consoles,
    Definition,
    Devices,
    Displays,
    Events,
    Guest,
    Jobs,
    Lifecycle,
    Migration,
    Monitor,
    Processors,
    Resources,
    SavedState,
    Screen,
    Snapshots,
    Statistics,
)

__all__ = ["IMPLEMENTATIONS"]

IMPLEMENTATIONS: Mapping[type[Ability], type[TestAbility]] = {
    Definition: TestDefinition,
    Lifecycle: TestLifecycle,
    Events: TestEvents,
    Statistics: TestStatistics,
    Processors: TestProcessors,
    Resources: TestResources,
    Snapshots: TestSnapshots,
    SavedState: TestSavedState,
    Jobs: TestJobs,
    Guest: TestGuest,
    Migration: TestMigration,
    Backups: TestBackups,
    Checkpoints: TestCheckpoints,
    Monitor: TestMonitor,
    Displays: TestDisplays,
    Screen: TestScreen,
    Consoles: TestConsoles,
    Devices: TestDevices,
    Blocks: TestBlocks,
}
"""The abilities about domains, and by what."""
