"""``migrate`` and its companions: moving a domain to another host."""

from __future__ import annotations

import functools
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import anyio
from cyclopts import Parameter

from aiovirt._tasks import open_task_group
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.documents import read_document
from aiovirt.cli.failures import UsageError
from aiovirt.cli.jobs import job_bar
from aiovirt.cli.results import Plain, done
from aiovirt.cli.storage import pretty
from aiovirt.model.jobs import JobStats
from aiovirt.model.migration import MigrationOptions
from aiovirt.model.params import ParamValue

if TYPE_CHECKING:
    from aiovirt.cli.session import Session
    from aiovirt.objects import Domain

__all__ = [
    "migrate",
    "migrate_compcache",
    "migrate_getmaxdowntime",
    "migrate_getspeed",
    "migrate_postcopy",
    "migrate_setmaxdowntime",
    "migrate_setspeed",
]

MIB = 1024 * 1024

_VCENTER = "vpx"
"""The scheme of a vCenter's URIs."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it moves."""

    live: Annotated[bool, about("The guest goes on meanwhile.")] = False
    offline: Annotated[bool, about("Only the definition moves.")] = False
    p2p: Annotated[bool, about("The hosts do it between themselves.")] = False
    tunnelled: Annotated[bool, about("Within the daemons' connection; with --p2p.")] = False
    persistent: Annotated[bool, about("Define it at the destination.")] = False
    undefinesource: Annotated[bool, about("Remove its definition here.")] = False
    suspend: Annotated[bool, about("Let it stand still there.")] = False
    copy_storage_all: Annotated[bool, about("Copy its disks.")] = False
    copy_storage_inc: Annotated[bool, about("Copy the newest layers of its disks.")] = False
    copy_storage_synchronous_writes: Annotated[
        bool, about("The guest's writes wait for the copy.")
    ] = False
    change_protection: Annotated[bool, about("Nobody changes it meanwhile.")] = False
    unsafe: Annotated[bool, about("Also where disks' caches may lose data.")] = False
    abort_on_error: Annotated[bool, about("Give up when a disk fails meanwhile.")] = False
    compressed: Annotated[bool, about("Compress the memory.")] = False
    auto_converge: Annotated[bool, about("Slow the guest down until it fits.")] = False
    rdma_pin_all: Annotated[bool, about("Pin all memory before an RDMA move.")] = False
    postcopy: Annotated[bool, about("Allow migrate-postcopy.")] = False
    postcopy_after_precopy: Annotated[bool, about("Do that after one pass.")] = False
    postcopy_resume: Annotated[bool, about("Go on with a move that broke after it.")] = False
    zerocopy: Annotated[bool, about("Send memory without copying it.")] = False
    tls: Annotated[bool, about("Encrypt the memory.")] = False
    parallel: Annotated[bool, about("Use several connections.")] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Where it goes, and how fast."""

    migrateuri: Annotated[str | None, about("Where the memory goes.")] = None
    graphicsuri: Annotated[str | None, about("Where displays reconnect to.")] = None
    listen_address: Annotated[str | None, about("Where the destination waits.")] = None
    dname: Annotated[str | None, about("Its name at the destination.")] = None
    xml: Annotated[Path | None, about("Its document at the destination.")] = None
    persistent_xml: Annotated[Path | None, about("The document defined there.")] = None
    migrate_disks: Annotated[str | None, about("Disks to copy, with commas between.")] = None
    disks_port: Annotated[int | None, about("The port for the disks.")] = None
    disks_uri: Annotated[str | None, about("Where the disks' data goes.")] = None
    comp_methods: Annotated[str | None, about("Ways to compress, with commas between.")] = None
    comp_mt_level: Annotated[int | None, about("The level of several threads.")] = None
    comp_mt_threads: Annotated[int | None, about("Threads that compress.")] = None
    comp_mt_dthreads: Annotated[int | None, about("Threads that decompress.")] = None
    comp_xbzrle_cache: Annotated[int | None, about("The bytes of the page cache.")] = None
    auto_converge_initial: Annotated[int | None, about("How much slower at first, in %.")] = None
    auto_converge_increment: Annotated[int | None, about("How much more each time, in %.")] = None
    bandwidth: Annotated[int | None, about("MiB in a second at most.")] = None
    postcopy_bandwidth: Annotated[int | None, about("The same of post-copy.")] = None
    parallel_connections: Annotated[int | None, about("How many connections.")] = None
    tls_destination: Annotated[str | None, about("The name in its certificate.")] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What is done with a guest that writes faster than it can be moved."""

    after: Annotated[
        float | None,
        Parameter(name="--timeout-after", help="Seconds after which --timeout-… is done."),
    ] = None
    timeout_suspend: Annotated[bool, about("Let it stand still then.")] = False
    timeout_postcopy: Annotated[bool, about("Switch to post-copy then.")] = False


MANNER, DETAILS, PATIENCE = Manner(), Details(), Patience()


async def migrate(
    domain: DomainArg,
    desturi: Annotated[str, about("The destination; with --p2p as this host sees it.")],
    *,
    verbose: Annotated[bool, about("Show how far it is (as a terminal always does).")] = False,
    manner: Manner = MANNER,
    details: Details = DETAILS,
    patience: Patience = PATIENCE,
    session: SessionArg,
) -> Plain:
    """Move a domain to another host.

    When it fails or is interrupted, the domain runs here as before. For example:

        aiovirt migrate --live web1 qemu+ssh://b/system
        aiovirt migrate --live --p2p --persistent --undefinesource web1 qemu+ssh://b/system
        aiovirt migrate --offline --persistent web1 qemu+ssh://b/system
    """
    del verbose
    vm = await session.domain(domain)
    _check_uri(session, vm, desturi)
    options = await _options(manner, details, patience)
    watch = _Watch(vm, manner, patience)
    async with AsyncExitStack() as stack:
        show = stack.enter_context(job_bar(session, f"{vm.name}: moving"))
        other = None if manner.p2p else await stack.enter_async_context(session.another(desturi))

        def progress(stats: JobStats) -> None:
            watch.look(stats)
            if show is not None:
                show(stats)

        async with open_task_group() as tasks:
            tasks.start_soon(watch.run)
            how = functools.partial(
                vm.migrate,
                live=manner.live,
                offline=manner.offline,
                options=options,
                progress=progress,
            )
            await (how(desturi) if other is None else how(other))
            tasks.cancel_scope.cancel()
    return done(vm.key, "migrated", f"Domain '{vm.name}' migrated", destination=desturi)


def _check_uri(session: Session, vm: Domain, text: str) -> None:
    """See that a destination is a URI, where a host's name alone would do elsewhere.

    Raises:
        UsageError: It is a name, and a vCenter has hosts by that.
    """
    here = session.settings.uri
    if here.driver == _VCENTER and "://" not in text:
        place = replace(here, path=f"/DATACENTER/CLUSTER/{text}")
        raise UsageError(
            f"{text!r} is no connection URI",
            hint=f"a host of the same vCenter is {place}; or aiovirt relocate {vm.name} "
            f"--host {text}",
        )


class _Watch:
    """Does what was asked for when the guest takes too long, or after the first pass."""

    def __init__(self, vm: Domain, manner: Manner, patience: Patience) -> None:
        self._vm = vm
        self._postcopy = manner.postcopy_after_precopy
        self._patience = patience
        self._passed = anyio.Event()

    def look(self, stats: JobStats) -> None:
        """Notice the end of the first pass."""
        if (stats.figure("memory_iteration") or 0) > 1:
            self._passed.set()

    async def run(self) -> None:
        """Wait for it, and do it."""
        if self._postcopy:
            await self._passed.wait()
            await self._vm.start_post_copy()
        elif self._patience.after is not None:
            await anyio.sleep(self._patience.after)
            if self._patience.timeout_postcopy:
                await self._vm.start_post_copy()
            else:
                await self._vm.suspend()


async def _options(manner: Manner, details: Details, patience: Patience) -> MigrationOptions:
    """The options as the method takes them.

    Raises:
        UsageError: They contradict each other.
    """
    if manner.tunnelled and not manner.p2p:
        raise UsageError("--tunnelled needs --p2p")
    if manner.copy_storage_all and manner.copy_storage_inc:
        raise UsageError("--copy-storage-all and --copy-storage-inc exclude each other")
    return MigrationOptions(
        persistent=manner.persistent,
        undefine_source=manner.undefinesource,
        paused=manner.suspend,
        unsafe=manner.unsafe,
        copy_storage=_copy(manner),
        synchronous_writes=manner.copy_storage_synchronous_writes,
        change_protection=manner.change_protection,
        abort_on_error=manner.abort_on_error,
        auto_converge=manner.auto_converge,
        postcopy=manner.postcopy or manner.postcopy_after_precopy or patience.timeout_postcopy,
        postcopy_resume=manner.postcopy_resume,
        compressed=manner.compressed,
        parallel=manner.parallel,
        tls=manner.tls,
        zerocopy=manner.zerocopy,
        rdma_pin_all=manner.rdma_pin_all,
        tunnelled=manner.tunnelled,
        name=details.dname,
        uri=details.migrateuri,
        graphics_uri=details.graphicsuri,
        listen_address=details.listen_address,
        disks=tuple((details.migrate_disks or "").split(",")) if details.migrate_disks else (),
        disks_uri=details.disks_uri,
        disks_port=details.disks_port,
        bandwidth=_mebibytes(details.bandwidth),
        postcopy_bandwidth=_mebibytes(details.postcopy_bandwidth),
        xml=await _document(details.xml),
        persistent_xml=await _document(details.persistent_xml),
        params=_params(details),
    )


def _copy(manner: Manner) -> Literal["all", "inc"] | None:
    if manner.copy_storage_all:
        return "all"
    return "inc" if manner.copy_storage_inc else None


def _mebibytes(size: int | None) -> int | None:
    return None if size is None else size * MIB


async def _document(path: Path | None) -> str | None:
    return None if path is None else (await read_document(path)).decode()


def _params(details: Details) -> dict[str, ParamValue]:
    """Those that have no option of their own in the method."""
    methods = details.comp_methods
    named: dict[str, ParamValue | None] = {
        "compression": methods.split(",") if methods else None,
        "compression.mt.level": details.comp_mt_level,
        "compression.mt.threads": details.comp_mt_threads,
        "compression.mt.dthreads": details.comp_mt_dthreads,
        "compression.xbzrle.cache": details.comp_xbzrle_cache,
        "auto_converge.initial": details.auto_converge_initial,
        "auto_converge.increment": details.auto_converge_increment,
        "parallel.connections": details.parallel_connections,
        "tls.destination": details.tls_destination,
    }
    return {name: value for name, value in named.items() if value is not None}


async def migrate_setmaxdowntime(
    domain: DomainArg,
    downtime: Annotated[int, about("Milliseconds.")],
    *,
    session: SessionArg,
) -> Plain:
    """Set how long a domain may stand still at the end of its move.

    For example:

        aiovirt migrate-setmaxdowntime web1 300
    """
    vm = await session.domain(domain)
    await vm.set_migrate_max_downtime(downtime)
    return done(vm.key, "set", f"Domain '{vm.name}' may stand still for {downtime} ms")


async def migrate_getmaxdowntime(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Print how long a domain may stand still at the end of its move, in milliseconds.

    For example:

        aiovirt migrate-getmaxdowntime web1
    """
    vm = await session.domain(domain)
    downtime = await vm.migrate_max_downtime()
    return Plain(str(downtime), {"name": vm.name, "downtime_ms": downtime}, [str(downtime)])


PostcopyArg = Annotated[bool, about("Of post-copy.")]


async def migrate_setspeed(
    domain: DomainArg,
    bandwidth: Annotated[int, about("MiB in a second.")],
    *,
    postcopy: PostcopyArg = False,
    session: SessionArg,
) -> Plain:
    """Set how fast a domain is moved at most.

    For example:

        aiovirt migrate-setspeed web1 100
    """
    vm = await session.domain(domain)
    await vm.set_migrate_max_speed(bandwidth * MIB, postcopy=postcopy)
    return done(vm.key, "set", f"Domain '{vm.name}' moves with {bandwidth} MiB/s at most")


async def migrate_getspeed(
    domain: DomainArg, *, postcopy: PostcopyArg = False, session: SessionArg
) -> Plain:
    """Print how fast a domain is moved at most, in MiB in a second.

    For example:

        aiovirt migrate-getspeed web1
    """
    vm = await session.domain(domain)
    speed = await vm.migrate_max_speed(postcopy=postcopy)
    return Plain(str(speed // MIB), {"name": vm.name, "bandwidth": speed}, [str(speed // MIB)])


async def migrate_compcache(
    domain: DomainArg,
    *,
    size: Annotated[int | None, about("Set it to so many bytes.")] = None,
    session: SessionArg,
) -> Plain:
    """Print or set the size of the cache that compressed moves use.

    For example:

        aiovirt migrate-compcache web1 --size 67108864
    """
    vm = await session.domain(domain)
    if size is not None:
        await vm.set_migrate_compression_cache(size)
    found = await vm.migrate_compression_cache()
    text = f"Compression cache: {pretty(found)}"
    return Plain(text, {"name": vm.name, "bytes": found}, [str(found)])


async def migrate_postcopy(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Let a domain that is moving run at the destination now.

    For example:

        aiovirt migrate-postcopy web1
    """
    vm = await session.domain(domain)
    await vm.start_post_copy()
    return done(vm.key, "switched", f"Domain '{vm.name}' runs at the destination now")
