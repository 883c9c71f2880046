"""Takes libvirt's things over: what the QEMU driver has into its root, the rest as libvirt has it.

What no driver of ours can serve yet is kept below ``imported/`` in the state folder, so that
nothing is lost when libvirt goes.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio

from aiovirt.config import DomainConfig, SecretConfig, StoragePoolConfig
from aiovirt.daemon.hosts import qemu_uri
from aiovirt.daemon.importing.report import Report, named
from aiovirt.daemon.importing.source import Found, Source
from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import Settings
from aiovirt.daemon.sockets import hold_lock
from aiovirt.drivers.qemu.takeover import Takeover, open_takeover
from aiovirt.errors import AiovirtError, ConfigError, InvalidState
from aiovirt.host.files import make_private_folder, write_atomically
from aiovirt.model.credentials import SecretBytes

__all__ = ["import_folder"]


def import_folder(folder: Path, settings: Settings, places: Places) -> Report:
    """Take over what libvirt has in a folder; the daemon must not run meanwhile.

    Raises:
        Busy: The daemon runs.
        NotFound: There is no such folder.
        ConfigError: It is none of libvirt's.
        HostError: The state folder cannot be written.
    """
    return anyio.run(partial(_import, Source(folder), settings, places))


async def _import(source: Source, settings: Settings, places: Places) -> Report:
    make_private_folder(places.state, passable=True)
    with hold_lock(places.state / "aiovirtd.lock", "has the state open"):
        async with open_takeover(qemu_uri(settings.hosts, places.state)) as takeover:
            importer = _Importer(source, places.state / "imported", takeover)
            await importer.take_all()
    return importer.report


class _Importer:
    """One import under way."""

    def __init__(self, source: Source, kept: Path, takeover: Takeover) -> None:
        self.report = Report()
        self._source = source
        self._kept = kept
        self._takeover = takeover

    async def take_all(self) -> None:
        takers: dict[str, Callable[[Found], Awaitable[None]]] = {
            "domain": self._take_domain,
            "storage pool": self._take_pool,
            "secret": self._take_secret,
        }
        for found in self._source.things():
            try:
                await takers.get(found.kind, self._keep)(found)
            except AiovirtError as error:
                self.report.refuse(named(found), error)
        for name in self._source.saved():
            self.report.refused.append(
                f"saved state of domain {name}: only libvirt can restore it (virsh start {name}, "
                "then shut it down; or virsh managedsave-remove)"
            )

    async def _take_domain(self, found: Found) -> None:
        if self._source.running(found.name):
            raise InvalidState(
                "it runs under libvirt, and two must not use its disks",
                hint=f"shut it down (virsh shutdown {found.name}), then import again",
            )
        config = DomainConfig.parse(found.read())
        if config.name != found.name:
            raise ConfigError(f"its file {found.path} defines {config.name!r}", field="domain/name")
        if self._takeover.has(config):
            self._note(found, taken=False)
            return
        try:
            await self._takeover.take(config, autostart=found.autostart)
        except AiovirtError as error:
            await self._keep(found, why=error)
        else:
            self._note(found, taken=True)

    async def _take_pool(self, found: Found) -> None:
        try:
            config = StoragePoolConfig.parse(found.read())
            taken = await self._takeover.take_pool(config, autostart=found.autostart)
        except AiovirtError as error:
            await self._keep(found, why=error)
        else:
            self._note(found, taken=taken)

    async def _take_secret(self, found: Found) -> None:
        try:
            config = SecretConfig.parse(found.read())
            taken = await self._takeover.take_secret(config, self._value_of(found))
        except AiovirtError as error:
            await self._keep(found, why=error)
        else:
            self._note(found, taken=taken)

    def _value_of(self, secret: Found) -> SecretBytes | None:
        path = self._source.value_of(secret)
        if not path.exists():
            return None
        try:
            return SecretBytes(b64decode(replace(secret, path=path).read(), validate=True))
        except ValueError as error:
            raise ConfigError(f"{path} is not in base 64") from error

    def _note(self, found: Found, *, taken: bool) -> None:
        (self.report.taken if taken else self.report.there).append(named(found))

    async def _keep(self, found: Found, *, why: AiovirtError | None = None) -> None:
        """Keep a thing as libvirt has it."""
        folder = self._kept / found.kind.replace(" ", "-") / found.owner
        for one in (self._kept, folder.parent, folder):
            make_private_folder(one)
        await write_atomically(folder / found.path.name, found.read())
        value = self._source.value_of(found)
        if found.kind == "secret" and value.exists():
            await write_atomically(folder / value.name, Found(found.kind, found.name, value).read())
        if found.autostart:
            await write_atomically(folder / f"{found.path.stem}.autostart", b"")
        reason = f": {why}" if why else ""
        self.report.kept.append(f"{named(found)}{reason}")
