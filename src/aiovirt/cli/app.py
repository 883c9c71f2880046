"""All verbs by their groups, and the program made of them.

The groups are virsh's. A new verb is a function in its group's module, and a name here.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Group, Parameter
from rich.console import Console

from aiovirt.cli import (
    administering,
    attaching,
    block_jobs,
    checkpoints,
    console,
    containers,
    cpus,
    definition,
    device_listing,
    devices,
    disks,
    doctor,
    domainjobs,
    editing,
    filters,
    guest,
    host,
    host_interfaces,
    hotplug,
    iothreads,
    lifecycle,
    listing,
    media,
    metadata,
    migration,
    monitor,
    monitoring,
    network_editing,
    network_listing,
    network_parts,
    networks,
    node,
    node_devices,
    node_memory,
    pool_listing,
    pool_making,
    pools,
    processors,
    saved,
    screen,
    secrets,
    snapshot_lists,
    snapshots,
    statistics,
    transfers,
    tuning,
    volume_making,
    volumes,
    watching,
)
from aiovirt.cli.about import own_version
from aiovirt.cli.failures import UsageError
from aiovirt.cli.logs import warnings_shown
from aiovirt.cli.output import Output
from aiovirt.cli.run import Call, Turns, execute
from aiovirt.cli.settings import Settings
from aiovirt.cli.standard import write, written
from aiovirt.cli.usage import usage_error

__all__ = ["VERBS", "build", "run"]

Verb = Callable[..., Any]

VERBS: Mapping[str, Sequence[Verb]] = {
    "Domain Management": (
        hotplug.attach_device,
        attaching.attach_disk,
        attaching.attach_interface,
        definition.autostart,
        disks.blkdeviotune,
        tuning.blkiotune,
        block_jobs.blockcommit,
        block_jobs.blockcopy,
        block_jobs.blockjob,
        block_jobs.blockpull,
        disks.blockresize,
        media.change_media,
        console.console,
        definition.create,
        definition.define,
        metadata.desc,
        lifecycle.destroy,
        hotplug.detach_device,
        hotplug.detach_device_alias,
        attaching.detach_disk,
        attaching.detach_interface,
        domainjobs.domdirtyrate_calc,
        devices.domdisplay,
        guest.domfsfreeze,
        guest.domfsthaw,
        guest.domfstrim,
        monitoring.domid,
        media.domif_setlink,
        tuning.domiftune,
        domainjobs.domjobabort,
        monitoring.domname,
        guest.dompmsuspend,
        guest.dompmwakeup,
        metadata.domrename,
        guest.domtime,
        monitoring.domuuid,
        definition.domxml_from_native,
        definition.domxml_to_native,
        saved.dump,
        definition.dumpxml,
        editing.edit,
        processors.emulatorpin,
        guest.get_user_sshkeys,
        guest.guest_agent_timeout,
        guest.guestvcpus,
        lifecycle.inject_nmi,
        iothreads.iothreadadd,
        iothreads.iothreaddel,
        iothreads.iothreadinfo,
        iothreads.iothreadpin,
        iothreads.iothreadset,
        containers.lxc_enter_namespace,
        saved.managedsave,
        saved.managedsave_define,
        saved.managedsave_dumpxml,
        editing.managedsave_edit,
        saved.managedsave_remove,
        tuning.memtune,
        metadata.metadata,
        migration.migrate,
        migration.migrate_compcache,
        migration.migrate_getmaxdowntime,
        migration.migrate_getspeed,
        migration.migrate_postcopy,
        migration.migrate_setmaxdowntime,
        migration.migrate_setspeed,
        tuning.numatune,
        tuning.perf,
        monitor.qemu_agent_command,
        monitor.qemu_attach,
        monitor.qemu_monitor_command,
        lifecycle.reboot,
        lifecycle.reset,
        saved.restore,
        lifecycle.resume,
        saved.save,
        saved.save_image_define,
        saved.save_image_dumpxml,
        editing.save_image_edit,
        tuning.schedinfo,
        screen.screenshot,
        screen.send_key,
        guest.send_process_signal,
        lifecycle.set_lifecycle_action,
        guest.set_user_password,
        guest.set_user_sshkeys,
        tuning.setmaxmem,
        tuning.setmem,
        processors.setvcpu,
        processors.setvcpus,
        lifecycle.shutdown,
        lifecycle.start,
        lifecycle.suspend,
        devices.ttyconsole,
        definition.undefine,
        hotplug.update_device,
        devices.vncdisplay,
    ),
    "Domain Monitoring": (
        statistics.cpu_stats,
        disks.domblkerror,
        disks.domblkinfo,
        devices.domblklist,
        statistics.domblkstat,
        disks.domblkthreshold,
        monitoring.domcontrol,
        guest.domfsinfo,
        guest.domhostname,
        media.domif_getlink,
        guest.domifaddr,
        devices.domiflist,
        statistics.domifstat,
        monitoring.dominfo,
        domainjobs.domjobinfo,
        statistics.dommemstat,
        monitoring.domstate,
        statistics.domstats,
        guest.guestinfo,
        listing.list_,
        processors.vcpucount,
        processors.vcpuinfo,
        processors.vcpupin,
    ),
    "Events": (
        watching.event,
        watching.net_event,
        watching.nodedev_event,
        watching.pool_event,
        monitor.qemu_monitor_event,
        watching.secret_event,
    ),
    "Host and Hypervisor": (
        node_memory.allocpages,
        host.capabilities,
        cpus.cpu_baseline,
        cpus.cpu_compare,
        cpus.cpu_models,
        doctor.doctor,
        host.domcapabilities,
        node_memory.freecell,
        node_memory.freepages,
        host.hostname,
        cpus.hypervisor_cpu_baseline,
        cpus.hypervisor_cpu_compare,
        node.maxvcpus,
        node_memory.node_memory_tune,
        node.nodecpumap,
        node.nodecpustats,
        node.nodeinfo,
        node_memory.nodememstats,
        node.nodesevinfo,
        node.nodesuspend,
        node.sysinfo,
        host.uri,
        host.version,
    ),
    "Snapshot": (
        snapshots.snapshot_create,
        snapshots.snapshot_create_as,
        snapshots.snapshot_current,
        snapshots.snapshot_delete,
        snapshots.snapshot_dumpxml,
        snapshots.snapshot_edit,
        snapshot_lists.snapshot_info,
        snapshot_lists.snapshot_list,
        snapshots.snapshot_parent,
        snapshots.snapshot_revert,
    ),
    "Checkpoint": (
        checkpoints.checkpoint_create,
        checkpoints.checkpoint_create_as,
        checkpoints.checkpoint_delete,
        checkpoints.checkpoint_dumpxml,
        checkpoints.checkpoint_edit,
        checkpoints.checkpoint_info,
        checkpoints.checkpoint_list,
        checkpoints.checkpoint_parent,
    ),
    "Backup": (
        checkpoints.backup_begin,
        checkpoints.backup_dumpxml,
    ),
    "Interface": (
        host_interfaces.iface_begin,
        host_interfaces.iface_bridge,
        host_interfaces.iface_commit,
        host_interfaces.iface_define,
        host_interfaces.iface_destroy,
        host_interfaces.iface_dumpxml,
        network_editing.iface_edit,
        host_interfaces.iface_list,
        host_interfaces.iface_mac,
        host_interfaces.iface_name,
        host_interfaces.iface_rollback,
        host_interfaces.iface_start,
        host_interfaces.iface_unbridge,
        host_interfaces.iface_undefine,
    ),
    "Networking": (
        networks.net_autostart,
        networks.net_create,
        networks.net_define,
        network_parts.net_desc,
        networks.net_destroy,
        network_listing.net_dhcp_leases,
        networks.net_dumpxml,
        network_editing.net_edit,
        network_listing.net_info,
        network_listing.net_list,
        network_parts.net_metadata,
        networks.net_name,
        network_parts.net_port_create,
        network_parts.net_port_delete,
        network_parts.net_port_dumpxml,
        network_parts.net_port_list,
        networks.net_start,
        networks.net_undefine,
        network_parts.net_update,
        networks.net_uuid,
    ),
    "Network Filter": (
        filters.nwfilter_binding_create,
        filters.nwfilter_binding_delete,
        filters.nwfilter_binding_dumpxml,
        filters.nwfilter_binding_list,
        filters.nwfilter_define,
        filters.nwfilter_dumpxml,
        network_editing.nwfilter_edit,
        filters.nwfilter_list,
        filters.nwfilter_undefine,
    ),
    "Node Device": (
        node_devices.nodedev_autostart,
        node_devices.nodedev_create,
        node_devices.nodedev_define,
        node_devices.nodedev_destroy,
        node_devices.nodedev_detach,
        node_devices.nodedev_dumpxml,
        node_devices.nodedev_info,
        device_listing.nodedev_list,
        node_devices.nodedev_reattach,
        node_devices.nodedev_reset,
        node_devices.nodedev_start,
        node_devices.nodedev_undefine,
        node_devices.nodedev_update,
    ),
    "Storage Pool": (
        pool_making.find_storage_pool_sources,
        pool_making.find_storage_pool_sources_as,
        pools.pool_autostart,
        pools.pool_build,
        pools.pool_capabilities,
        pool_making.pool_create,
        pool_making.pool_create_as,
        pool_making.pool_define,
        pool_making.pool_define_as,
        pools.pool_delete,
        pools.pool_destroy,
        pools.pool_dumpxml,
        editing.pool_edit,
        pool_listing.pool_info,
        pool_listing.pool_list,
        pools.pool_name,
        pools.pool_refresh,
        pools.pool_start,
        pools.pool_undefine,
        pools.pool_uuid,
    ),
    "Storage Volume": (
        volume_making.vol_clone,
        volume_making.vol_create,
        volume_making.vol_create_as,
        volume_making.vol_create_from,
        volumes.vol_delete,
        transfers.vol_download,
        volumes.vol_dumpxml,
        volumes.vol_info,
        volumes.vol_key,
        volumes.vol_list,
        volumes.vol_name,
        volumes.vol_path,
        volumes.vol_pool,
        volumes.vol_resize,
        transfers.vol_upload,
        volumes.vol_wipe,
    ),
    "Secret": (
        secrets.secret_define,
        secrets.secret_dumpxml,
        secrets.secret_get_value,
        secrets.secret_list,
        secrets.secret_set_value,
        secrets.secret_undefine,
    ),
}

DEFAULTS = Settings()

OWN_DEADLINE = frozenset({console.console, *VERBS["Events"]})
"""Verbs for which ``--timeout`` is not an error."""

_ABOUT = """Virtual machines from the command line, without a daemon.

Verbs are named as virsh's and mean the same. Begin with:

    aiovirt doctor
    aiovirt define web1.xml
    aiovirt start --console web1
    aiovirt help start
"""


class _Screen(Console):
    """Where help is shown: standard output, and its errors are told as everywhere."""

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401  # as rich has it
        """Show it, at once.

        Raises:
            OutputGone: Nobody reads it.
            OSError: It cannot be written.
        """
        with written():
            super().print(*objects, **options)

    def on_broken_pipe(self) -> None:
        """Let the error pass: rich would end the process with status 1."""
        raise BrokenPipeError


def build() -> App:
    """The program: what reads the command line and calls the verb."""
    app = App(
        name="aiovirt",
        console=_Screen(),
        help=_ABOUT,
        help_format="markdown",
        version=lambda: f"aiovirt {own_version()}",
        default_parameter=Parameter(negative=(), show_default=_default),
    )
    for place, (title, verbs) in enumerate(VERBS.items()):
        group = Group(title, sort_key=place)
        for verb in verbs:
            app.command(verb, group=group)
    _add_admin(app)
    own = Group("The Program Itself", sort_key=len(VERBS))
    app.command(_helper(app), name="help", group=own)
    app.command(_completion(app), name="completion", group=own)
    for flag in ("--help", "--version"):
        app[flag].group = (own,)
    app.meta.group_parameters = Group("Options of every verb", sort_key=len(VERBS) + 1)
    app.meta.default(_launcher(app))
    return app


def _add_admin(app: App) -> None:
    """The verbs about libvirt's daemons themselves, a program within the program."""
    admin = App(
        name="admin",
        help="Look after a libvirt daemon itself, as virt-admin does: -c libvirtd:///system.",
        group=Group("Libvirt's Daemons", sort_key=len(VERBS)),
    )
    for verb in administering.VERBS:
        name = verb.__name__.replace("_", "-")
        names = [name, administering.ALIASES[name]] if name in administering.ALIASES else [name]
        admin.command(verb, name=names)
    app.command(admin)


def _default(value: object) -> object:
    """What the help says of a default: nothing of one that says nothing."""
    return value or None


def _launcher(app: App) -> Verb:
    """What takes the options of every verb from anywhere in the line, and runs the rest."""

    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        settings: Settings = DEFAULTS,
    ) -> None:
        verb, bound, injected = app.parse_args(tokens, exit_on_error=False, print_error=False)
        bare = functools.partial(verb, *bound.args, **bound.kwargs)
        out = Output(settings)
        name = next(iter(tokens), "")
        if inspect.iscoroutinefunction(verb):
            call = Call(name, bare, injected, own_deadline=verb in OWN_DEADLINE)
            result = execute(call, settings, out)
        else:
            result = bare(**dict.fromkeys(injected, Turns(name, settings, out)))
        if result is not None:
            out.show(result)

    return launch


def _helper(app: App) -> Verb:
    def help_(verb: Annotated[str | None, Parameter(help="The verb.")] = None) -> None:
        """Explain the program, or one verb.

        For example:

            aiovirt help
            aiovirt help start
        """
        if verb is not None and verb not in app:
            raise UsageError(f"there is no verb {verb!r}", hint="aiovirt help lists them")
        app.help_print([] if verb is None else [verb])

    return help_


def _completion(app: App) -> Verb:
    def completion(shell: Literal["bash", "zsh", "fish", "powershell"]) -> None:
        """Print the completion script of a shell.

        It completes verbs, options and names of domains. For example:

            eval "$(aiovirt completion bash)"
            aiovirt completion zsh > ~/.zfunc/_aiovirt

        Args:
            shell: For which shell.
        """
        write(app.generate_completion(prog_name="aiovirt", shell=shell))

    return completion


def run(tokens: Sequence[str]) -> None:
    """Run one command line.

    Raises:
        UsageError: It is wrong.
        AiovirtError: What its verb raises.
    """
    try:
        with warnings_shown():
            build().meta(
                list(tokens), exit_on_error=False, print_error=False, result_action="return_value"
            )
    except CycloptsError as error:
        raise usage_error(error) from error
