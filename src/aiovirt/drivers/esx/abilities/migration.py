"""Moving machines between the hosts of one vCenter, in libvirt's phases.

Both ends are connections to the same vCenter, each to a host of its own.  The vCenter moves all
data itself; what the phases hand to each other is where to.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, unquote, urlsplit

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.plainmigration import PlainMigration
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.places import place_for
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import CallerError, InvalidState, NotFound, RemoteError, Unsupported
from aiovirt.interfaces import MigrationTunnel, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared
from aiovirt.model.params import TypedParams, plain
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import machine_methods as m
from aiovirt.protocols.vsphere.tables.enums import VirtualMachineMovePriority as Priority
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineRelocateSpec

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["EsxLegacyMigration", "EsxMigration"]

_SCHEME: Final = "vpxmigr"
"""libvirt's scheme for a place in a vCenter: ``vpxmigr://VCENTER/RESOURCEPOOL/HOST``."""

_FEATURES: Final = frozenset({6, 12, 13})
"""Of libvirt's VIR_DRV_FEATURE_*: the third protocol, of machines that are off, by parameters."""

_LIVE, _PERSIST, _UNDEFINE, _OFFLINE, _UNSAFE = 0x1, 0x8, 0x10, 0x400, 0x200
_KNOWN: Final = _LIVE | _PERSIST | _UNDEFINE | _OFFLINE | _UNSAFE
"""A machine is where it is: it goes from one host and stays at the other in any case."""


class EsxMigration(EsxAbility, PlainMigration):
    """See `Migration`; a single host cannot, as it has no other."""

    async def supports(self, feature: int) -> bool:
        """See `Migration.supports`."""
        return self.session.is_vcenter and feature in _FEATURES

    async def begin_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationBegun:
        """See `Migration.begin_migration`; the document is its name alone: the rest stays."""
        machine = self.session.machines.get(domain)
        _check(params, flags, name=machine.name)
        if machine.active and not flags & _LIVE:
            raise InvalidState(
                f"domain {machine.name!r} runs, and would have to stand still to be moved so",
                hint="move it live, or stop it first",
            )
        document = DomainConfig(type="vmware", name=machine.name, uuid=machine.key.uuid)
        return MigrationBegun(b"", document.to_xml())

    async def prepare_migration(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationPrepared:
        """See `Migration.prepare_migration`: tells which host this connection is to.

        Raises:
            NotFound: The URI names no single host or cluster; the hint says how.
        """
        del params, cookie
        refuse_flags(DRIVER, "prepare_migration", flags, _KNOWN)
        server = self._server()
        place = place_for(self.session)
        host = "" if place.host is None else quote(place.host.value, safe="")
        pool = quote(place.pool.value, safe="")
        return MigrationPrepared(b"", f"{_SCHEME}://{server}/{pool}/{host}")

    def prepare_tunnel(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AbstractAsyncContextManager[MigrationTunnel]:
        """See `Migration.prepare_tunnel`.

        Raises:
            Unsupported: The data goes from host to host.
        """
        del params, cookie, flags
        raise Unsupported(DRIVER, "prepare_tunnel", "the vCenter moves the data itself")

    async def perform_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        destination: str | None = None,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> bytes:
        """See `Migration.perform_migration`; the cookie is the machine's reference.

        What hinders it is found before anything is moved, and the server says what it is.

        Raises:
            Unsupported: The destination is another vCenter's.

        Cancellation: the move is given up, and the machine stays where it was.
        """
        del cookie
        refuse_flags(DRIVER, "perform_migration", flags, _KNOWN)
        spec = self._place_at(destination or str(plain(params.get("migrate_uri", ""))))
        args = m.RelocateVMTaskArgs(spec=spec, priority=Priority.DEFAULT_PRIORITY)
        async with self.session.changing(domain) as machine:
            where = spec.host or spec.pool
            to = "" if where is None else f" to {self.session.tree.called(where)}"
            what = f"move domain {machine.name!r}{to}"
            async with self.session.works.on(machine.ref, what) as work:
                await self.session.change(
                    m.RELOCATE_VM_TASK, machine, args, what=what, progress=work.told
                )
            await self.session.inventory.refresh(machine.ref)
            return machine.ref.value.encode()

    async def finish_migration(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> MigrationFinished:
        """See `Migration.finish_migration`: returns when this connection sees it."""
        refuse_flags(DRIVER, "finish_migration", flags, _KNOWN)
        name = str(plain(params.get("destination_name", "")))
        if cancelled:
            raise RemoteError(f"domain {name!r} was not moved: it is at the source")
        ref = Ref("VirtualMachine", cookie.decode(errors="replace"))
        await self.session.settle(ref, lambda now: now is not None)
        found = self.session.machines.find(ref)
        if found is None:
            raise NotFound(
                f"domain {name!r} is not at {self.session.where} though it was moved there",
                hint="somebody, or the cluster itself, may have moved it on",
            )
        return MigrationFinished(found.key, b"")

    async def confirm_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> None:
        """See `Migration.confirm_migration`: the vCenter has seen to all of it already."""
        del domain, params, cookie, cancelled
        refuse_flags(DRIVER, "confirm_migration", flags, _KNOWN)

    def _server(self) -> str:
        """What names the vCenter, by whatever address it was reached.

        Raises:
            Unsupported: It is a single host.
        """
        about = self.session.about
        if not self.session.is_vcenter:
            raise Unsupported(
                DRIVER, "migration", f"{self.session.where} is alone: open its vCenter by vpx://"
            )
        return (about.instance_uuid or self.session.uri.host or "").lower()

    def _place_at(self, uri: str) -> VirtualMachineRelocateSpec:
        """The place of a destination's URI.

        Raises:
            CallerError: It is none of a vCenter.
            Unsupported: It is another one's.
        """
        parts = urlsplit(uri)
        pool, _, host = parts.path.strip("/").partition("/")
        if parts.scheme != _SCHEME or not pool:
            raise CallerError(
                f"{uri!r} is no place in a vCenter",
                hint="migrate to a connection of vpx://VCENTER/DATACENTER/HOST",
            )
        if parts.netloc.lower() != self._server():
            raise Unsupported(
                DRIVER,
                "moving a domain to another vCenter",
                f"{parts.netloc} is not {self._server()}",
            )
        return VirtualMachineRelocateSpec(
            pool=Ref("ResourcePool", unquote(pool)),
            host=Ref("HostSystem", unquote(host)) if host else None,
        )


class EsxLegacyMigration(EsxMigration):
    """The same without parameters."""


def _check(params: TypedParams, flags: int, *, name: str) -> None:
    """See that nothing is asked for that a vCenter does not do.

    Raises:
        Unsupported: Something is.
    """
    refuse_flags(DRIVER, "begin_migration", flags, _KNOWN)
    asked = set(params) - {"migrate_uri"}
    if plain(params.get("destination_name", name)) == name:
        asked.discard("destination_name")
    if asked:
        raise Unsupported(DRIVER, "migration", f"it knows nothing of {', '.join(sorted(asked))}")
