"""Where new machines go: the folder, the resource pool, the host and the datastore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiovirt.drivers.esx.files import datacenter_of
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound, ResourceUnavailable
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.storage import DatastoreSummary

__all__ = ["Place", "default_datastore", "place_for"]

_COMPUTE: Final = ("ComputeResource", "ClusterComputeResource")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a machine is made.

    Attributes:
        datacenter: Its datacenter.
        folder: Its folder in the inventory.
        pool: What it takes its resources from.
        compute: The cluster, or the host's own compute resource.
        host: Its host; None leaves it to the cluster.
    """

    datacenter: Ref
    folder: Ref
    pool: Ref
    compute: Ref
    host: Ref | None


def place_for(session: Session, datacenter: Ref | None = None) -> Place:
    """The place that the URI means.

    Args:
        session: The connection.
        datacenter: In which datacenter; None for the URI's.

    Raises:
        NotFound: The URI leaves more than one open, and the hint says how to name one.
    """
    tree, scope = session.tree, session.scope
    datacenter = datacenter or datacenter_of(session)
    compute = scope.compute or _only_compute(session, datacenter)
    pool, folder = tree.get(compute).get("resourcePool"), tree.get(datacenter).get("vmFolder")
    if pool is None or folder is None:
        raise NotFound(
            f"{tree.called(compute)} has no resource pool that the account may see",
            hint="the account needs Resource.AssignVMToPool on it",
        )
    return Place(datacenter, folder, pool, compute, scope.host)


def _only_compute(session: Session, datacenter: Ref) -> Ref:
    tree = session.tree
    found = [each for each in tree.of_kind(*_COMPUTE) if datacenter in tree.above(each)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(map(tree.path, found)) or "none"
    raise NotFound(
        f"it is not said on which host or cluster of {tree.called(datacenter)} it is to be",
        hint=f"name it in the URI's path, as vpx://{session.uri.host}/{tree.path(datacenter)}/NAME;"
        f" there are: {names}",
    )


async def default_datastore(session: Session, place: Place) -> Ref:
    """The datastore with the most room of those that can be used there.

    Raises:
        ResourceUnavailable: There is none.
    """
    known = await session.get(place.host or place.compute, "datastore")
    stores = known.get("datastore") or ()
    summaries = await session.get_many(stores, ["summary"])
    rooms = {ref: _room(found.get("summary")) for ref, found in summaries.items()}
    usable = {ref: room for ref, room in rooms.items() if room is not None}
    if not usable:
        raise ResourceUnavailable(
            f"{session.tree.called(place.host or place.compute)} has no datastore to write to"
        )
    return max(usable, key=lambda ref: (usable[ref], ref.value))


def _room(summary: DatastoreSummary | None) -> int | None:
    """The bytes that are free in a datastore; None where it cannot be used."""
    if summary is None or not summary.accessible:
        return None
    kept = (summary.maintenance_mode or "normal") != "normal"
    return None if kept else summary.free_space
