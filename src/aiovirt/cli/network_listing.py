"""``net-list``, ``net-info`` and ``net-dhcp-leases``: what there is, and what is known of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.network import NetworkArg, describe_network, find_network
from aiovirt.cli.results import Column, Record, Row, Rows
from aiovirt.errors import AiovirtError
from aiovirt.model.network import AddressFamily, DhcpLease

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllNetworksFlags

__all__ = ["net_dhcp_leases", "net_info", "net_list"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChoice:
    """Which networks; the active ones when nothing is said."""

    everything: Annotated[bool, Parameter(name="--all", help="Active and inactive ones.")] = False
    inactive: Annotated[bool, about("Inactive ones only.")] = False
    persistent: Annotated[bool, about("Those with a definition.")] = False
    transient: Annotated[bool, about("Those without a definition.")] = False
    autostart: Annotated[bool, about("Those that start with the daemon.")] = False
    no_autostart: Annotated[bool, about("Those that do not.")] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """What is shown of them; a table when nothing is said."""

    name: Annotated[bool, about("Names alone, one a line.")] = False
    uuid: Annotated[bool, about("UUIDs alone, one a line.")] = False


def _wanted(choice: NetworkChoice) -> ConnectListAllNetworksFlags:
    """libvirt's flags for these options."""
    kinds: type[ConnectListAllNetworksFlags] = import_module(
        "aiovirt.model.constants"
    ).ConnectListAllNetworksFlags
    flags = kinds(0)
    if not choice.everything:
        flags |= kinds.INACTIVE if choice.inactive else kinds.ACTIVE
    for name in ("persistent", "transient", "autostart", "no_autostart"):
        flags |= kinds[name.upper()] if getattr(choice, name) else kinds(0)
    return flags


def _yes(key: str) -> Column:
    return Column(key, key.capitalize(), show=lambda row: "yes" if row[key] else "no")


def _state(row: Row) -> str:
    return "active" if row["active"] else "inactive"


_NAME = Column("name", "Name")
_UUID = Column("uuid", "UUID")


async def net_list(
    *,
    choice: NetworkChoice = NetworkChoice(),
    shape: NetworkShape = NetworkShape(),
    session: SessionArg,
) -> Rows:
    """List the active networks, or others by option.

    For example:

        aiovirt net-list --all
        aiovirt net-list --autostart --name
    """
    records = await session.host.networks.records(flags=_wanted(choice))
    bare = [column for wanted, column in ((shape.uuid, _UUID), (shape.name, _NAME)) if wanted]
    table = [_NAME, Column("active", "State", show=_state), _yes("autostart"), _yes("persistent")]
    return Rows(bare or table, [describe_network(record) for record in records], bare=bool(bare))


async def net_info(network: NetworkArg, *, session: SessionArg) -> Record:
    """Show what is known of a network.

    For example:

        aiovirt net-info default
    """
    found = await find_network(session, network)
    row = describe_network(await found.record())
    try:
        bridge: str | None = await found.bridge_name()
    except AiovirtError:  # it has none: its guests use a device of the host
        bridge = None
    named = [Column("bridge", "Bridge")] if bridge else []
    states = [_yes("active"), _yes("persistent"), _yes("autostart")]
    return Record([_NAME, _UUID, *states, *named], {**row, "bridge": bridge})


_LEASE = [
    Column("expires", "Expiry Time"),
    Column("mac", "MAC address"),
    Column("family", "Protocol"),
    Column("cidr", "IP address", show=lambda row: f"{row['address']}/{row['prefix']}"),
    Column("hostname", "Hostname"),
    Column("client_id", "Client ID or DUID"),
]


async def net_dhcp_leases(
    network: NetworkArg,
    *,
    mac: Annotated[str | None, about("Only those of that MAC address.")] = None,
    session: SessionArg,
) -> Rows:
    """List the addresses that a network's DHCP server has given away.

    For example:

        aiovirt net-dhcp-leases default
        aiovirt net-dhcp-leases default --mac 52:54:00:12:34:56 -o json
    """
    leases = await (await find_network(session, network)).leases(mac=mac)
    ordered = sorted(leases, key=lambda lease: (lease.expires_s, lease.address))
    return Rows(_LEASE, [_lease(lease) for lease in ordered])


def _lease(lease: DhcpLease) -> Row:
    """A lease, as documented in docs/cli.md."""
    when = dt.datetime.fromtimestamp(lease.expires_s).astimezone()
    names = {int(item): item.name.lower() for item in AddressFamily}
    return {
        **asdict(lease),
        "name": lease.hostname,
        "family": names.get(int(lease.family), str(int(lease.family))),
        "expires": f"{when:%Y-%m-%d %H:%M:%S}" if lease.expires_s else "infinite",
    }
