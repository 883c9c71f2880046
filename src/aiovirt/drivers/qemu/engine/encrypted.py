"""What QEMU tells of a guest whose memory the processor encrypts: AMD's SEV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.model.params import ParamType, ParamValue, Typed

__all__ = ["measured"]

_FIGURES: Final = {
    "api-major": "sev-api-major",
    "api-minor": "sev-api-minor",
    "build-id": "sev-build-id",
    "policy": "sev-policy",
}
"""QEMU's names in query-sev, and libvirt's in virDomainGetLaunchSecurityInfo."""


async def measured(monitor: BoundedMonitor) -> Mapping[str, ParamValue]:
    """Return the measurement of a guest's start, and what measured it.

    Raises:
        QMPCommandError: Its memory is not encrypted.
    """
    measurement: Any = await monitor.execute("query-sev-launch-measure")
    told: Any = await monitor.execute("query-sev")
    figures = {
        ours: Typed(ParamType.UINT, int(told[name]))
        for name, ours in _FIGURES.items()
        if name in told
    }
    return {"sev-measurement": str(measurement["data"]), **figures}
