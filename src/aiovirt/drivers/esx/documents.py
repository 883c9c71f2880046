"""A machine as domain XML, from its own ``.vmx`` file, as libvirt's ESX driver makes it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from lxml import etree

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.common.vmx import MAX_VMX_BYTES, DatastoreFiles, Vmx, domain_of
from aiovirt.drivers.esx.configured import vmx_from
from aiovirt.drivers.esx.files import datacenter_of, mounts, read_file
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound, RemoteError
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigInfo

__all__ = ["FORM", "Document", "files_of", "newest_hardware", "path_of", "read_vmx"]

log = logging.getLogger("aiovirt.esx")

FORM: Final = "vmware-vmx"
"""libvirt's name of the form of these files."""

_VMWARE: Final = "http://libvirt.org/schemas/domain/vmware/1.0"
_PREFIXES: Final = {"vmware": _VMWARE}

_HARDWARE: Final = (
    ((4, 0), 7),
    ((5, 0), 8),
    ((5, 1), 9),
    ((5, 5), 10),
    ((6, 0), 11),
    ((6, 5), 13),
    ((6, 7), 14),
    ((7, 0), 17),
    ((8, 0), 20),
)
"""From which version on a product has which newest virtual hardware.

Source: VMware's table "Virtual machine hardware versions" (knowledge base 1003746)."""

_OLDEST: Final = 4
_LIBVIRTS_NEWEST: Final = 10
"""esxVI_ProductVersionToDefaultVirtualHWVersion knows none after that of ESX 5.5 (esx_vi.c)."""
_PATH: Final = "config.files.vmPathName"
_CONNECTION: Final = "runtime.connectionState"


def newest_hardware(session: Session) -> int:
    """The newest virtual hardware that the server has, or libvirt of it where that is wanted."""
    numbers = tuple(int(part) for part in session.about.version.split(".")[:2] if part.isdigit())
    newest = max((each for since, each in _HARDWARE if since <= numbers), default=_OLDEST)
    return min(newest, _LIBVIRTS_NEWEST) if session.parameters.like_libvirt else newest


def files_of(session: Session, path: DatastorePath, datacenter: Ref) -> DatastoreFiles:
    """What is known of the files of a machine whose ``.vmx`` is at a path."""
    folder = str(path.folder).rstrip()
    return DatastoreFiles(folder, mounts(session, datacenter))


async def path_of(session: Session, machine: Machine) -> DatastorePath:
    """Where a machine's ``.vmx`` file is.

    Raises:
        NotFound: The server cannot tell.
    """
    known = await session.get(machine.ref, _PATH, _CONNECTION)
    if not known.get(_PATH):
        raise NotFound(
            f"nobody knows the .vmx file of domain {machine.name!r}",
            hint=f"its state is {known.get(_CONNECTION)!s}: is its datastore there?",
        )
    return DatastorePath.parse(known[_PATH])


@dataclass(frozen=True, slots=True)
class Document:
    """A machine's configuration file.

    Attributes:
        path: Where it is.
        vmx: The file.
        files: What is known of the files that it names.
        own: Whether it is the machine's own file; else it was made of what the API tells.
    """

    path: DatastorePath
    vmx: Vmx
    files: DatastoreFiles
    own: bool

    def domain(self, session: Session, machine: Machine, *, inactive: bool) -> DomainConfig:
        """The domain that it describes, with what the server knows beside it.

        Raises:
            ConfigError: The file cannot be understood.
        """
        config = domain_of(self.vmx, self.files, extended=session.extended)
        if not inactive:
            config.id = machine.number
        place = session.tree.path(datacenter_of(session, machine))
        for name, text in (("datacenterpath", place), ("moref", machine.ref.value)):
            node = etree.SubElement(node_of(config), f"{{{_VMWARE}}}{name}", None, _PREFIXES)
            node.text = text
        return config


async def read_vmx(session: Session, machine: Machine) -> Document:
    """A machine's file; where it cannot be read, what the API tells of its configuration.

    Raises:
        NotFound: The server can tell neither.
        ConfigError: It cannot be understood.
    """
    path = await path_of(session, machine)
    datacenter = datacenter_of(session, machine)
    files = files_of(session, path, datacenter)
    try:
        data = await read_file(session, path, datacenter, limit=MAX_VMX_BYTES)
    except (NotFound, RemoteError) as error:
        log.info("the .vmx file of domain %r is not read: %s", machine.name, error)
        data = b""
    if data.strip():
        return Document(path, Vmx.parse(data), files, own=True)
    known = await session.get(machine.ref, "config")
    info: VirtualMachineConfigInfo | None = known.get("config")
    if info is None:
        raise NotFound(f"{session.where} cannot tell the configuration of domain {machine.name!r}")
    return Document(path, vmx_from(info, files), files, own=False)
