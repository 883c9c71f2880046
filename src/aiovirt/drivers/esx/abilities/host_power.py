"""Restarting hosts, switching them off, and what the server is licensed for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.hosts import host_of, hosts_of
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import NotFound, Unsupported
from aiovirt.interfaces import HostPower
from aiovirt.interfaces.inventory import OnPercent
from aiovirt.model.host import HostLicence
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.hosts_methods import (
    POWER_DOWN_HOST_TO_STAND_BY_TASK,
    POWER_UP_HOST_FROM_STAND_BY_TASK,
    REBOOT_HOST_TASK,
    SHUTDOWN_HOST_TASK,
    PowerDownHostToStandByTaskArgs,
    PowerUpHostFromStandByTaskArgs,
    RebootHostTaskArgs,
    ShutdownHostTaskArgs,
)
from aiovirt.protocols.vsphere.tables.session import LicenseManagerLicenseInfo

__all__ = ["EsxHostPower"]

_LICENCES: Final = "licenses"


class EsxHostPower(EsxAbility, HostPower):
    """See `HostPower`."""

    def _host(self, name: str | None, what: str) -> Ref:
        if name is None:
            return host_of(self.session, what)
        tree, hosts = self.session.tree, hosts_of(self.session)
        for each in hosts:
            if tree.name(each) == name:
                return each
        known = ", ".join(map(tree.name, hosts)) or "none"
        raise NotFound(f"{self.session.where} has no host {name!r}", hint=f"there are: {known}")

    async def reboot_host(self, host: str | None = None, *, force: bool = False) -> None:
        """See `HostPower.reboot_host`."""
        ref = self._host(host, "restart")
        what = f"restart {self.session.tree.called(ref)}"
        await self.session.run(REBOOT_HOST_TASK, ref, RebootHostTaskArgs(force=force), what=what)

    async def shut_down_host(self, host: str | None = None, *, force: bool = False) -> None:
        """See `HostPower.shut_down_host`."""
        ref = self._host(host, "be switched off")
        what = f"switch {self.session.tree.called(ref)} off"
        args = ShutdownHostTaskArgs(force=force)
        await self.session.run(SHUTDOWN_HOST_TASK, ref, args, what=what)

    async def stand_by(
        self,
        host: str | None = None,
        *,
        evacuate: bool = False,
        timeout_s: int = 0,
        progress: OnPercent | None = None,
    ) -> None:
        """See `HostPower.stand_by`: a vCenter can, where the host can be woken."""
        ref = self._host(host, "sleep")
        args = PowerDownHostToStandByTaskArgs(
            timeout_sec=timeout_s, evacuate_powered_off_vms=evacuate
        )
        method, what = (
            POWER_DOWN_HOST_TO_STAND_BY_TASK,
            f"let {self.session.tree.called(ref)} sleep",
        )
        await self.session.run(method, ref, args, what=what, progress=progress)

    async def wake(self, host: str | None = None, *, timeout_s: int = 0) -> None:
        """See `HostPower.wake`."""
        ref = self._host(host, "be woken")
        args = PowerUpHostFromStandByTaskArgs(timeout_sec=timeout_s)
        what = f"wake {self.session.tree.called(ref)}"
        await self.session.run(POWER_UP_HOST_FROM_STAND_BY_TASK, ref, args, what=what)

    async def licences(self) -> Sequence[HostLicence]:
        """See `HostPower.licences`; a vCenter tells those of all its hosts."""
        manager = self.session.content.license_manager
        if manager is None:
            raise Unsupported(DRIVER, "HostPower.licences", "the server has no licence manager")
        known = await self.session.get(manager, _LICENCES, what="tell its licences")
        found = [_licence(each) for each in known.get(_LICENCES) or ()]
        return sorted(found, key=lambda each: (each.name, each.key))


def _licence(licence: LicenseManagerLicenseInfo) -> HostLicence:
    last = licence.license_key.rpartition("-")[2]
    key = f"…-{last}" if last != licence.license_key else "…"
    return HostLicence(licence.name, key, licence.cost_unit, licence.used, licence.total)
