"""libvirt's error struct to aiovirt's errors, and back.

Which class a number becomes is one table; the number, the domain and all strings are kept in
`AiovirtError.libvirt`.
"""

from __future__ import annotations

import re

from aiovirt.errors import (
    AgentError,
    AgentHung,
    AgentNotReady,
    AiovirtError,
    AlreadyExists,
    AuthenticationFailed,
    Busy,
    CallerError,
    Closed,
    ConfigError,
    GuestAgentError,
    HostError,
    InvalidState,
    LibvirtDetail,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
    Unsupported,
    XMLError,
)
from aiovirt.model.constants import ErrorDomain, ErrorLevel, ErrorNumber
from aiovirt.protocols.guest_agent import refusal
from aiovirt.protocols.libvirt.tables.structs import Error

__all__ = ["UNKNOWN_PROCEDURE", "error_from", "is_unknown_procedure", "struct_from"]

UNKNOWN_PROCEDURE = "unknown procedure"
"""How the text begins by which libvirt's clients know that a server is older than they are."""

_KINDS: dict[ErrorNumber, type[AiovirtError]] = {
    ErrorNumber.ERR_NO_DOMAIN: NotFound,
    ErrorNumber.ERR_NO_NETWORK: NotFound,
    ErrorNumber.ERR_NO_NETWORK_PORT: NotFound,
    ErrorNumber.ERR_NO_STORAGE_POOL: NotFound,
    ErrorNumber.ERR_NO_STORAGE_VOL: NotFound,
    ErrorNumber.ERR_NO_NODE_DEVICE: NotFound,
    ErrorNumber.ERR_NO_INTERFACE: NotFound,
    ErrorNumber.ERR_NO_NWFILTER: NotFound,
    ErrorNumber.ERR_NO_NWFILTER_BINDING: NotFound,
    ErrorNumber.ERR_NO_SECRET: NotFound,
    ErrorNumber.ERR_NO_DOMAIN_SNAPSHOT: NotFound,
    ErrorNumber.ERR_NO_DOMAIN_CHECKPOINT: NotFound,
    ErrorNumber.ERR_NO_DOMAIN_BACKUP: NotFound,
    ErrorNumber.ERR_NO_DOMAIN_METADATA: NotFound,
    ErrorNumber.ERR_NO_HOSTNAME: NotFound,
    ErrorNumber.ERR_NO_SERVER: NotFound,
    ErrorNumber.ERR_NO_CLIENT: NotFound,
    ErrorNumber.ERR_NO_SECURITY_MODEL: NotFound,
    ErrorNumber.ERR_DEVICE_MISSING: NotFound,
    ErrorNumber.ERR_INVALID_DOMAIN: NotFound,
    ErrorNumber.ERR_DOM_EXIST: AlreadyExists,
    ErrorNumber.ERR_NETWORK_EXIST: AlreadyExists,
    ErrorNumber.ERR_NETWORK_PORT_EXIST: AlreadyExists,
    ErrorNumber.ERR_STORAGE_VOL_EXIST: AlreadyExists,
    ErrorNumber.ERR_STORAGE_POOL_BUILT: AlreadyExists,
    ErrorNumber.ERR_OPERATION_INVALID: InvalidState,
    ErrorNumber.ERR_BLOCK_COPY_ACTIVE: InvalidState,
    ErrorNumber.ERR_SNAPSHOT_REVERT_RISKY: InvalidState,
    ErrorNumber.ERR_MIGRATE_UNSAFE: InvalidState,
    ErrorNumber.ERR_CHECKPOINT_INCONSISTENT: InvalidState,
    ErrorNumber.ERR_RESOURCE_BUSY: Busy,
    ErrorNumber.ERR_OPERATION_TIMEOUT: Busy,
    ErrorNumber.ERR_INVALID_ARG: CallerError,
    ErrorNumber.ERR_MULTIPLE_DOMAINS: CallerError,
    ErrorNumber.ERR_MULTIPLE_INTERFACES: CallerError,
    ErrorNumber.ERR_OVERFLOW: CallerError,
    ErrorNumber.ERR_XML_ERROR: XMLError,
    ErrorNumber.ERR_XML_DETAIL: XMLError,
    ErrorNumber.ERR_XML_INVALID_SCHEMA: XMLError,
    ErrorNumber.ERR_INVALID_MAC: ConfigError,
    ErrorNumber.ERR_OS_TYPE: ConfigError,
    ErrorNumber.ERR_CONF_SYNTAX: ConfigError,
    ErrorNumber.ERR_CPU_INCOMPATIBLE: ConfigError,
    ErrorNumber.ERR_CONFIG_UNSUPPORTED: ConfigError,
    ErrorNumber.ERR_OPERATION_DENIED: PermissionDenied,
    ErrorNumber.ERR_ACCESS_DENIED: PermissionDenied,
    ErrorNumber.ERR_AUTH_FAILED: AuthenticationFailed,
    ErrorNumber.ERR_AUTH_CANCELLED: AuthenticationFailed,
    ErrorNumber.ERR_AUTH_UNAVAILABLE: AuthenticationFailed,
    ErrorNumber.ERR_AGENT_UNRESPONSIVE: AgentError,
    ErrorNumber.ERR_AGENT_UNSYNCED: AgentError,
}

_UNSUPPORTED = {
    ErrorNumber.ERR_NO_SUPPORT,
    ErrorNumber.ERR_OPERATION_UNSUPPORTED,
    ErrorNumber.ERR_ARGUMENT_UNSUPPORTED,
}

# libvirt has no number of its own for these: its words tell them apart.
_BY_WORDS: tuple[tuple[ErrorNumber, str, type[AiovirtError]], ...] = (
    (ErrorNumber.ERR_OPERATION_FAILED, "already exists", AlreadyExists),
    (ErrorNumber.ERR_OPERATION_FAILED, "already defined", AlreadyExists),
    (ErrorNumber.ERR_INTERNAL_ERROR, "already exists", AlreadyExists),
    (ErrorNumber.ERR_OPERATION_INVALID, "already exists", AlreadyExists),
    (ErrorNumber.ERR_AGENT_UNRESPONSIVE, "not connected", AgentNotReady),
    (ErrorNumber.ERR_AGENT_UNRESPONSIVE, "not responding", AgentHung),
    (ErrorNumber.ERR_AGENT_UNRESPONSIVE, "not available", AgentHung),
)

_AGENT_REFUSED = re.compile("unable to execute QEMU agent command '(.*?)': (.*)", re.DOTALL)
"""libvirt's words for what an agent refused."""

_HINTS = {
    ErrorNumber.ERR_OPERATION_TIMEOUT: "another change of this domain is not finished: "
    "look at `domjobinfo`, or whether its hypervisor answers (`domcontrol`)",
    ErrorNumber.ERR_AGENT_UNRESPONSIVE: "is qemu-guest-agent running in the guest?",
    ErrorNumber.ERR_OPERATION_DENIED: "the connection is read-only",
    ErrorNumber.ERR_MIGRATE_UNSAFE: "see the flag `unsafe`",
}


def is_unknown_procedure(error: Error) -> bool:
    """Whether the server does not know the procedure that was called."""
    known = error.domain in {ErrorDomain.RPC, ErrorDomain.REMOTE}
    told = (error.message or "").startswith(UNKNOWN_PROCEDURE)
    return known and error.code == ErrorNumber.ERR_RPC and told


def error_from(error: Error, *, driver: str, operation: str, server: str) -> AiovirtError:
    """The error that stands for a server's.

    Args:
        error: What the server sent.
        driver: The driver's name, for `Unsupported`.
        operation: What was asked for, likewise.
        server: Which server this is, with its version, for the same.
    """
    message = error.message or f"libvirt error {error.code} without a text"
    made = _made(error, message, driver, operation, server)
    made.libvirt = LibvirtDetail(
        error.code,
        error.domain,
        message,
        error.level,
        (error.str1, error.str2, error.str3),
        (error.int1, error.int2),
    )
    return made


def _made(error: Error, message: str, driver: str, operation: str, server: str) -> AiovirtError:
    if is_unknown_procedure(error):
        return Unsupported(driver, operation, f"{server} is older than this operation")
    try:
        number = ErrorNumber(error.code)
    except ValueError:
        return RemoteError(message)
    if number in _UNSUPPORTED:
        return Unsupported(driver, operation, message)
    if number is ErrorNumber.ERR_INTERNAL_ERROR and (told := _AGENT_REFUSED.search(message)):
        return refusal(told[1], "GenericError", told[2])
    hint = _HINTS.get(number)
    for code, words, kind in _BY_WORDS:
        if number is code and words in message:
            return kind(message, hint=hint)
    return _KINDS.get(number, RemoteError)(message, hint=hint)


_CODES: tuple[tuple[type[AiovirtError], ErrorNumber], ...] = (
    (XMLError, ErrorNumber.ERR_XML_ERROR),
    (ConfigError, ErrorNumber.ERR_CONFIG_UNSUPPORTED),
    (NotFound, ErrorNumber.ERR_NO_DOMAIN),
    (AlreadyExists, ErrorNumber.ERR_OPERATION_FAILED),
    (InvalidState, ErrorNumber.ERR_OPERATION_INVALID),
    (Unsupported, ErrorNumber.ERR_NO_SUPPORT),
    (Busy, ErrorNumber.ERR_RESOURCE_BUSY),
    (Closed, ErrorNumber.ERR_INVALID_CONN),
    (CallerError, ErrorNumber.ERR_INVALID_ARG),
    (ProtocolError, ErrorNumber.ERR_RPC),
    (Unresponsive, ErrorNumber.ERR_OPERATION_TIMEOUT),
    (AuthenticationFailed, ErrorNumber.ERR_AUTH_FAILED),
    (GuestAgentError, ErrorNumber.ERR_INTERNAL_ERROR),
    (AgentError, ErrorNumber.ERR_AGENT_UNRESPONSIVE),
    (PermissionDenied, ErrorNumber.ERR_ACCESS_DENIED),
    (ResourceUnavailable, ErrorNumber.ERR_SYSTEM_ERROR),
    (HostError, ErrorNumber.ERR_SYSTEM_ERROR),
)


def struct_from(
    error: AiovirtError, domain: ErrorDomain, *, number: ErrorNumber | None = None
) -> Error:
    """What a server of ours sends for an error.

    Args:
        error: What happened. An error that came from a libvirt goes on with its own numbers.
        domain: The part of libvirt that stands for the one that failed.
        number: The number where the error's class does not tell, such as for a missing network.
    """
    detail = error.libvirt
    if detail is not None:
        code, part, message = detail.code, detail.domain, detail.message
        strings, numbers, level = detail.strings, detail.numbers, detail.level
    else:
        found = (code for kind, code in _CODES if isinstance(error, kind))
        code = number or next(found, ErrorNumber.ERR_INTERNAL_ERROR)
        part, message, level = domain, str(error), ErrorLevel.ERROR
        strings, numbers = (None, None, None), (-1, -1)
    return Error(code, part, message, level, None, *strings, *numbers, None)
