"""Shares of processor time: drivers that know no flags have only libvirt's first procedures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from aiovirt.bindings.resources import MOST_PARAMETERS
from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import Resources
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamValue, TypedParams
from aiovirt.protocols.libvirt.tables import domain_tuning as p

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact

__all__ = ["LibvirtResources"]

NAME = "scheduler_parameters"


class LibvirtResources(LibvirtAbility, Resources):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def scheduler_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.scheduler_parameters`."""
        dom = DOMAIN.send(domain)
        if not flags:
            plain = p.DomainGetSchedulerParametersArgs(dom, MOST_PARAMETERS)
            first = await self._link.call(p.DOMAIN_GET_SCHEDULER_PARAMETERS, plain, operation=NAME)
            return first.params
        args = p.DomainGetSchedulerParametersFlagsArgs(dom, MOST_PARAMETERS, flags)
        reply = await self._link.call(p.DOMAIN_GET_SCHEDULER_PARAMETERS_FLAGS, args, operation=NAME)
        return reply.params

    async def set_scheduler_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_scheduler_parameters`."""
        dom, name = DOMAIN.send(domain), "set_scheduler_parameters"
        if not flags:
            plain = p.DomainSetSchedulerParametersArgs(dom, params)
            await self._link.call(p.DOMAIN_SET_SCHEDULER_PARAMETERS, plain, operation=name)
            return
        args = p.DomainSetSchedulerParametersFlagsArgs(dom, params, flags)
        await self._link.call(p.DOMAIN_SET_SCHEDULER_PARAMETERS_FLAGS, args, operation=name)
