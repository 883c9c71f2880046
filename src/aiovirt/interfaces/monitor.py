"""Passing commands through to the hypervisor, and seeing what it would be started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiovirt.config import DomainConfig
from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey

__all__ = ["Monitor"]


class Monitor(Ability):
    """The hypervisor's own monitor and command line. What is done here is not looked after."""

    @operation
    async def monitor_command(
        self, domain: DomainKey, command: str, arguments: Mapping[str, object] | None = None
    ) -> object:
        """Run one command of the hypervisor's monitor and return its answer.

        Some commands take minutes, so there is no bound but the caller's own deadline.

        Raises:
            InvalidState: The domain is not running.
            RemoteError: The hypervisor refused, in its own words.
        """
        raise NotImplementedError

    @operation
    async def native_command(self, config: DomainConfig) -> Sequence[str]:
        """The command line that would start this configuration; nothing is started.

        Raises:
            ConfigError: The configuration is wrong.
        """
        raise NotImplementedError
