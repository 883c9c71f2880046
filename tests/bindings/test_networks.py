"""The rows about networks, devices and the host, forwards and backwards."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.bindings import bindings_of
from aiovirt.errors import CallerError
from aiovirt.interfaces import (
    Ability,
    CpuModels,
    HostInfo,
    HostInterfaces,
    HostResources,
    LegacyHost,
    NetworkFilters,
    NetworkPorts,
    Networks,
    NodeDevices,
)
from aiovirt.model.constants import NetworkUpdateCommand, NetworkUpdateSection
from aiovirt.model.host import (
    CpuComparison,
    HostCpuMap,
    HostCpuStats,
    HostMemoryStats,
    NodeInfo,
    SecurityModel,
)
from aiovirt.model.keys import (
    FilterBindingKey,
    HostInterfaceKey,
    NetworkFilterKey,
    NetworkKey,
    NetworkPortKey,
    NodeDeviceKey,
)
from aiovirt.model.network import AddressFamily, DhcpLease
from aiovirt.protocols.xdr import codec

NETWORK = NetworkKey(UUID(int=7), "lan")
PORT = NetworkPortKey(NETWORK, UUID(int=8))
FILTER = NetworkFilterKey(UUID(int=9), "quiet")
BINDING = FilterBindingKey("vnet0", "quiet")
INTERFACE = HostInterfaceKey("eth0", "52:54:00:00:00:01")
DEVICE = NodeDeviceKey("pci_0000_00_1f_2")
LEASE = DhcpLease("virbr0", 9, AddressFamily.IPV6, "fe80::1", 64, iaid="1")
UPDATE = (NETWORK, NetworkUpdateCommand.ADD_LAST, NetworkUpdateSection.DNS_TXT, "<txt/>")
KIB = 1024

CALLS: list[tuple[type[Ability], str, tuple[object, ...], dict[str, object]]] = [
    (Networks, "keys", (), {"active": False, "persistent": None, "autostart": True}),
    (Networks, "update", UPDATE, {"parent_index": -1}),
    (Networks, "set_metadata", (NETWORK,), {"kind": 2, "metadata": "<a/>", "uri": "u", "key": "k"}),
    (Networks, "leases", (NETWORK,), {"mac": None}),
    (NetworkPorts, "set_parameters", (PORT, {"inbound.average": 1}), {}),
    (NetworkPorts, "parameters", (PORT,), {}),
    (NetworkFilters, "unbind", (BINDING,), {}),
    (NetworkFilters, "config", (FILTER,), {}),
    (HostInterfaces, "keys", (), {"active": None}),
    (HostInterfaces, "keys", (), {"active": True}),
    (HostInterfaces, "keys", (), {"active": False}),
    (HostInterfaces, "config", (INTERFACE,), {"inactive": True}),
    (NodeDevices, "detach", (DEVICE,), {"driver": "vfio"}),
    (HostResources, "alloc_pages", ([4 * KIB], [7]), {"first": 1, "cells": 2}),
    (HostResources, "suspend", ("hybrid", 60), {}),
    (HostResources, "cpu_stats", (), {"cpu": 3}),
    (CpuModels, "compare", ("<cpu/>",), {"validate": True}),
    (CpuModels, "baseline_of_hypervisor", (["<cpu/>"],), {"arch": "x86_64", "expand": True}),
    (HostInfo, "set_identity", ({"user-name": "me"},), {}),
    (LegacyHost, "device_names", (9,), {"kind": None}),
]

RESULTS: list[tuple[type[Ability], str, object]] = [
    (Networks, "keys", [NETWORK]),
    (Networks, "leases", [LEASE]),
    (NetworkPorts, "keys", [PORT]),
    (NetworkPorts, "parameters", {"inbound.average": 1}),
    (NetworkFilters, "binding_keys", [BINDING]),
    (HostInterfaces, "find_by_mac", INTERFACE),
    (NodeDevices, "create", DEVICE),
    (HostResources, "node_info", NodeInfo("x86_64", 4 * KIB, 8, 2000, 1, 1, 4, 2)),
    (HostResources, "cpu_stats", HostCpuStats(kernel_ns=1, utilization=3)),
    (HostResources, "memory_stats", HostMemoryStats(total=KIB, free=0)),
    (HostResources, "cpu_map", HostCpuMap(8, frozenset({0, 2}))),
    (HostInfo, "library_version", (9, 0, 1)),
    (HostInfo, "security_model", SecurityModel("selinux", "0")),
    (CpuModels, "compare", CpuComparison.SUPERSET),
    (LegacyHost, "count_devices", 3),
]


@pytest.mark.parametrize(("ability", "name", "given", "named"), CALLS)
def test_arguments_come_back(
    ability: type[Ability], name: str, given: tuple[object, ...], named: dict[str, object]
) -> None:
    row = bindings_of(ability)[name]
    args = row.args(given, named)
    back = row.call(codec(type(args)).decode(codec(type(args)).encode(args)))
    assert all(value in back.values() for value in given)
    assert named.items() <= back.items()


@pytest.mark.parametrize(("ability", "name", "result"), RESULTS)
def test_results_come_back(ability: type[Ability], name: str, result: object) -> None:
    row = bindings_of(ability)[name]
    reply = row.reply(result)
    sent = codec(type(reply)).decode(codec(type(reply)).encode(reply))
    assert row.result.read(sent) == result


def test_a_size_between_two_of_libvirts_is_refused() -> None:
    with pytest.raises(CallerError, match="4097"):
        bindings_of(HostResources)["free_pages"].args(([4097],), {})
