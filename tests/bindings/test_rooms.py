"""What clients get that have less room than ours."""

from __future__ import annotations

from typing import Any

import pytest

from aiovirt.bindings.rooms import Room, room_of
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_tuning as t
from aiovirt.protocols.libvirt.tables import node as n
from aiovirt.protocols.libvirt.tables.structs import Domain, DomainMemoryStat, Network

DOM = Domain("web1", bytes(16), -1)
FOUND: dict[str, Any] = {"cpu_shares": 1024, "vcpu_period": 100, "device": "/dev/sda"}


def room(procedure: Procedure[Any, Any]) -> Room:
    found = room_of(procedure)
    assert found is not None
    return found


def memory(nparams: int, flags: int = 4) -> t.DomainGetMemoryParametersRet:
    args = t.DomainGetMemoryParametersArgs(DOM, nparams, flags)
    reply = t.DomainGetMemoryParametersRet(dict(FOUND), 0)
    trimmed = room(t.DOMAIN_GET_MEMORY_PARAMETERS).trim(args, reply)
    assert isinstance(trimmed, t.DomainGetMemoryParametersRet)
    return trimmed


def test_most_procedures_know_no_room() -> None:
    assert room_of(d.DOMAIN_GET_INFO) is None


def test_without_room_for_parameters_only_their_number_is_told() -> None:
    assert memory(0) == t.DomainGetMemoryParametersRet({}, 3)


def test_parameters_are_cut_to_the_room_there_is() -> None:
    assert memory(2).params == {"cpu_shares": 1024, "vcpu_period": 100}


def test_texts_are_for_clients_that_know_them() -> None:
    assert "device" not in memory(16, flags=0).params
    assert "device" in memory(16).params


def test_texts_do_not_count_where_they_are_not_known() -> None:
    assert memory(0, flags=0).nparams == 2


def test_parameters_that_another_procedure_counts_are_cut_as_well() -> None:
    args = t.DomainGetSchedulerParametersArgs(DOM, 1)
    reply = t.DomainGetSchedulerParametersRet({"cpu_shares": 1, "vcpu_period": 2})
    trimmed = room(t.DOMAIN_GET_SCHEDULER_PARAMETERS).trim(args, reply)
    assert trimmed == t.DomainGetSchedulerParametersRet({"cpu_shares": 1})


@pytest.mark.parametrize(("wanted", "count"), [(1, 1), (0, 0)])
def test_a_list_is_left_out_unless_it_is_wanted(wanted: int, count: int) -> None:
    args = c.ConnectListAllNetworksArgs(wanted, 0)
    reply = c.ConnectListAllNetworksRet([Network("default", bytes(16))], 1)
    trimmed = room(c.CONNECT_LIST_ALL_NETWORKS).trim(args, reply)
    assert isinstance(trimmed, c.ConnectListAllNetworksRet)
    assert (len(trimmed.nets), trimmed.ret) == (count, 1)


def test_the_rows_are_asked_for_all() -> None:
    asked = room(c.CONNECT_LIST_ALL_NETWORKS).widen(c.ConnectListAllNetworksArgs(0, 2))
    assert asked == c.ConnectListAllNetworksArgs(1, 2)


def test_names_are_cut_to_the_number_that_is_asked_for() -> None:
    args = c.ConnectListNetworksArgs(1)
    trimmed = room(c.CONNECT_LIST_NETWORKS).trim(args, c.ConnectListNetworksRet(["a", "b"]))
    assert trimmed == c.ConnectListNetworksRet(["a"])


def test_figures_of_memory_are_cut_likewise() -> None:
    args = d.DomainMemoryStatsArgs(DOM, 1, 0)
    stats = [DomainMemoryStat(1, 1), DomainMemoryStat(2, 2)]
    trimmed = room(d.DOMAIN_MEMORY_STATS).trim(args, d.DomainMemoryStatsRet(stats))
    assert trimmed == d.DomainMemoryStatsRet(stats[:1])


def test_a_map_of_processors_is_as_long_as_the_clients() -> None:
    args = t.DomainGetEmulatorPinInfoArgs(DOM, 1, 0)
    reply = t.DomainGetEmulatorPinInfoRet(b"\xff\x01", 1)
    trimmed = room(t.DOMAIN_GET_EMULATOR_PIN_INFO).trim(args, reply)
    assert trimmed == t.DomainGetEmulatorPinInfoRet(b"\xff", 1)


def test_the_hosts_map_is_left_out_where_only_the_number_is_wanted() -> None:
    args = n.NodeGetCpuMapArgs(0, 0, 0)
    trimmed = room(n.NODE_GET_CPU_MAP).trim(args, n.NodeGetCpuMapRet(b"\x0f", 4, 4))
    assert trimmed == n.NodeGetCpuMapRet(b"", 0, 4)
