"""A domain, as its user holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from aiovirt.config import DomainConfig
from aiovirt.interfaces import (
    Consoles,
    ConsoleStream,
    Definition,
    Lifecycle,
    Screen,
    Statistics,
)
from aiovirt.model.domain import (
    ControlInfo,
    DomainInfo,
    DomainKey,
    DomainRecord,
    ShutdownMode,
    StateReason,
)
from aiovirt.model.flags import flag_set
from aiovirt.model.keycodes import KeycodeSet
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup
from aiovirt.model.statsgroups import BalloonStats, InterfaceCounters
from aiovirt.objects._domain_agent import DomainAgent
from aiovirt.objects._domain_backups import DomainBackups
from aiovirt.objects._domain_blocks import DomainBlocks
from aiovirt.objects._domain_definition import DomainDefinition
from aiovirt.objects._domain_devices import DomainDevices
from aiovirt.objects._domain_displays import DomainDisplays
from aiovirt.objects._domain_inventory import DomainInventory
from aiovirt.objects._domain_migration import DomainMigration
from aiovirt.objects._domain_processors import DomainProcessors
from aiovirt.objects._domain_resources import DomainResources
from aiovirt.objects._domain_saved import DomainSaved
from aiovirt.objects._handle import NamedHandle

__all__ = ["Domain"]

_FLAGS_OF_MODES = {"acpi": "acpi_power_btn", "agent": "guest_agent"}


def _flags_of(modes: Sequence[ShutdownMode]) -> dict[str, bool]:
    """The names of libvirt's flags for ways to ask a guest."""
    return {_FLAGS_OF_MODES.get(mode, mode): True for mode in modes}


class Domain(
    DomainDefinition,
    DomainDevices,
    DomainBlocks,
    DomainBackups,
    DomainDisplays,
    DomainAgent,
    DomainMigration,
    DomainProcessors,
    DomainResources,
    DomainSaved,
    DomainInventory,
    NamedHandle[DomainKey],
):
    """One domain of a host: thin, cheap, and valid as long as its connection is open.

    Every verb raises `NotFound` when the domain is gone, `InvalidState` when its state does not
    allow the verb, `Unsupported` when the driver has no such operation, and `Unresponsive` when
    the hypervisor does not answer within the driver's bound.
    """

    # --- life cycle ---------------------------------------------------------------------------

    async def start(
        self,
        *,
        paused: bool = False,
        files: Sequence[int] = (),
        force_boot: bool = False,
        bypass_cache: bool = False,
        reset_nvram: bool = False,
        autodestroy: bool = False,
    ) -> None:
        """Start it; returns when it runs, or stands still before its first step if `paused`.

        Args:
            paused: Let it stand still.
            files: Descriptors for the first process of a container; they stay yours.
            force_boot: Forget the state that was saved.
            bypass_cache: Leave the host's cache out of loading a saved state.
            reset_nvram: Let the firmware begin anew.
            autodestroy: End it when the connection ends.

        Raises:
            ConfigError: The configuration names what is not there: a disk, a kernel, a bridge.
            HostError: The host could not do it; the hypervisor's own words are in the text.

        Cancellation: nothing stays behind; the domain is shut off.
        """
        lifecycle = self._driver.ability(Lifecycle)
        flags = flag_set(
            "DomainCreateFlags",
            0,
            start_force_boot=force_boot,
            start_bypass_cache=bypass_cache,
            start_reset_nvram=reset_nvram,
            start_autodestroy=autodestroy,
        )
        if files:
            await lifecycle.start_with_files(self.key, files, paused=paused, flags=flags)
        else:
            await lifecycle.start(self.key, paused=paused, flags=flags)

    async def shutdown(self, *, wait: bool = False, modes: Sequence[ShutdownMode] = ()) -> None:
        """Ask the guest to shut itself down, as by its power button.

        Args:
            wait: Return only when it is off; bound it with `anyio.fail_after`.
            modes: How to ask it; none leaves it to the driver.

        Cancellation: the request to the guest is not taken back.
        """
        flags = flag_set("DomainShutdownFlags", 0, **_flags_of(modes))
        await self._driver.ability(Lifecycle).shutdown(self.key, wait=wait, flags=flags)

    async def reboot(self, *, modes: Sequence[ShutdownMode] = ()) -> None:
        """Ask the guest to shut itself down, and start it anew when it has; returns at once.

        Args:
            modes: How to ask it; none leaves it to the driver.
        """
        flags = flag_set("DomainRebootFlags", 0, **_flags_of(modes))
        await self._driver.ability(Lifecycle).reboot(self.key, flags=flags)

    async def reset(self) -> None:
        """Reset the machine, as by its reset button: what the guest had not written is lost."""
        await self._driver.ability(Lifecycle).reset(self.key)

    async def destroy(self, *, graceful: bool = False, remove_logs: bool = False) -> None:
        """End it now, as by its plug; returns when it is off.

        Args:
            graceful: Never kill the hypervisor process: raise `Unresponsive` instead.
            remove_logs: Remove its logs, too.

        Cancellation: it may end a moment later, or go on.
        """
        flags = flag_set("DomainDestroyFlags", 0, remove_logs=remove_logs)
        await self._driver.ability(Lifecycle).destroy(self.key, graceful=graceful, flags=flags)

    async def suspend(self) -> None:
        """Stop the virtual processors; returns when they stand. Doing it twice is no error.

        Cancellation: they may stand a moment later, or go on.
        """
        await self._driver.ability(Lifecycle).suspend(self.key)

    async def resume(self) -> None:
        """Let a paused domain go on. Doing it twice is no error.

        Cancellation: it may go on a moment later, or stand still.
        """
        await self._driver.ability(Lifecycle).resume(self.key)

    # --- definition ---------------------------------------------------------------------------

    async def undefine(
        self,
        *,
        managed_save: bool = False,
        snapshots_metadata: bool = False,
        checkpoints_metadata: bool = False,
        nvram: bool | None = None,
        tpm: bool | None = None,
    ) -> None:
        """Remove the definition; a running domain stays as a transient one until it stops.

        Args:
            managed_save: The saved state goes with it.
            snapshots_metadata: What is known of its snapshots goes with it.
            checkpoints_metadata: What is known of its checkpoints goes with it.
            nvram: Whether the variables of its firmware go with it; None leaves it to the driver.
            tpm: Whether the state of its TPM goes with it; None leaves it to the driver.

        Raises:
            InvalidState: It has something of these, and it was not said what becomes of it.
        """
        flags = flag_set(
            "DomainUndefineFlags",
            0,
            managed_save=managed_save,
            snapshots_metadata=snapshots_metadata,
            checkpoints_metadata=checkpoints_metadata,
            nvram=nvram is True,
            keep_nvram=nvram is False,
            tpm=tpm is True,
            keep_tpm=tpm is False,
        )
        await self._driver.ability(Definition).undefine(self.key, flags=flags)

    async def config(
        self,
        *,
        inactive: bool = False,
        secure: bool = False,
        migratable: bool = False,
        update_cpu: bool = False,
    ) -> DomainConfig:
        """A copy of the live configuration if it runs, else of the inactive one.

        Args:
            inactive: The inactive one even if it runs.
            secure: With passwords.
            migratable: As a migration needs it.
            update_cpu: With the CPU as the host has it.
        """
        flags = flag_set("DomainXMLFlags", 0, migratable=migratable, update_cpu=update_cpu)
        return await self._driver.ability(Definition).config(
            self.key, inactive=inactive, secure=secure, flags=flags
        )

    async def xml(
        self,
        *,
        inactive: bool = False,
        secure: bool = False,
        migratable: bool = False,
        update_cpu: bool = False,
    ) -> str:
        """The configuration as XML; arguments as `config`."""
        config = await self.config(
            inactive=inactive, secure=secure, migratable=migratable, update_cpu=update_cpu
        )
        return config.to_xml(secure=secure)

    # --- what it is doing ---------------------------------------------------------------------

    async def record(self) -> DomainRecord:
        """Id, state with reason, and whether its hypervisor answers; no guest is asked."""
        return await self._driver.ability(Definition).record(self.key)

    async def state(self) -> StateReason:
        """The state with its reason: ``state.state``, ``state.label``."""
        return await self._driver.ability(Definition).state(self.key)

    async def info(self) -> DomainInfo:
        """State, memory, processors and processor time."""
        return await self._driver.ability(Statistics).info(self.key)

    async def stats(self, *, groups: StatsGroup = StatsGroup.ALL) -> DomainStats:
        """Its statistics; figures its hypervisor did not give in time are None."""
        (stats,) = await self._driver.ability(Statistics).stats([self.key], groups=groups)
        return stats

    async def memory_stats(self) -> BalloonStats:
        """What the guest and its hypervisor say of its memory."""
        return await self._driver.ability(Statistics).memory_stats(self.key)

    async def block_stats(self, disk: str = "") -> Mapping[str, ParamValue]:
        """What a disk has read and written, by libvirt's names; of all together if empty."""
        return await self._driver.ability(Statistics).block_stats(self.key, disk)

    async def interface_stats(self, interface: str) -> InterfaceCounters:
        """What a network interface has received and sent, as the guest sees it.

        Args:
            interface: Its name on the host, or its MAC address.
        """
        return await self._driver.ability(Statistics).interface_stats(self.key, interface)

    async def cpu_stats(
        self, *, start: int = 0, count: int | None = None
    ) -> Sequence[Mapping[str, ParamValue]]:
        """Processor time by the host's processors, in nanoseconds.

        Args:
            start: The first processor; -1 gives one entry for all of them together.
            count: How many; all from `start` if None.
        """
        return await self._driver.ability(Statistics).cpu_stats(self.key, start=start, count=count)

    async def control_info(self) -> ControlInfo:
        """Whether its hypervisor can be asked now; it is not asked for this."""
        return await self._driver.ability(Statistics).control_info(self.key)

    # --- console, screen, keyboard --------------------------------------------------------------

    def console(
        self,
        device: str | None = None,
        *,
        readonly: bool = False,
        force: bool = False,
        history: bool = True,
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        r"""The serial console as a byte stream: any number of readers, one writer.

            async with vm.console() as console:
                await console.send(b"uname -a\n")
                async for chunk in console: ...

        Args:
            device: The alias, such as ``serial0``; the first console if None.
            readonly: Only read: this never collides with the writer.
            force: Take the writer's place; its stream becomes read-only.
            history: Begin with what was written before.

        Raises:
            NotFound: It has no such console.
            Busy: Another writer holds it and `force` is off.
        """
        return self._driver.ability(Consoles).open_console(
            self.key, device=device, readonly=readonly, force=force, history=history
        )

    async def screenshot(self, *, screen: int = 0) -> bytes:
        """The picture of a screen, as the bytes of a PNG file."""
        return await self._driver.ability(Screen).screenshot(self.key, screen=screen)

    async def send_key(
        self, *keys: str | int, hold_ms: int = 100, codeset: KeycodeSet = "linux"
    ) -> None:
        """Press keys together, such as ``"KEY_LEFTCTRL", "KEY_LEFTALT", "KEY_DELETE"``.

        Args:
            keys: Linux key names or codes, at most 16.
            hold_ms: How long they stay down, in milliseconds.
            codeset: Whose numbers they are; names are Linux's.
        """
        await self._driver.ability(Screen).send_key(
            self.key, keys, hold_ms=hold_ms, codeset=codeset
        )
