"""A host, as its user holds it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig
from aiovirt.interfaces import (
    Definition,
    Driver,
    Events,
    EventStream,
    Monitor,
    Statistics,
)
from aiovirt.model.flags import flag_set
from aiovirt.model.statistics import DomainStats, StatsGroup
from aiovirt.model.uri import URI
from aiovirt.objects._activity import HostActivity
from aiovirt.objects._host_facts import HostFacts
from aiovirt.objects._host_power import HostPowerVerbs
from aiovirt.objects._maintenance import HostMaintenance
from aiovirt.objects.domain import Domain
from aiovirt.objects.domains import Domains
from aiovirt.objects.filters import NetworkFilters
from aiovirt.objects.host_interfaces import HostInterfaces
from aiovirt.objects.networks import Networks
from aiovirt.objects.node_devices import NodeDevices
from aiovirt.objects.pools import Pools
from aiovirt.objects.secrets import Secrets
from aiovirt.objects.tags import Tags

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectGetAllDomainStatsFlags

__all__ = ["Connection"]


class Connection(HostFacts, HostMaintenance, HostPowerVerbs, HostActivity):
    """An open host. `aiovirt.open` makes it, and it ends with that block.

    Attributes:
        domains: The host's domains.
        pools: Its storage pools.
        secrets: The secrets that it keeps.
        networks: Its virtual networks.
        filters: Its network filters.
        interfaces: Its own network interfaces.
        node_devices: Its devices.
        tags: The tags of a vCenter.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.domains = Domains(driver)
        self.pools = Pools(driver)
        self.secrets = Secrets(driver)
        self.networks = Networks(driver)
        self.filters = NetworkFilters(driver)
        self.interfaces = HostInterfaces(driver)
        self.node_devices = NodeDevices(driver)
        self.tags = Tags(driver)

    @property
    def uri(self) -> URI:
        """The URI it was opened with."""
        return self._driver.uri

    @property
    def driver(self) -> Driver:
        """The driver underneath, for what no handle offers."""
        return self._driver

    def __repr__(self) -> str:
        return f"<Connection {self.uri}>"

    def events(self, *, limit: int = 1024) -> AbstractAsyncContextManager[EventStream]:
        """All events of the host from the moment the block is entered.

            async with host.events() as events:
                async for event in events: ...

        Args:
            limit: How many may wait to be read; beyond it the oldest are dropped and an
                `EventsLost` that counts them stands in their place.

        Raises:
            Unsupported: The driver has no events.
        """
        return self._driver.ability(Events).subscribe(limit=limit)

    def monitor_events(
        self,
        event: str | None = None,
        *,
        regex: bool = False,
        ignore_case: bool = False,
        limit: int = 1024,
    ) -> AbstractAsyncContextManager[EventStream]:
        """The own events of all domains' monitors; see `Domain.monitor_events`."""
        flags = flag_set(
            "ConnectDomainQemuMonitorEventRegisterFlags", 0, regex=regex, nocase=ignore_case
        )
        return self._driver.ability(Monitor).monitor_events(None, event, flags=flags, limit=limit)

    async def stats(
        self,
        domains: Sequence[Domain] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: ConnectGetAllDomainStatsFlags | Literal[0] = 0,
    ) -> Sequence[DomainStats]:
        """The statistics of these domains, or of all, in one pass over all of them at once.

        A domain that does not answer within the driver's bound is there too, marked in
        `control`; it delays no other.

        Args:
            domains: Which.
            groups: What is asked; the state always comes along.
            flags: libvirt's, such as `ACTIVE`, `NOWAIT` or `ENFORCE_STATS`.

        Raises:
            NotFound: A domain that was asked for is not there any more.
        """
        keys = None if domains is None else [domain.key for domain in domains]
        return await self._driver.ability(Statistics).stats(keys, groups=groups, flags=flags)

    async def from_native(self, form: str, text: str) -> DomainConfig:
        """The configuration that another program's own form stands for.

        Args:
            form: The form, such as ``lxc-tools`` or ``vmware-vmx``.
            text: A document of that form.

        Raises:
            ConfigError: The form is not known, or the text is wrong.
        """
        return await self._driver.ability(Definition).from_native(form, text)

    async def to_native(self, form: str, config: DomainConfig) -> str:
        """A configuration in another program's own form, such as ``qemu-argv``.

        Raises:
            ConfigError: The form is not known, or the configuration is wrong.
        """
        return await self._driver.ability(Definition).to_native(form, config)

    async def native_command(self, config: DomainConfig) -> Sequence[str]:
        """The command line that would start this configuration; nothing is started.

        Raises:
            ConfigError: The configuration is wrong.
        """
        return await self._driver.ability(Monitor).native_command(config)
