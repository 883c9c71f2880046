"""What values show of themselves, and the registry by which they are found."""

from __future__ import annotations

import subprocess
import sys

import pytest

from aiovirt.protocols.vsphere import Ref, registry
from aiovirt.protocols.vsphere.tables.base import Description
from aiovirt.protocols.vsphere.tables.collector_methods import WAIT_FOR_UPDATES_EX
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState
from aiovirt.protocols.vsphere.tables.guest import (
    FileTransferInformation,
    GuestFileAttributes,
    NamePasswordAuthentication,
)
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineSummary, VirtualMachineTicket
from aiovirt.protocols.vsphere.values import DynamicData


def test_only_what_is_set_is_shown() -> None:
    assert repr(Description(label="a", summary="b")) == "Description(label='a', summary='b')"


def test_secrets_are_not_shown() -> None:
    login = NamePasswordAuthentication(username="u", password="p4ss", interactive_session=False)
    assert repr(login) == (
        "NamePasswordAuthentication(interactive_session=False, username='u', password=…)"
    )


def test_tickets_and_addresses_that_open_doors_are_secrets() -> None:
    told = repr(
        FileTransferInformation(attributes=GuestFileAttributes(), size=1, url="https://t0p")
    )
    told += repr(VirtualMachineTicket(ticket="t0p", cfg_file="a", url="wss://h/t0p"))
    assert "t0p" not in told


def test_references_are_keys() -> None:
    assert {Ref("Task", "task-1"): 1}[Ref("Task", "task-1")] == 1


def test_values_do_not_change() -> None:
    value = Description(label="a", summary="b")
    with pytest.raises(AttributeError):
        value.label = "c"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("VirtualMachineSummary", VirtualMachineSummary),
        ("VirtualMachinePowerState", VirtualMachinePowerState),
        ("DynamicData", DynamicData),
        ("Nothing", None),
    ],
)
def test_types_by_their_names(name: str, kind: type | None) -> None:
    assert registry.type_named(name) is kind


def test_methods_by_their_names() -> None:
    assert registry.method_named("WaitForUpdatesEx") is WAIT_FOR_UPDATES_EX
    assert registry.method_named("waitForUpdatesEx") is None


def test_properties_of_an_object_and_its_bases() -> None:
    known = registry.properties_of("VirtualMachine")
    assert (known["runtime"].base, known["name"].base) == ("VirtualMachineRuntimeInfo", "string")
    assert known["datastore"].name == "ArrayOfManagedObjectReference"
    assert registry.properties_of("Nothing") == {}


@pytest.mark.parametrize(
    ("kind", "base", "expected"),
    [
        ("VirtualMachine", "ManagedEntity", True),
        ("ClusterComputeResource", "ComputeResource", True),
        ("Folder", "Folder", True),
        ("Folder", "Datacenter", False),
        ("Nothing", "ManagedEntity", False),
    ],
)
def test_kinds_and_their_bases(kind: str, base: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert registry.is_kind(kind, base) is expected


def test_a_module_of_the_table_is_loaded_when_it_is_needed() -> None:
    code = (
        "import sys; from aiovirt.protocols.vsphere import registry;"
        "name = 'aiovirt.protocols.vsphere.tables.events'; assert name not in sys.modules;"
        "registry.type_named('VmPoweredOnEvent'); assert name in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
