"""The rows about tuning, saved memory, guests and daemons, forwards and backwards."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.bindings import bindings_of
from aiovirt.interfaces import (
    Ability,
    Admin,
    Guest,
    LegacyWork,
    Monitor,
    Processors,
    Resources,
    SavedState,
)
from aiovirt.model.admin import AdminClientKey, ClientTransport
from aiovirt.model.credentials import Secret
from aiovirt.model.domain import DomainKey
from aiovirt.model.guest import GuestAddress, GuestFilesystem, GuestInterface
from aiovirt.model.jobs import JobInfo, JobKind
from aiovirt.model.tuning import IOThread, Scheduler, SecurityLabel

VM = DomainKey(UUID(int=7), "vm1")

CALLS = [
    (Processors, "set_vcpu", (VM, frozenset({0, 2})), {"enable": True}),
    (Processors, "pin_vcpu", (VM, 1, frozenset({0, 9})), {"flags": 1}),
    (Resources, "set_memory", (VM, 1 << 20), {"flags": 4}),
    (Resources, "numa_parameters", (VM,), {"flags": 2}),
    (Guest, "set_guest_time", (VM, 1_700_000_000_000_000_005), {"sync": False}),
    (Guest, "set_user_password", (VM, "root", Secret("x")), {"encrypted": True}),
    (SavedState, "restore", ("/a.save",), {"config": None, "flags": 2}),
    (Monitor, "agent_text", (VM, "{}"), {"timeout_s": -2}),
    (LegacyWork, "set_max_memory", (VM, 2048), {}),
    (Admin, "client_info", (AdminClientKey("libvirtd", 3, 9, ClientTransport.TLS),), {}),
    (Admin, "shut_down", (), {"preserve": True}),
]
RESULTS = [
    (Processors, "emulator_pin", frozenset({0, 8})),
    (Processors, "iothreads", [IOThread(1, frozenset({3}))]),
    (Processors, "host_cpu_count", 8),
    (Resources, "max_memory", 4096),
    (Resources, "scheduler", Scheduler("posix", 9)),
    (Resources, "memory_parameters", {"hard_limit": 5}),
    (Resources, "security_label", SecurityLabel("a_t", enforcing=True)),
    (Resources, "security_labels", [SecurityLabel("a_t", enforcing=False)]),
    (Guest, "guest_time", 1_700_000_000_000_000_005),
    (Guest, "filesystems", [GuestFilesystem("/", "vda1", "ext4", ("vda",))]),
    (
        Guest,
        "interface_addresses",
        [GuestInterface("eth0", None, (GuestAddress("ipv6", "::1", 128),))],
    ),
    (SavedState, "has_managed_save", True),
    (LegacyWork, "job_info", JobInfo(JobKind.BOUNDED, *range(11))),
    (Admin, "library_version", (9, 0, 1)),
    (Admin, "clients", [AdminClientKey("admin", 1, 2, ClientTransport.UNIX)]),
    (Admin, "log_filters", "1:qemu 3:rpc"),
]


@pytest.mark.parametrize(("ability", "name", "given", "named"), CALLS)
def test_arguments_come_back(
    ability: type[Ability], name: str, given: tuple[object, ...], named: dict[str, object]
) -> None:
    row = bindings_of(ability)[name]
    back = row.call(row.args(given, named))
    assert tuple(back.values())[: len(given)] == given or set(given) <= set(back.values())
    assert named.items() <= back.items()


@pytest.mark.parametrize(("ability", "name", "result"), RESULTS)
def test_results_come_back(ability: type[Ability], name: str, result: object) -> None:
    row = bindings_of(ability)[name]
    assert row.result.read(row.reply(result)) == result


def test_a_password_on_its_way_is_not_shown() -> None:
    args = bindings_of(Guest)["set_user_password"].args((VM, "root", Secret("topsecret")), {})
    assert "topsecret" not in repr(args)
