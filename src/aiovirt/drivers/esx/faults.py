"""vSphere's faults as errors of aiovirt: the one table at the driver's edge.

A fault's own class is looked up first, then those that it is derived from.  The server's words are
in the text, the typed fault is the cause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiovirt.clients.vsphere import VSphereFault
from aiovirt.errors import (
    AgentNotReady,
    AiovirtError,
    AlreadyExists,
    AuthenticationFailed,
    Busy,
    ConfigError,
    ConnectionLost,
    InvalidState,
    NotFound,
    PermissionDenied,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
    Unsupported,
    with_number,
)
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import faults as f

__all__ = ["DRIVER", "FAULTS", "POWER_WORDS", "Meaning", "Place", "meaning_of", "refusal"]

DRIVER: Final = "ESX"
"""The driver's name, which is libvirt's, too."""

_TOOLS = (
    "VMware Tools (open-vm-tools) must run in the guest; `aiovirt destroy` and `aiovirt reset` "
    "need none"
)
_LICENCE = (
    "its licence makes this API read-only, as that of a free ESX does: open esx+ssh://user@host "
    "instead"
)
_ROLE = "give the account a role with that privilege there, in vCenter or on the host"
_MOUNTED = "is its datastore there, and mounted?"
_BACKING = "is the file there, or the network, and may the machine's host use it?"
_LOGIN = "libvirt's auth file has a section [auth-esx-HOST]; else give aiovirt.Login, or a callback"


class Meaning(NamedTuple):
    """What a fault is to the callers of aiovirt.

    Attributes:
        kind: The error's class.
        hint: What may be done about it.
        number: libvirt's number, where the class does not tell it.
    """

    kind: type[AiovirtError]
    hint: str | None = None
    number: ErrorNumber | None = None


_VCENTER = "a vCenter does it: open the host by vpx:// (esx+ssh:// copies machines, too)"
_OF_VCENTERS: Final = frozenset(
    {"CloneVM_Task", "MigrateVM_Task", "MoveIntoFolder_Task", "RelocateVM_Task", "CreateFolder"}
)
"""Methods that a host alone does not carry out."""

_N = ErrorNumber

FAULTS: Final[dict[type[f.MethodFault], Meaning]] = {
    # --- states ---------------------------------------------------------------------------------
    f.InvalidState: Meaning(InvalidState),
    f.ToolsUnavailable: Meaning(InvalidState, _TOOLS, _N.ERR_AGENT_UNRESPONSIVE),
    f.TaskInProgress: Meaning(Busy, "another task changes it now; try again when that has ended"),
    f.ResourceInUse: Meaning(Busy),
    f.FileLocked: Meaning(Busy, "a running machine, perhaps of another host, has the file open"),
    f.ConcurrentAccess: Meaning(Busy, "somebody else changed it at the same time; try again"),
    f.SnapshotLocked: Meaning(Busy),
    f.RequestCanceled: Meaning(RemoteError, None, _N.ERR_OPERATION_ABORTED),
    f.Timedout: Meaning(Unresponsive),
    # --- names and things -----------------------------------------------------------------------
    f.DuplicateName: Meaning(AlreadyExists),
    f.AlreadyExists: Meaning(AlreadyExists),
    f.FileAlreadyExists: Meaning(AlreadyExists),
    f.ManagedObjectNotFound: Meaning(NotFound, "it may have been removed just now"),
    f.NotFound: Meaning(NotFound),
    f.FileNotFound: Meaning(NotFound, _MOUNTED),
    f.DeviceNotFound: Meaning(NotFound),
    f.InvalidDatastorePath: Meaning(ConfigError, "it is written as [datastore] folder/file"),
    f.InvalidDatastore: Meaning(NotFound, _MOUNTED),
    f.InvalidName: Meaning(ConfigError),
    f.InvalidArgument: Meaning(ConfigError),
    f.InvalidType: Meaning(ConfigError),
    f.VmConfigFault: Meaning(ConfigError, None, _N.ERR_CONFIG_UNSUPPORTED),
    f.InvalidDeviceBacking: Meaning(ConfigError, _BACKING, _N.ERR_CONFIG_UNSUPPORTED),
    f.OutOfBounds: Meaning(ConfigError),
    f.LimitExceeded: Meaning(ResourceUnavailable),
    # --- who may do it --------------------------------------------------------------------------
    f.NoPermission: Meaning(PermissionDenied, _ROLE, _N.ERR_ACCESS_DENIED),
    f.RestrictedVersion: Meaning(Unsupported, _LICENCE, _N.ERR_OPERATION_UNSUPPORTED),
    f.NotEnoughLicenses: Meaning(Unsupported, "its licence does not cover this"),
    f.InvalidLogin: Meaning(AuthenticationFailed, _LOGIN),
    f.NotAuthenticated: Meaning(AuthenticationFailed, "the session has ended and was not renewed"),
    f.PasswordExpired: Meaning(AuthenticationFailed, "the password has expired: set a new one"),
    # --- what the host has not ------------------------------------------------------------------
    f.NotSupported: Meaning(Unsupported, None, _N.ERR_OPERATION_UNSUPPORTED),
    f.NotImplemented: Meaning(Unsupported, None, _N.ERR_OPERATION_UNSUPPORTED),
    f.MethodNotFound: Meaning(Unsupported, None, _N.ERR_OPERATION_UNSUPPORTED),
    f.CpuHotPlugNotSupported: Meaning(
        InvalidState, "stop the machine first, or let its processors be added while it runs"
    ),
    f.MemoryHotPlugNotSupported: Meaning(
        InvalidState, "stop the machine first, or let memory be added while it runs"
    ),
    # --- what there is not enough of ------------------------------------------------------------
    f.InsufficientResourcesFault: Meaning(ResourceUnavailable),
    f.NoDiskSpace: Meaning(ResourceUnavailable),
    f.ResourceNotAvailable: Meaning(ResourceUnavailable),
    f.HostCommunication: Meaning(
        ConnectionLost, "vCenter does not reach the host; does its management agent run?"
    ),
    # --- guests ---------------------------------------------------------------------------------
    f.GuestOperationsUnavailable: Meaning(AgentNotReady, _TOOLS),
    f.InvalidGuestLogin: Meaning(AuthenticationFailed, "the guest's own account is asked for"),
    f.GuestPermissionDenied: Meaning(PermissionDenied, "the guest's account may not do this"),
    f.GuestProcessNotFound: Meaning(NotFound, None, _N.ERR_INVALID_ARG),
    f.OperationDisabledByGuest: Meaning(RemoteError, "tools.conf in the guest forbids it"),
    f.OperationNotSupportedByGuest: Meaning(Unsupported, None, _N.ERR_OPERATION_UNSUPPORTED),
}
"""A fault's class -> what it means; those that are derived from it mean the same."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was, for messages.

    Attributes:
        where: The server.
        named: How an object is called there: ``domain 'web1'``.
    """

    where: str
    named: Callable[[Ref], str]


def refusal(error: VSphereFault, what: str, place: Place) -> AiovirtError:
    """The error for a call that the server refused, or a task of it that failed.

    Args:
        error: What the client tells.
        what: What was to be done: ``start domain 'web1'``.
        place: Where.
    """
    fault = error.fault
    meaning = meaning_of(fault)
    said = error.words.strip().rstrip(".") or type(fault).__name__
    text = f"{place.where} did not {what}: {said}{_details(fault, place)}"
    made = _made(meaning, what, text, said)
    made.hint = meaning.hint
    if made.hint is None and isinstance(made, Unsupported) and error.method in _OF_VCENTERS:
        made.hint = _VCENTER
    if meaning.number is not None:
        with_number(made, meaning.number, ErrorDomain.ESX)
    made.__cause__ = error
    return made


def meaning_of(fault: f.MethodFault | None) -> Meaning:
    """What a fault means, by its class or the nearest that it is derived from."""
    for kind in type(fault).__mro__:
        if kind in FAULTS:
            return FAULTS[kind]
    return _UNKNOWN


_UNKNOWN = Meaning(RemoteError)


def _made(meaning: Meaning, what: str, text: str, said: str) -> AiovirtError:
    if meaning.kind is Unsupported:
        made = Unsupported(DRIVER, what, said)
        made.args = (text,)  # it is the server that does not, and says so
        return made
    if meaning.kind is ConnectionLost:
        return ConnectionLost(text, maybe_done=True)
    return meaning.kind(text)


def _details(fault: f.MethodFault | None, place: Place) -> str:
    """What a fault's own fields tell and the server's words mostly do not."""
    for kind, tell in _DETAILS.items():
        if isinstance(fault, kind):
            return tell(fault, place)
    return ""


def _permission(fault: f.NoPermission, place: Place) -> str:
    lacking = [
        f"{', '.join(each.privilege_ids)} on {place.named(each.entity)}"
        for each in fault.missing_privileges
    ]
    if not lacking and fault.privilege_id:
        on = f" on {place.named(fault.object)}" if fault.object is not None else ""
        lacking = [f"{fault.privilege_id}{on}"]
    return f" (the account lacks {'; '.join(lacking)})" if lacking else ""


def _argument(fault: f.InvalidArgument, _place: Place) -> str:
    return f" ({fault.invalid_property})" if fault.invalid_property else ""


def _power(fault: f.InvalidPowerState, _place: Place) -> str:
    return f" (it is {POWER_WORDS.get(fault.existing_state, fault.existing_state)})"


def _file(fault: f.FileFault, _place: Place) -> str:
    return f" ({fault.file})" if fault.file else ""


POWER_WORDS: Final = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}
"""How power states are told."""

_DETAILS: Final[dict[type[f.MethodFault], Callable[..., str]]] = {
    f.NoPermission: _permission,
    f.InvalidArgument: _argument,
    f.InvalidPowerState: _power,
    f.FileFault: _file,
}
