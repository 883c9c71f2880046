"""Which machines start with their hosts, by the hosts' own lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.inventory import Tree
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import InvalidState, Unsupported
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import AutoStartWaitHeartbeatSetting
from aiovirt.protocols.vsphere.tables.hosts import (
    AutoStartDefaults,
    AutoStartPowerInfo,
    HostAutoStartManagerConfig,
)
from aiovirt.protocols.vsphere.tables.hosts_methods import (
    RECONFIGURE_AUTOSTART,
    ReconfigureAutostartArgs,
)

__all__ = ["autostarted", "set_autostart", "starts_with_host"]

_ORDER: Final = -1
"""No place of its own in the order in which they start."""

_DEFAULT: Final = -1
"""The host's own delay."""

_CONFIG: Final = "config.autoStart"
_MANAGER: Final = "configManager.autoStartManager"


def autostarted(session: Session) -> frozenset[Ref]:
    """The machines that start with their hosts; none on a host where that is turned off."""
    tree = session.tree
    return frozenset(ref for host in tree.of_kind("HostSystem") for ref in _started(tree, host))


def starts_with_host(session: Session, machine: Machine) -> bool:
    """Whether a machine starts with its host."""
    host = machine.host
    return host is not None and machine.ref in _started(session.tree, host)


def _started(tree: Tree, host: Ref) -> Iterator[Ref]:
    config: HostAutoStartManagerConfig | None = tree.get(host).get(_CONFIG)
    if config is not None and _enabled(config):
        for each in config.power_info:
            if each.start_action.lower() == "poweron":
                yield each.key


def _enabled(config: HostAutoStartManagerConfig) -> bool:
    return config.defaults is not None and bool(config.defaults.enabled)


async def set_autostart(session: Session, machine: Machine, *, autostart: bool) -> None:
    """Whether a machine starts with its host.

    Raises:
        InvalidState: The host starts none now, and would then start others, too.
        Unsupported: The host has no such list.
    """
    what = f"set whether domain {machine.name!r} starts with its host"
    known = {} if machine.host is None else await session.get(machine.host, _MANAGER, _CONFIG)
    manager, config = known.get(_MANAGER), known.get(_CONFIG)
    if machine.host is None or manager is None:
        raise Unsupported(DRIVER, what, "its host has no list of such machines")
    config = config or HostAutoStartManagerConfig()
    spec = HostAutoStartManagerConfig(
        defaults=_turned_on(machine, config) if autostart else None,
        power_info=(_entry(machine, autostart=autostart),),
    )
    await session.call(
        RECONFIGURE_AUTOSTART, manager, ReconfigureAutostartArgs(spec=spec), what=what
    )
    await session.inventory.refresh(machine.host)


def _turned_on(machine: Machine, config: HostAutoStartManagerConfig) -> AutoStartDefaults | None:
    """What turns starting on at the host, where it is off and nobody else is on the list."""
    if _enabled(config):
        return None
    if any(each.key != machine.ref for each in config.power_info):
        raise InvalidState(
            f"the host of domain {machine.name!r} starts no machines now; if it did, it would "
            "start others on its list, too",
            hint="turn that on at the host itself, when the others shall start as well",
        )
    return AutoStartDefaults(enabled=True)


def _entry(machine: Machine, *, autostart: bool) -> AutoStartPowerInfo:
    return AutoStartPowerInfo(
        key=machine.ref,
        start_order=_ORDER,
        start_delay=_DEFAULT,
        wait_for_heartbeat=AutoStartWaitHeartbeatSetting.SYSTEM_DEFAULT,
        start_action="powerOn" if autostart else "none",
        stop_delay=_DEFAULT,
        stop_action="none",
    )
