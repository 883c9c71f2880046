"""The faults that a simulated vCenter raises, and the words it has for them.

Source: VMware's API reference, which says of each method what it refuses, and by which fault.
"""

from __future__ import annotations

from aiovirt.protocols.vsphere import Ref, SoapFault
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState

__all__ = ["VimFault", "localized"]


class VimFault(Exception):
    """A call or a task ends in a fault.

    Attributes:
        fault: The fault itself.
        message: What it says.
    """

    def __init__(self, fault: f.MethodFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message

    def soap(self) -> SoapFault:
        """The fault as an answer."""
        return SoapFault(code="ServerFaultCode", message=self.message, fault=self.fault)


def localized(error: VimFault) -> f.LocalizedMethodFault:
    """The fault as a task tells it."""
    return f.LocalizedMethodFault(fault=error.fault, localized_message=error.message)


def planned(fault: f.MethodFault) -> VimFault:
    """A fault that a test asks for."""
    return VimFault(fault, f"{type(fault).__name__} (a fault that was asked for)")


# --- of the protocol ----------------------------------------------------------------------------


def not_authenticated(ref: Ref) -> VimFault:
    """The caller has no session."""
    text = "The session is not authenticated."
    return VimFault(f.NotAuthenticated(object=ref, privilege_id="System.View"), text)


def invalid_login() -> VimFault:
    """The user or the password is wrong."""
    text = "Cannot complete login due to an incorrect user name or password."
    return VimFault(f.InvalidLogin(), text)


def invalid_locale() -> VimFault:
    """The server does not speak that language."""
    return VimFault(f.InvalidLocale(), "The locale is not supported.")


def no_permission(ref: Ref, privilege: str) -> VimFault:
    """The account may not do that."""
    text = "Permission to perform this operation was denied."
    return VimFault(f.NoPermission(object=ref, privilege_id=privilege), text)


def restricted_version() -> VimFault:
    """The licence makes the API read-only."""
    text = "Current license or ESXi version prohibits execution of the requested operation."
    return VimFault(f.RestrictedVersion(), text)


def not_found(ref: Ref) -> VimFault:
    """The object has gone, or never was."""
    text = f"The object '{ref.kind}:{ref.value}' has already been deleted or has not been completely created"  # noqa: E501
    return VimFault(f.ManagedObjectNotFound(obj=ref), text)


def nothing_found() -> VimFault:
    """There is nothing of that name."""
    return VimFault(f.NotFound(), "The object or item referred to could not be found.")


def invalid_argument(name: str | None = None) -> VimFault:
    """A parameter is wrong."""
    told = "" if name is None else f": {name}"
    return VimFault(
        f.InvalidArgument(invalid_property=name), f"A specified parameter was not correct{told}"
    )


def invalid_request(why: str) -> VimFault:
    """The request makes no sense to the server."""
    return VimFault(f.InvalidRequest(), why)


def method_not_found(ref: Ref, method: str) -> VimFault:
    """The object has no such method."""
    fault = f.MethodNotFound(receiver=ref, method=method)
    return VimFault(fault, f"The method '{method}' is not found on {ref.kind}:{ref.value}")


def not_supported() -> VimFault:
    """The object cannot do that."""
    return VimFault(f.NotSupported(), "The operation is not supported on the object.")


def not_implemented() -> VimFault:
    """The server does not have it."""
    return VimFault(f.NotImplemented(), "The method is not implemented.")


def invalid_property(path: str) -> VimFault:
    """A path leads nowhere."""
    return VimFault(f.InvalidProperty(name=path), f"The property '{path}' could not be found.")


def invalid_collector_version() -> VimFault:
    """A property collector never told that version, or long ago."""
    text = "A specified version was not correct."
    return VimFault(f.InvalidCollectorVersion(), text)


def request_canceled() -> VimFault:
    """Somebody gave it up."""
    text = "The request was canceled by a user."
    return VimFault(f.RequestCanceled(), text)


# --- of machines --------------------------------------------------------------------------------


def invalid_power_state(
    existing: VirtualMachinePowerState, requested: VirtualMachinePowerState | None = None
) -> VimFault:
    """The machine is not in a state that allows this."""
    fault = f.InvalidPowerState(existing_state=existing, requested_state=requested)
    words = {"poweredOn": "Powered on", "poweredOff": "Powered off", "suspended": "Suspended"}
    text = f"The attempted operation cannot be performed in the current state ({words[existing]})."
    return VimFault(fault, text)


def task_in_progress(task: Ref) -> VimFault:
    """Another change of the object is at work."""
    return VimFault(f.TaskInProgress(task=task), "Another task is already in progress.")


def tools_unavailable() -> VimFault:
    """VMware Tools do not run in the guest."""
    text = "Cannot complete operation because VMware Tools is not running in this virtual machine."
    return VimFault(f.ToolsUnavailable(), text)


def invalid_device_spec(index: int) -> VimFault:
    """A change of a device is wrong; `index` counts the changes of the call."""
    text = f"Invalid configuration for device '{index}'."
    fault = f.InvalidDeviceSpec(device_index=index, property=f"virtualDeviceSpec.device[{index}]")
    return VimFault(fault, text)


def invalid_controller(index: int, key: int) -> VimFault:
    """A device is on a controller that is not there, or of another kind."""
    text = f"The device '{index}' is referring to a nonexisting controller '{key}'."
    return VimFault(f.InvalidController(device_index=index, controller_key=key), text)


def invalid_state() -> VimFault:
    """The object is not in a state that allows this."""
    text = "The operation is not allowed in the current state."
    return VimFault(f.InvalidState(), text)


def duplicate_name(name: str, ref: Ref) -> VimFault:
    """The name is taken in the folder."""
    return VimFault(f.DuplicateName(name=name, object=ref), f"The name '{name}' already exists.")


def invalid_name(name: str, entity: Ref | None = None) -> VimFault:
    """It cannot be a name."""
    return VimFault(f.InvalidName(name=name, entity=entity), f"The name '{name}' is not valid.")


# --- of files -----------------------------------------------------------------------------------


def file_not_found(path: str) -> VimFault:
    """There is no such file."""
    return VimFault(f.FileNotFound(file=path), f"File {path} was not found")


def file_already_exists(path: str) -> VimFault:
    """The file is there already."""
    text = f"Cannot complete the operation because the file or folder {path} already exists"
    return VimFault(f.FileAlreadyExists(file=path), text)


def no_disk_space(path: str, datastore: str) -> VimFault:
    """The datastore is full."""
    fault = f.NoDiskSpace(file=path, datastore=datastore)
    return VimFault(fault, f"Insufficient disk space on datastore '{datastore}'.")


def invalid_disk_format() -> VimFault:
    """It is no virtual disk, or of another kind."""
    return VimFault(f.InvalidDiskFormat(), "The format of the disk is not supported.")


def file_locked(path: str) -> VimFault:
    """A machine that runs has the file."""
    return VimFault(f.FileLocked(file=path), f"Unable to access file {path} since it is locked")


def cannot_delete(path: str) -> VimFault:
    """The file cannot be removed."""
    return VimFault(f.CannotDeleteFile(file=path), f"Cannot delete file {path}")


def invalid_datastore_path(path: str) -> VimFault:
    """It is no path of the form ``[datastore] folder/file``."""
    text = f"Invalid datastore path '{path}'."
    return VimFault(f.InvalidDatastorePath(datastore_path=path, name=path), text)


def invalid_datastore(name: str) -> VimFault:
    """There is no such datastore, or it cannot be used."""
    return VimFault(f.InvalidDatastore(name=name), f"Unable to access the datastore '{name}'.")
