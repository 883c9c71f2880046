"""From a definition to a command that is ready to be executed, with all it needs on the host."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from anyio import CapacityLimiter, move_on_after, to_thread

from aiovirt.config import Disk, DomainConfig
from aiovirt.config.running import LOOPBACK
from aiovirt.drivers.common.beside import worked_on
from aiovirt.drivers.qemu.argv import Resources, build, own_words
from aiovirt.drivers.qemu.argv.offers import check_offered
from aiovirt.drivers.qemu.argv.preflight import preflight
from aiovirt.drivers.qemu.argv.startup import startup_commands
from aiovirt.drivers.qemu.binaries import BinaryCapabilities, find_emulator, host_arch
from aiovirt.drivers.qemu.devices import assign_aliases, complete, drop_live
from aiovirt.drivers.qemu.engine.chains import Link, is_chained, read_chains, write_chains
from aiovirt.drivers.qemu.engine.connect import console_logs
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.diskkeys import give_keys
from aiovirt.drivers.qemu.engine.firmware import make_variables, settle_firmware
from aiovirt.drivers.qemu.engine.hostside import alone_with
from aiovirt.drivers.qemu.engine.listeners import listeners
from aiovirt.drivers.qemu.engine.network import check_networks, open_taps
from aiovirt.drivers.qemu.engine.nodes import number_images
from aiovirt.drivers.qemu.engine.passthrough import open_vhost, scsi_paths
from aiovirt.drivers.qemu.engine.passwords import password_commands
from aiovirt.drivers.qemu.engine.placing import advise
from aiovirt.drivers.qemu.engine.surroundings import (
    confine_guest,
    label_guest,
    own_devices,
    qemu_command,
    surround,
)
from aiovirt.drivers.qemu.engine.transient import go_over_transient
from aiovirt.drivers.qemu.engine.tuning import shape_interfaces
from aiovirt.drivers.qemu.engine.volumes import imagine_volumes, look_up_volumes
from aiovirt.drivers.qemu.process.ownprofile import GuestProfile
from aiovirt.drivers.qemu.process.undo import clear_away
from aiovirt.drivers.qemu.store.settings import FILES_BOUND_S
from aiovirt.drivers.qemu.store.status import MONITOR_SOCKET, QEMU_FOLDER, process_in
from aiovirt.errors import Busy, ConfigError, QMPCommandError, ResourceUnavailable
from aiovirt.host.cgroups import Group
from aiovirt.host.files import make_private_folder
from aiovirt.host.ports import free_port, numeric_address
from aiovirt.host.sockets import connect_unix, listen_unix
from aiovirt.processes import Command

__all__ = ["Launch", "blaming_files", "chains_behind", "command_line", "completed", "prepare"]

T = TypeVar("T")

_DISPLAY_PORTS = range(5900, 65536)


@dataclass
class Launch:
    """One start, prepared.

    Attributes:
        id: The number of the running instance.
        config: The live configuration.
        folder: The domain's folder below `run`.
        command: What to execute.
        group: Its control group, or None.
        profile: The profile of AppArmor that was made for it, or None.
        devices: What is in its own ``/dev``; None where it has the host's.
        owner: Whom that belongs to in there; None for those whose it is on the host.
        after: Monitor commands to run before the guest may go: passwords, mostly.
        connection: A socket whose other end is QEMU's monitor; it answers once QEMU listens.
        descriptors: Our side of what was opened for QEMU.
        ports: The ports that were chosen for its displays, kept from other starts meanwhile.
    """

    id: int
    config: DomainConfig
    folder: Path
    command: Command
    group: Group | None
    profile: GuestProfile | None
    devices: Sequence[Path] | None
    owner: tuple[int, int] | None
    after: Sequence[tuple[str, Mapping[str, object]]]
    connection: socket.socket
    descriptors: ExitStack
    ports: frozenset[int]

    def close_descriptors(self) -> None:
        """Close our side of what QEMU has by now. Doing it twice is no error."""
        self.descriptors.close()


async def _binary(engine: Engine, config: DomainConfig) -> BinaryCapabilities:
    """What the emulator of a configuration can do.

    Raises:
        ExecutableNotFound: There is no such emulator; the hint names the package.
    """
    emulator = config.emulator or str(find_emulator(config.os.arch or host_arch()))
    return await engine.binaries.get(Path(emulator))


async def completed(engine: Engine, config: DomainConfig) -> DomainConfig:
    """A copy of a configuration with everything filled in that it leaves open.

    Raises:
        ConfigError: Something in it is wrong, or cannot be done here.
        HostError: There is no emulator for it.
    """
    config = config.copy()
    binary = await _binary(engine, config)

    def work() -> None:
        drop_live(config)
        complete(config, binary)
        settle_firmware(engine, config)
        _imagine(engine, config, binary)  # what cannot be done is refused now, not at the start

    await worked_on(config, work)
    return config


async def command_line(engine: Engine, config: DomainConfig) -> Sequence[str]:
    """The command line that would start a configuration; errors as `completed`."""
    config = config.copy()
    binary = await _binary(engine, config)

    def work() -> Sequence[str]:
        drop_live(config)
        complete(config, binary)
        settle_firmware(engine, config)
        return _imagine(engine, config, binary)

    return await worked_on(config, work)


def _imagine(engine: Engine, config: DomainConfig, binary: BinaryCapabilities) -> Sequence[str]:
    """The command line of a complete configuration with made-up descriptors and ports."""
    config = config.copy()
    assign_aliases(config)
    imagine_volumes(config)
    folder = engine.root.run_folder(config.uuid or UUID(int=0)) / QEMU_FOLDER
    return _offered(config, binary, Resources.imagined(config, folder))


def _offered(config: DomainConfig, binary: BinaryCapabilities, made: Resources) -> Sequence[str]:
    """The command line, of which the program has all but what is the user's own."""
    argv = build(config, binary, made)
    check_offered(config, binary, pairwise(own_words(config, argv)))
    return argv


async def prepare(
    engine: Engine,
    definition: DomainConfig,
    undo: AsyncExitStack,
    lost: Collection[int] = (),
    *,
    incoming: bool = False,
) -> Launch:
    """Make what QEMU needs on the host, and its command line.

    Args:
        engine: The driver.
        definition: The complete inactive configuration; it is not changed.
        undo: Gets a step for everything that is made.
        lost: Ports that somebody else turned out to have: none of them is chosen.
        incoming: Whether QEMU waits for the guest's memory.

    Raises:
        ConfigError: It names what is not there. Nothing was made.
        Busy: A QEMU of it runs that nobody knows of.
        HostError: The host could not do it.
    """
    binary = await _binary(engine, definition)
    config = await _checked(engine, definition)
    advice = await advise(config)
    folder = await _make_folders(engine, config, undo)
    await go_over_transient(config, folder)
    write_chains(config, await look_at_files(config, partial(read_chains, config)))
    await give_keys(engine, config, folder / QEMU_FOLDER)
    await make_variables(engine, config, undo)
    await label_guest(engine, config, folder)
    descriptors = ExitStack()
    undo.callback(descriptors.close)
    ports = await _choose_ports(engine, config, undo, lost)
    resources = await _open(engine, config, folder, ports, descriptors)
    connection = connect_unix(folder / MONITOR_SOCKET)
    undo.callback(connection.close)
    placed = advice.applied(config)
    argv = _argv(placed, binary, resources, incoming=incoming)
    around = await surround(engine, placed, folder, argv, resources.folder)
    command = qemu_command(engine, config, argv, resources, around)
    owner = engine.settings.owner
    for graphics in config.graphics:
        graphics.listens_at(LOOPBACK)
    return Launch(
        id=config.id or 0,
        config=config,
        folder=folder,
        command=replace(command, affinity=advice.cpus),
        group=around.group,
        profile=await confine_guest(engine, config, folder, command),
        devices=own_devices(engine, folder, argv),
        owner=(owner.uid, owner.gid) if owner else None,
        after=(*password_commands(config), *startup_commands(config)),
        connection=connection,
        descriptors=descriptors,
        ports=frozenset(ports.values()),
    )


async def _checked(engine: Engine, definition: DomainConfig) -> DomainConfig:
    """The live configuration, when what it names is there; nothing is made for it yet."""
    config = definition.copy()
    config.id = engine.registry.new_id()
    with _blaming_the_definition(config):
        assign_aliases(config)
        number_images(config)
    await look_up_volumes(engine.pools, config.disks)
    await _check_files(engine, config)
    check_networks(config)
    return config


async def _make_folders(engine: Engine, config: DomainConfig, undo: AsyncExitStack) -> Path:
    """Make the guest's folder, with QEMU's own in it."""
    assert config.uuid is not None  # noqa: S101
    owner = engine.settings.owner
    folder = engine.root.run_folder(config.uuid)
    await _check_vacant(config, folder)
    make_private_folder(folder, passable=owner is not None)
    undo.push_async_callback(clear_away, folder)
    make_private_folder(folder / QEMU_FOLDER, owner=(owner.uid, owner.gid) if owner else None)
    return folder


async def _open(
    engine: Engine,
    config: DomainConfig,
    folder: Path,
    ports: Mapping[int, int],
    descriptors: ExitStack,
) -> Resources:
    """Open what QEMU is handed; `descriptors` closes our side."""
    taps = open_taps(config, descriptors)
    await shape_interfaces(config)
    return Resources(
        monitor=descriptors.enter_context(listen_unix(folder / MONITOR_SOCKET)).fileno(),
        folder=folder / QEMU_FOLDER,
        taps=taps,
        vhost=open_vhost(config, descriptors),
        scsi=scsi_paths(config),
        files=engine.handed.lend(config, descriptors),
        logs=console_logs(config, folder),
        ports=ports,
    )


def _argv(
    config: DomainConfig, binary: BinaryCapabilities, resources: Resources, *, incoming: bool
) -> Sequence[str]:
    with _blaming_the_definition(config):
        argv = _offered(config, binary, resources)
    own = own_words(config, argv)
    return (*own, "-incoming", "defer", *argv[len(own) :]) if incoming else argv


async def _check_vacant(config: DomainConfig, folder: Path) -> None:
    """See that no QEMU of the domain runs that nobody knows of.

    Raises:
        Busy: One does.
    """
    process = process_in(folder)
    if process is None:
        return
    await process.aclose()
    raise Busy(
        f"domain {config.name!r}: a QEMU of it runs already that could not be taken over "
        f"(pid {process.pid})",
        hint="open the host again, or end that process",
    )


@asynccontextmanager
async def blaming_files(engine: Engine, naming: Callable[[], DomainConfig]) -> AsyncIterator[None]:
    """A block in which QEMU opens the files that a configuration names: why it cannot, by element.

    Raises:
        XMLError: One is missing, or of another kind.
        PermissionDenied: QEMU's account cannot use one, and is not given it either.
        ResourceUnavailable: The storage does not answer.
    """
    try:
        yield
    except QMPCommandError:
        await _check_files(engine, naming())
        raise


async def _check_files(engine: Engine, config: DomainConfig) -> None:
    """Look at the guest's files; those on storage that is gone hold up no other domain."""
    settings, folder = engine.settings, engine.root.run_folder(config.uuid or UUID(int=0))
    owner = None if settings.process.relabel else settings.owner  # else we give the files away
    check = partial(preflight, config, user=owner.name if owner else None, folder=folder)
    await look_at_files(config, check)


async def look_at_files(config: DomainConfig, look: Callable[[], T]) -> T:
    """Look at the guest's files in a thread.

    Raises:
        ResourceUnavailable: The storage does not answer.
    """
    own_thread = CapacityLimiter(1)  # the common ones would run out, one a start that hangs
    with move_on_after(FILES_BOUND_S):
        return await to_thread.run_sync(look, abandon_on_cancel=True, limiter=own_thread)
    raise ResourceUnavailable(
        f"the files of domain {config.name!r} did not answer within {FILES_BOUND_S:g} s",
        hint="is the storage that they are on reachable?",
    )


async def chains_behind(config: DomainConfig, disk: Disk) -> Mapping[str, Sequence[Link]]:
    """The images behind that of a disk which comes to a guest that runs, as `read_chains`.

    Their storage is waited for only where they can tell of any; errors as `look_at_files`.
    """
    alone = alone_with(config, disk)
    return await look_at_files(alone, partial(read_chains, alone)) if is_chained(disk) else {}


@contextmanager
def _blaming_the_definition(config: DomainConfig) -> Iterator[None]:
    """Tell what is refused only now for a stored definition's fault: `define` would refuse it."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(
            f"the stored definition of domain {config.name!r} cannot be used: {error}",
            field=error.field,
            hint="define it again: what it leaves open is filled in then",
        ) from error


async def _choose_ports(
    engine: Engine, config: DomainConfig, undo: AsyncExitStack, lost: Collection[int]
) -> dict[int, int]:
    """Ports for the displays that leave them open; they are kept from other starts."""
    chosen: dict[int, int] = {}
    named = {listener.port for listener in listeners(config) if not listener.automatic}
    for place, graphics in enumerate(config.graphics):
        if not graphics.autoport:
            continue
        host = await numeric_address(graphics.listen_address or LOOPBACK)
        port = free_port(host, _DISPLAY_PORTS, {*engine.ports, *named, *lost})
        engine.ports.add(port)
        undo.callback(engine.ports.discard, port)
        chosen[place] = graphics.port = port
    return chosen
