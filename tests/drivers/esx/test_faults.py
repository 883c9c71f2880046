"""vSphere's faults as errors: each kind, with the server's words and what lies behind."""

from __future__ import annotations

import inspect

import pytest

from aiovirt.clients.vsphere import VSphereFault
from aiovirt.drivers.esx.faults import FAULTS, Place, meaning_of, refusal
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    AuthenticationFailed,
    Busy,
    ConfigError,
    InvalidState,
    NotFound,
    PermissionDenied,
    RemoteError,
    ResourceUnavailable,
    Unsupported,
)
from aiovirt.model.constants import ErrorNumber
from aiovirt.protocols.vsphere import Ref, SoapFault
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState as Power

MACHINE = Ref("VirtualMachine", "vm-9")
PLACE = Place("ESX host h", lambda ref: f"domain {ref.value!r}")


def made(fault: f.MethodFault | None, words: str = "The words.") -> AiovirtError:
    """Return the error of a fault."""
    told = VSphereFault("root@h", "PowerOnVM_Task", MACHINE, SoapFault("Client", words, fault))
    error = refusal(told, "start domain 'web1'", PLACE)
    assert error.__cause__ is told
    return error


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (f.InvalidPowerState(existing_state=Power.POWERED_ON), InvalidState),
        (f.NoPermission(), PermissionDenied),
        (f.DuplicateName(name="web1", object=MACHINE), AlreadyExists),
        (f.FileAlreadyExists(file="[ds] a"), AlreadyExists),
        (f.ManagedObjectNotFound(obj=MACHINE), NotFound),
        (f.FileNotFound(file="[ds] a"), NotFound),
        (f.InvalidLogin(), AuthenticationFailed),
        (f.NotAuthenticated(), AuthenticationFailed),
        (f.RestrictedVersion(), Unsupported),
        (f.MethodNotFound(receiver=MACHINE, method="x"), Unsupported),
        (f.TaskInProgress(task=Ref("Task", "t")), Busy),
        (f.InvalidArgument(invalid_property="host"), ConfigError),
        (f.InvalidVmConfig(), ConfigError),
        (f.NoDiskSpace(file="[ds] a", datastore="ds"), ResourceUnavailable),
        (f.ToolsUnavailable(), InvalidState),
        (f.SystemError(reason="x"), RemoteError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_each_fault_is_its_error(fault: f.MethodFault, kind: type[AiovirtError]) -> None:
    error = made(fault)
    assert type(error) is kind
    assert "The words" in str(error)
    assert "start domain 'web1'" in str(error)


def test_a_fault_that_is_derived_means_what_its_base_means() -> None:
    assert (
        meaning_of(f.InsufficientCpuResourcesFault(unreserved=0, requested=1))
        is FAULTS[f.InsufficientResourcesFault]
    )


def test_no_fault_is_the_servers_words() -> None:
    assert "The words" in str(made(None))


def test_a_fault_without_words_is_told_by_its_name() -> None:
    assert "TaskInProgress" in str(made(f.TaskInProgress(task=Ref("Task", "t")), ""))


def test_who_lacks_which_privilege_on_what() -> None:
    error = made(f.NoPermission(object=MACHINE, privilege_id="VirtualMachine.Interact.PowerOn"))
    assert "VirtualMachine.Interact.PowerOn on domain 'vm-9'" in str(error)
    assert error.libvirt is not None
    assert error.libvirt.code == ErrorNumber.ERR_ACCESS_DENIED


def test_the_state_that_stands_in_the_way_is_told() -> None:
    error = made(f.InvalidPowerState(existing_state=Power.SUSPENDED))
    assert "it is suspended" in str(error)


def test_a_free_licence_has_a_way_out() -> None:
    assert "esx+ssh://" in (made(f.RestrictedVersion()).hint or "")


def test_what_needs_a_vcenter_says_so() -> None:
    told = VSphereFault("h", "CloneVM_Task", MACHINE, SoapFault("C", "No.", f.NotSupported()))
    error = refusal(told, "copy domain 'web1'", PLACE)
    assert str(error) == "ESX host h did not copy domain 'web1': No"
    assert "vpx://" in (error.hint or "")


def test_the_table_is_of_faults_that_errors_can_be_made_of() -> None:
    for fault, meaning in FAULTS.items():
        assert issubclass(fault, f.MethodFault)
        assert inspect.isclass(meaning.kind)
