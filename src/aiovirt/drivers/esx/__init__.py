"""The driver for VMware ESX hosts and vCenters by their web API: ``esx://`` and ``vpx://``.

opening       from a URI to a session; parameters, scope
session       what the abilities share: calls, tasks, changes
inventory     the server's objects by name and place
machines      the machines among them; watched says what is kept of each
watcher       what happens, as events
faults        what refusals mean
abilities/    what it can do
"""

from __future__ import annotations

from aiovirt.drivers.esx.driver import EsxDriver, open_driver

__all__ = ["EsxDriver", "open_driver"]
