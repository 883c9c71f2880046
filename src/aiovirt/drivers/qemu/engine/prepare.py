"""From a definition to a command that is ready to be executed, with all it needs on the host."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from anyio import CapacityLimiter, move_on_after, to_thread

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv import Resources, build
from aiovirt.drivers.qemu.argv.display import LOOPBACK
from aiovirt.drivers.qemu.argv.preflight import preflight
from aiovirt.drivers.qemu.argv.startup import startup_commands
from aiovirt.drivers.qemu.binaries import BinaryCapabilities, find_emulator, host_arch
from aiovirt.drivers.qemu.devices import assign_aliases, complete, drop_live
from aiovirt.drivers.qemu.engine.connect import console_logs
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.listeners import listeners
from aiovirt.drivers.qemu.engine.network import check_networks, open_taps
from aiovirt.drivers.qemu.engine.passwords import password_commands
from aiovirt.drivers.qemu.store.root import remove_run_folder
from aiovirt.drivers.qemu.store.settings import FILES_BOUND_S
from aiovirt.drivers.qemu.store.status import MONITOR_SOCKET, PIDFILE, QEMU_FOLDER, process_in
from aiovirt.errors import Busy, ConfigError, ResourceUnavailable
from aiovirt.host.files import make_private_folder
from aiovirt.host.ports import free_port, numeric_address
from aiovirt.host.sockets import connect_unix, listen_unix
from aiovirt.processes import Command

__all__ = ["Launch", "command_line", "completed", "prepare"]

_DISPLAY_PORTS = range(5900, 65536)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Launch:
    """One start, prepared.

    Attributes:
        id: The number of the running instance.
        config: The live configuration.
        folder: The domain's folder below `run`.
        command: What to execute.
        after: Monitor commands to run before the guest may go: passwords, mostly.
        connection: A socket whose other end is QEMU's monitor; it answers once QEMU listens.
        descriptors: Our side of what was opened for QEMU.
        ports: The ports that were chosen for its displays, kept from other starts meanwhile.
    """

    id: int
    config: DomainConfig
    folder: Path
    command: Command
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
    drop_live(config)
    binary = await _binary(engine, config)
    complete(config, binary)
    _imagine(engine, config, binary)  # what cannot be done is refused now, not at the start
    return config


async def command_line(engine: Engine, config: DomainConfig) -> Sequence[str]:
    """The command line that would start a configuration; errors as `completed`."""
    config = config.copy()
    drop_live(config)
    binary = await _binary(engine, config)
    complete(config, binary)
    return _imagine(engine, config, binary)


def _imagine(engine: Engine, config: DomainConfig, binary: BinaryCapabilities) -> Sequence[str]:
    """The command line of a complete configuration with made-up descriptors and ports."""
    config = config.copy()
    assign_aliases(config)
    folder = engine.root.run_folder(config.uuid or UUID(int=0)) / QEMU_FOLDER
    return build(config, binary, Resources.imagined(config, folder))


async def prepare(
    engine: Engine, definition: DomainConfig, undo: AsyncExitStack, lost: Collection[int] = ()
) -> Launch:
    """Make what QEMU needs on the host, and its command line.

    Args:
        engine: The driver.
        definition: The complete inactive configuration; it is not changed.
        undo: Gets a step for everything that is made.
        lost: Ports that somebody else turned out to have: none of them is chosen.

    Raises:
        ConfigError: It names what is not there. Nothing was made.
        Busy: A QEMU of it runs that nobody knows of.
        HostError: The host could not do it.
    """
    binary = await _binary(engine, definition)
    config = definition.copy()
    config.id = engine.registry.new_id()
    with _blaming_the_definition(config):
        assign_aliases(config)
    owner = engine.settings.owner
    await _check_files(engine, config)
    check_networks(config)
    assert config.uuid is not None  # noqa: S101
    folder = engine.root.run_folder(config.uuid)
    await _check_vacant(config, folder)
    make_private_folder(folder, passable=owner is not None)
    undo.callback(remove_run_folder, folder)
    qemus = folder / QEMU_FOLDER
    make_private_folder(qemus, owner=(owner.uid, owner.gid) if owner else None)
    descriptors = ExitStack()
    undo.callback(descriptors.close)
    listener = descriptors.enter_context(listen_unix(folder / MONITOR_SOCKET))
    connection = connect_unix(folder / MONITOR_SOCKET)
    undo.callback(connection.close)
    ports = await _choose_ports(engine, config, undo, lost)
    resources = Resources(
        monitor=listener.fileno(),
        folder=qemus,
        taps=open_taps(config, descriptors),
        logs=console_logs(config, folder),
        ports=ports,
    )
    with _blaming_the_definition(config):
        argv = build(config, binary, resources)
    return Launch(
        id=config.id,
        config=config,
        folder=folder,
        command=_command(engine, argv, resources, folder / PIDFILE),
        after=(*password_commands(config), *startup_commands(config)),
        connection=connection,
        descriptors=descriptors,
        ports=frozenset(ports.values()),
    )


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


async def _check_files(engine: Engine, config: DomainConfig) -> None:
    """Look at the guest's files; those on storage that is gone hold up no other domain."""
    owner = engine.settings.owner
    folder = engine.root.run_folder(config.uuid or UUID(int=0))
    check = partial(preflight, config, user=owner.name if owner else None, folder=folder)
    own_thread = CapacityLimiter(1)  # the common ones would run out, one a start that hangs
    with move_on_after(FILES_BOUND_S):
        await to_thread.run_sync(check, abandon_on_cancel=True, limiter=own_thread)
        return
    raise ResourceUnavailable(
        f"the files of domain {config.name!r} did not answer within {FILES_BOUND_S:g} s",
        hint="is the storage that they are on reachable?",
    )


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


def _command(engine: Engine, argv: Sequence[str], resources: Resources, pidfile: Path) -> Command:
    """QEMU's command, with the account and the environment of its process."""
    owner = engine.settings.owner
    folder = str(resources.folder)
    taps = [fd for tap in resources.taps.values() for fd in (*tap.fds, *tap.vhost_fds)]
    return Command(
        argv[0],
        tuple(argv[1:]),
        env={"PATH": _PATH, "LC_ALL": "C", "HOME": folder, "TMPDIR": folder},
        cwd=resources.folder,
        umask=0o077,
        user=owner.name if owner else None,
        group=owner.gid if owner else None,
        pidfile=pidfile,
        pass_fds=(resources.monitor, *taps),
    )


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
