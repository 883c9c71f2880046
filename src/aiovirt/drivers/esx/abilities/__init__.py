"""What the driver can do: one module an ability; a new one gets its line in `IMPLEMENTATIONS`."""

from __future__ import annotations

from collections.abc import Mapping

from aiovirt.drivers.esx.abilities.definition import EsxDefinition
from aiovirt.drivers.esx.abilities.events import EsxEvents
from aiovirt.drivers.esx.abilities.lifecycle import EsxLifecycle
from aiovirt.drivers.esx.abilities.processors import EsxProcessors
from aiovirt.drivers.esx.abilities.resources import EsxResources
from aiovirt.drivers.esx.abilities.statistics import EsxStatistics
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.interfaces import (
    Ability,
    Definition,
    Events,
    Lifecycle,
    Processors,
    Resources,
    Statistics,
)

__all__ = ["IMPLEMENTATIONS"]

IMPLEMENTATIONS: Mapping[type[Ability], type[EsxAbility]] = {
    Definition: EsxDefinition,
    Lifecycle: EsxLifecycle,
    Events: EsxEvents,
    Processors: EsxProcessors,
    Resources: EsxResources,
    Statistics: EsxStatistics,
}
"""The abilities the driver has, and by what."""
