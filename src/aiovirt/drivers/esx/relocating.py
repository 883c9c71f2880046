"""Where a machine shall be: hosts, clusters, datastores and folders by their names."""

from __future__ import annotations

from typing import Final

from aiovirt.drivers.esx.files import datacenter_of
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.inventory_methods import CREATE_FOLDER, CreateFolderArgs
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineRelocateSpec

__all__ = ["folder_for", "folder_named", "folder_of", "host_named", "location"]

_HOSTS: Final = ("HostSystem", "ClusterComputeResource", "ComputeResource")


def location(
    session: Session, machine: Machine, host: str | None, datastore: str | None
) -> VirtualMachineRelocateSpec:
    """Where a machine or its copy shall be, within its datacenter.

    Args:
        session: The connection.
        machine: The machine.
        host: The name of a host or a cluster; None for where it is.
        datastore: The name of a datastore; None for where its files are.

    Raises:
        NotFound: There is none of that name; the hint says which there are.
    """
    tree, datacenter = session.tree, datacenter_of(session, machine)
    store = None if datastore is None else tree.named(datastore, "Datastore", below=datacenter)
    if host is None:
        return VirtualMachineRelocateSpec(datastore=store)
    found = tree.named(host, *_HOSTS, below=datacenter)
    compute = tree.parent(found) if found.kind == "HostSystem" else found
    pool = None if compute is None else tree.get(compute).get("resourcePool")
    on = found if found.kind == "HostSystem" else None
    return VirtualMachineRelocateSpec(datastore=store, pool=pool, host=on)


def host_named(session: Session, name: str | None) -> Ref:
    """The host of a name; without one that of the URI, or the only one.

    Raises:
        NotFound: There is none, or several.
    """
    tree = session.tree
    if name is not None:
        return tree.named(name, "HostSystem", below=session.scope.datacenter)
    if session.scope.host is not None:
        return session.scope.host
    hosts = list(tree.of_kind("HostSystem"))
    if len(hosts) == 1:
        return hosts[0]
    names = ", ".join(map(tree.name, hosts[:20])) or "none"
    raise NotFound(
        f"it is not said which host of {session.where} is meant", hint=f"there are: {names}"
    )


async def folder_of(session: Session, machine: Machine) -> tuple[Ref | None, str]:
    """The folder that a machine is in, and its path below the datacenter's topmost one."""
    parent: Ref | None = (await session.get(machine.ref, "parent")).get("parent")
    if parent is None:
        return None, ""
    line = [parent, *session.tree.above(parent)]
    folders = [ref for ref in line if ref.kind == "Folder"]
    below = next((n for n, ref in enumerate(line) if ref.kind == "Datacenter"), len(folders))
    names = [session.tree.get(ref).get("name") or ref.value for ref in folders[: below - 1]]
    return parent, "/".join(reversed(names))


async def folder_for(session: Session, machine: Machine, path: str | None) -> Ref:
    """The folder that is named, or else the one that a machine is in; errors as `folder_named`."""
    if path is None:
        found, _ = await folder_of(session, machine)
        if found is not None:
            return found
    return await folder_named(session, machine, path or "", make=False)


async def folder_named(session: Session, machine: Machine, path: str, *, make: bool) -> Ref:
    """A folder of machines by its path.

    Args:
        session: The connection.
        machine: Whose datacenter is meant.
        path: Such as ``web/staging``; empty for the topmost one.
        make: Make those that are missing.

    Raises:
        NotFound: One is missing.
    """
    tree, datacenter = session.tree, datacenter_of(session, machine)
    at: Ref = tree.get(datacenter)["vmFolder"]
    for name in filter(None, path.split("/")):
        children = tree.children(at, "Folder")
        found = next((each for each in children if tree.get(each).get("name") == name), None)
        if found is None and not make:
            known = ", ".join(map(tree.name, children)) or "none"
            raise NotFound(
                f"there is no folder {name!r} in {tree.called(at)}", hint=f"there are: {known}"
            )
        if found is None:
            what = f"make the folder {path!r}"
            found = await session.call(CREATE_FOLDER, at, CreateFolderArgs(name=name), what=what)
            await session.inventory.refresh(found)
        at = found
    return at
