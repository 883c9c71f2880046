"""What surrounds QEMU's process at its start: labels, control group, helpers, devices, limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from anyio import to_thread

from aiovirt.config import DomainConfig
from aiovirt.drivers.common import tuning
from aiovirt.drivers.qemu.argv import Resources, environment, own_words
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.process.beside import start_beside
from aiovirt.drivers.qemu.process.confinement import confine, is_said, labels_in_use
from aiovirt.drivers.qemu.process.devices import ALWAYS, STAGE, named_devices, permit
from aiovirt.drivers.qemu.process.groups import make_group
from aiovirt.drivers.qemu.process.helpers import Surroundings
from aiovirt.drivers.qemu.process.ownership import give_files, label_files
from aiovirt.drivers.qemu.process.ownprofile import GuestProfile, make_profile
from aiovirt.drivers.qemu.process.profiles import (
    choose_profile,
    has_own_profile,
    profile_in_use,
)
from aiovirt.drivers.qemu.process.reach import abstractions, handed_over, reach, rule
from aiovirt.drivers.qemu.store.status import MONITOR_SOCKET, PIDFILE, QEMU_FOLDER
from aiovirt.host.files import make_private_folder
from aiovirt.host.labels.rules import Rule
from aiovirt.model.params import plain
from aiovirt.processes import Command, Limits, Namespace

__all__ = [
    "confine_guest",
    "label_guest",
    "own_devices",
    "qemu_command",
    "qemu_environment",
    "surround",
]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


async def label_guest(engine: Engine, config: DomainConfig, folder: Path) -> None:
    """Give the guest's files to QEMU's account, and labels to them and to its process.

    Raises:
        ResourceUnavailable: The host has no labels of the kind that is asked for.
        Busy: Another guest uses a file.
        HostError: We may not.
    """
    labels = None
    if engine.settings.process.confined or is_said(config):
        running = (domain.live.config for domain in engine.registry if domain.live is not None)
        labels = confine(config, labels_in_use(running))
        choose_profile(config)
    owner = engine.settings.owner
    if owner is not None and engine.settings.process.relabel:
        await to_thread.run_sync(give_files, config, folder, owner)
    if labels is not None:
        await to_thread.run_sync(label_files, config, folder, labels)


async def surround(
    engine: Engine, config: DomainConfig, folder: Path, argv: Sequence[str], sockets: Path
) -> Surroundings:
    """Make a guest's control group, and start what runs beside QEMU.

    Args:
        engine: The driver.
        config: The live configuration.
        folder: The guest's folder, where all is noted.
        argv: QEMU's command line, which says what devices it needs.
        sockets: QEMU's own folder.

    Raises:
        ConfigError: What is asked for cannot be, or is not there.
        ResourceUnavailable: The host cannot do what is asked for.
        HostError: A helper has failed, in its own words; or we may not.
    """
    group = make_group(engine.shown, engine.root.path, config, folder)
    if group is not None:
        permit(group, argv)
    around = Surroundings(
        folder=folder,
        logs=engine.root.logs,
        name=config.name or "",
        group=group,
        owner=engine.settings.owner,
    )
    await start_beside(config, around, sockets, engine.root.path)
    return around


async def confine_guest(
    engine: Engine, config: DomainConfig, folder: Path, command: Command
) -> GuestProfile | None:
    """Make the profile of AppArmor that a guest is to have made, once its command is known.

    Raises:
        Busy: Another guest of that UUID runs on this host.
        HostError: The profile cannot be made.
    """
    if not has_own_profile(config):
        return None
    words = own_words(config, tuple(map(str, command.args)))

    def rules() -> Iterator[Rule]:
        yield rule(str(command.program), "rm", "qemu")
        yield rule(engine.root.log(config.name or ""), "w", "qemu")
        yield rule(folder / QEMU_FOLDER, "rwk", "qemu")
        yield rule(folder / MONITOR_SOCKET, "rw", "qemu")
        yield rule(folder / PIDFILE, "rwk", "qemu")
        yield from (rule(device, "rw", "qemu") for device in ALWAYS)
        yield from reach(words)
        yield from handed_over(command.pass_fds, "handed")

    return await make_profile(config, folder, rules, abstractions(words))


def own_devices(engine: Engine, folder: Path, argv: Sequence[str]) -> Sequence[Path] | None:
    """The devices for a ``/dev`` of QEMU's own, which is put together in the guest's folder."""
    if not engine.settings.process.namespaces:
        return None
    make_private_folder(folder / STAGE)
    return [*ALWAYS, *named_devices(argv)]


def qemu_environment(config: DomainConfig, folder: Path) -> dict[str, str]:
    """The environment of QEMU's process, whose own folder that is."""
    home = str(folder)
    return {"PATH": _PATH, "LC_ALL": "C", "HOME": home, "TMPDIR": home, **environment(config)}


def qemu_command(
    engine: Engine,
    config: DomainConfig,
    argv: Sequence[str],
    resources: Resources,
    around: Surroundings,
) -> Command:
    """QEMU's command, with the account and the environment of its process."""
    owner = engine.settings.owner
    taps = [fd for tap in resources.taps.values() for fd in (*tap.fds, *tap.vhost_fds)]
    files = [fd for group in resources.files.values() for fd in group]
    return Command(
        argv[0],
        tuple(argv[1:]),
        env=qemu_environment(config, resources.folder),
        cwd=resources.folder,
        umask=0o077,
        limits=_limits(engine, config),
        namespaces=Namespace.MOUNT if engine.settings.process.namespaces else Namespace(0),
        selinux_label=next(iter(labels_in_use([config])), None),
        apparmor_profile=profile_in_use(config),
        oom_score_adj=engine.settings.process.oom_score,
        user=owner.name if owner else None,
        group=owner.gid if owner else None,
        cgroup=around.group.folders() if around.group else (),
        pidfile=around.folder / PIDFILE,
        pass_fds=(resources.monitor, *taps, *resources.vhost.values(), *files),
    )


def _limits(engine: Engine, config: DomainConfig) -> Limits:
    """What QEMU may have of the host: what the settings say, and locked memory if asked for."""
    wanted = engine.settings.process
    locked = config.memory_backing.locked
    hard = plain(tuning.read(config, tuning.MEMORY)["hard_limit"])
    limit = Limits.UNLIMITED if hard == tuning.UNLIMITED else int(str(hard)) * 1024
    return Limits(
        memlock=limit if locked else None,
        nproc=wanted.max_processes,
        nofile=wanted.max_files,
        core=wanted.max_core,
    )
