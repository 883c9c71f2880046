"""A domain's memory in a file, and dumps of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import anyio

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.moving import see_through
from aiovirt.errors import InvalidState
from aiovirt.interfaces import Jobs, SavedState, Statistics
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set, member
from aiovirt.model.statistics import StatsGroup
from aiovirt.model.statsgroups import DirtyRateStats
from aiovirt.objects._handle import Handle
from aiovirt.objects._progress import OnProgress, watched

__all__ = ["DirtyRateMode", "DomainSaved", "DumpFormat", "configured", "how", "on_host"]

DumpFormat: TypeAlias = Literal["raw", "kdump_zlib", "kdump_lzo", "kdump_snappy", "win_dmp"]
DirtyRateMode: TypeAlias = Literal["page-sampling", "dirty-bitmap", "dirty-ring"]

_MEASURED = 2
"""libvirt's `virDomainDirtyRateStatus` of a measurement that is complete."""
_LOOK_S = 0.1


def on_host(path: str) -> str:
    """The path as the host is told it: a relative one begins here, as libvirt's client has it."""
    return str(Path.cwd() / path)


def how(*, bypass_cache: bool, paused: bool | None, reset_nvram: bool = False) -> Any:  # noqa: ANN401
    """libvirt's flags of saving and restoring; `paused` is None for as it was."""
    return flag_set(
        "DomainSaveRestoreFlags",
        0,
        bypass_cache=bypass_cache,
        running=paused is False,
        paused=paused is True,
        reset_nvram=reset_nvram,
    )


def configured(config: DomainConfig | str | bytes | None) -> DomainConfig | None:
    """A configuration, or one of its XML."""
    if config is None or isinstance(config, DomainConfig):
        return config
    return DomainConfig.parse(config)


class DomainSaved(Handle[DomainKey]):
    """The part of `Domain` that saves its memory. Paths are those of its host."""

    @property
    def _saved(self) -> SavedState:
        return self._driver.ability(SavedState)

    async def save(
        self,
        path: str,
        *,
        config: DomainConfig | str | None = None,
        paused: bool | None = None,
        bypass_cache: bool = False,
        progress: OnProgress | None = None,
    ) -> None:
        """Write its memory and configuration into a file and stop it; returns when that is done.

            await vm.save("/var/tmp/web1.save", progress=print)
            vm = await host.domains.restore("/var/tmp/web1.save")

        Args:
            path: The file.
            config: A configuration, or its XML, that is written in place of its own.
            paused: Whether it stands still or runs when it is restored; as now if None.
            bypass_cache: Keep the file out of the host's cache.
            progress: Gets how far it is.

        Raises:
            InvalidState: It does not run.
            AiovirtError: It could not be saved; it goes on as before.

        Cancellation: it is given up, and it goes on as before; once its file is whole it is saved.
        """
        flags = how(bypass_cache=bypass_cache, paused=paused)
        other = configured(config)
        await self._long(
            lambda: self._saved.save(self.key, on_host(path), config=other, flags=flags), progress
        )

    async def managed_save(
        self,
        *,
        paused: bool | None = None,
        bypass_cache: bool = False,
        progress: OnProgress | None = None,
    ) -> None:
        """As `save`, into a file that the host keeps: the next start goes on from it."""
        flags = how(bypass_cache=bypass_cache, paused=paused)
        await self._long(lambda: self._saved.managed_save(self.key, flags=flags), progress)

    async def has_managed_save(self) -> bool:
        """Whether the host keeps such a file."""
        return await self._saved.has_managed_save(self.key)

    async def remove_managed_save(self) -> None:
        """Throw that file away: the next start begins anew."""
        await self._saved.remove_managed_save(self.key)

    async def managed_save_config(self, *, secure: bool = False) -> DomainConfig:
        """The configuration in that file, with passwords if `secure`."""
        return await self._saved.managed_save_config(self.key, secure=secure)

    async def set_managed_save_config(
        self, config: DomainConfig | str, *, paused: bool | None = None
    ) -> None:
        """Change the configuration in that file, as far as the saved memory fits to it.

        Args:
            config: A configuration, or its XML.
            paused: Whether it stands still or runs when it is started; as it was if None.
        """
        parsed = config if isinstance(config, DomainConfig) else DomainConfig.parse(config)
        flags = how(bypass_cache=False, paused=paused)
        await self._saved.set_managed_save_config(self.key, parsed, flags=flags)

    async def dump(
        self,
        path: str,
        *,
        dump_format: DumpFormat = "raw",
        memory_only: bool = False,
        live: bool = False,
        crash: bool = False,
        reset: bool = False,
        bypass_cache: bool = False,
        progress: OnProgress | None = None,
    ) -> None:
        """Write its memory into a file, for debuggers; returns when that is done.

        It stands still meanwhile and goes on then.

        Args:
            path: The file.
            dump_format: Another one than `raw` needs `memory_only`.
            memory_only: Only memory and registers, as an ELF file: tools for crashes read that.
            live: Let it go on meanwhile.
            crash: End it afterwards.
            reset: Reset it afterwards.
            bypass_cache: Keep the file out of the host's cache.
            progress: Gets how far it is.

        Cancellation: it is given up.
        """
        flags = flag_set(
            "DomainCoreDumpFlags",
            0,
            memory_only=memory_only,
            live=live,
            crash=crash,
            reset=reset,
            bypass_cache=bypass_cache,
        )
        chosen = member("DomainCoreDumpFormat", dump_format)
        await self._long(
            lambda: self._saved.dump(self.key, on_host(path), dump_format=chosen, flags=flags),
            progress,
        )

    async def measure_dirty_rate(
        self, seconds: int = 1, *, mode: DirtyRateMode = "page-sampling"
    ) -> None:
        """Begin to measure how much memory its guest changes.

        The result stands among its statistics, ``dirtyrate.megabytes_per_second``.

        Args:
            seconds: For how long, from 1 to 60.
            mode: By which method.
        """
        name = f"mode_{mode.replace('-', '_')}"
        flags = flag_set("DomainDirtyRateCalcFlags", 0, **{name: True})
        await self._driver.ability(Jobs).measure_dirty_rate(self.key, seconds, flags=flags)

    async def dirty_rate(
        self, seconds: int = 1, *, mode: DirtyRateMode = "page-sampling"
    ) -> DirtyRateStats:
        """Measure how much memory its guest changes, and wait for the result.

        Args:
            seconds: For how long, from 1 to 60.
            mode: By which method; ``page-sampling`` works everywhere.

        Raises:
            InvalidState: It has ended meanwhile.

        Cancellation: the host goes on measuring to its end, which harms nobody.
        """
        await self.measure_dirty_rate(seconds, mode=mode)
        statistics = self._driver.ability(Statistics)
        await anyio.sleep(seconds)
        while True:
            (stats,) = await statistics.stats([self.key], groups=StatsGroup.DIRTY_RATE)
            found = stats.dirty_rate
            if found is None:
                raise InvalidState(f"domain {self.key.name!r} tells no rate: does it run?")
            if found.status == _MEASURED:
                return found
            await anyio.sleep(_LOOK_S)

    async def _long(self, work: Callable[[], Awaitable[None]], progress: OnProgress | None) -> None:
        """See a job through: a cancellation gives it up, and waits until it was."""
        jobs = self._driver.ability(Jobs)
        await watched(
            self._driver,
            self.key,
            lambda: see_through(work, hurry=lambda: jobs.abort_job(self.key)),
            progress,
        )
