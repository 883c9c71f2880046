"""Every error aiovirt raises, on one page, sorted by who is at fault.

This module imports nothing of the package.  Foreign errors (of the operating system, of QEMU,
of lxml) become one of these at the edge where they enter, with the cause kept.

An error's text is one sentence that says what happened and where; `hint`, when there is one,
says what may be done about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

__all__ = [
    "AgentDisabled",
    "AgentError",
    "AgentHung",
    "AgentNotReady",
    "AiovirtError",
    "AlreadyExists",
    "AuthenticationFailed",
    "Busy",
    "CallerError",
    "CannotExecute",
    "Closed",
    "ConfigError",
    "ConnectionLost",
    "ExecutableNotFound",
    "GuestAgentError",
    "HostError",
    "InvalidState",
    "LibvirtDetail",
    "LimitExceeded",
    "NotFound",
    "PermissionDenied",
    "ProcessFailed",
    "ProcessKilled",
    "ProtocolError",
    "QMPCommandError",
    "RemoteError",
    "ResourceUnavailable",
    "SpawnError",
    "SpawnSetupError",
    "Unresponsive",
    "Unsupported",
    "XMLError",
    "with_number",
]


@dataclass(frozen=True, slots=True)
class LibvirtDetail:
    """What libvirt told with an error, for programs that know its numbers (virError).

    Attributes:
        code: The error's number, `virErrorNumber`.
        domain: The part of libvirt it comes from, `virErrorDomain`.
        message: The whole text.
        level: `virErrorLevel`: 2 is an error.
        strings: Further texts, such as the format and its arguments; None where unset.
        numbers: Further numbers; -1 where unset.
    """

    code: int
    domain: int
    message: str
    level: int = 2
    strings: tuple[str | None, str | None, str | None] = (None, None, None)
    numbers: tuple[int, int] = (-1, -1)


class AiovirtError(Exception):
    """The base of all errors of this library.

    Attributes:
        hint: What may be done about it, one sentence, or None.
        libvirt: What libvirt told, when the error came from a libvirt daemon; else None.
    """

    libvirt: LibvirtDetail | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


E = TypeVar("E", bound=AiovirtError)


def with_number(error: E, number: int, domain: int) -> E:
    """The error, with the number by which clients of libvirt know it: its class does not tell.

    Args:
        error: It.
        number: `virErrorNumber`.
        domain: `virErrorDomain`.
    """
    error.libvirt = LibvirtDetail(number, domain, str(error))
    return error


# --- the configuration is wrong ---------------------------------------------------------------


class ConfigError(AiovirtError):
    """A setting is wrong: it names the field (or URI part) and what was expected."""

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.field = field


class XMLError(ConfigError):
    """A configuration document is wrong.

    Attributes:
        element: The path of the element, such as ``domain/devices/disk[2]/target``, or None.
        line: Its line in the document, from 1, or None when it came from Python arguments.
        expected: What would have been right, or None.
        document: Which document, where the caller has not just given it; or None.
    """

    def __init__(
        self,
        message: str,
        *,
        element: str | None = None,
        line: int | None = None,
        expected: str | None = None,
        document: str | None = None,
        hint: str | None = None,
    ) -> None:
        places = (
            (document, f"in {document}"),
            (line, f"line {line}"),
            (element, f"<{element}>"),
        )
        where = ", ".join(text for known, text in places if known)
        text = f"{where}: {message}" if where else message
        if expected:
            text = f"{text} (expected {expected})"
        super().__init__(text, field=element, hint=hint)
        self.element = element
        self.line = line
        self.expected = expected
        self.document = document
        self._message = message

    def within(self, document: str) -> XMLError:
        """The same error, which says in which document it is."""
        return XMLError(
            self._message,
            element=self.element,
            line=self.line,
            expected=self.expected,
            document=document,
            hint=self.hint,
        )


# --- the caller is wrong ----------------------------------------------------------------------


class CallerError(AiovirtError):
    """The call cannot be done as asked; the host was not touched."""


class NotFound(CallerError):
    """There is no such domain, device, pool, …: the message names what was looked for."""


class AlreadyExists(CallerError):
    """The name, UUID or path is taken."""


class InvalidState(CallerError):
    """The object is not in a state that allows this: starting a running domain, for one."""


class Unsupported(CallerError):
    """The driver, or this version of the host, has no such operation.

    Attributes:
        driver: The driver's name.
        operation: The operation's name.
    """

    def __init__(self, driver: str, operation: str, reason: str | None = None) -> None:
        text = f"the {driver} driver does not support {operation}"
        super().__init__(f"{text}: {reason}" if reason else text)
        self.driver = driver
        self.operation = operation


class Closed(CallerError):
    """The object was closed by this side before the call."""


class Busy(CallerError):
    """Somebody else holds what the call needs: another writer, another process."""


# --- the peer does not keep to the protocol ---------------------------------------------------


class ProtocolError(AiovirtError):
    """The peer sent bytes that its protocol does not allow, or too many of them."""


class LimitExceeded(ProtocolError):
    """A message or an output was longer than the named limit.

    Attributes:
        limit: The limit's value, in bytes.
    """

    def __init__(self, message: str, *, limit: int) -> None:
        super().__init__(message)
        self.limit = limit


class ConnectionLost(AiovirtError):
    """The connection ended while it was in use.

    Attributes:
        maybe_done: Whether a call that was in flight may have been carried out.
    """

    def __init__(self, message: str, *, maybe_done: bool, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.maybe_done = maybe_done


class Unresponsive(AiovirtError):
    """A peer did not answer within a bound of aiovirt's own; the message names the bound."""


# --- the peer refused -------------------------------------------------------------------------


class RemoteError(AiovirtError):
    """The hypervisor or the guest refused: the message carries its own words."""


class AuthenticationFailed(RemoteError):
    """One side could not prove who it is: wrong or no credentials, no common way, a false server.

    Calling again without other credentials is no use; the message never holds a secret.
    """


class QMPCommandError(RemoteError):
    """QEMU answered a command with an error.

    Attributes:
        command: The QMP command.
        error_class: QEMU's class, such as ``GenericError`` or ``DeviceNotFound``.
        description: QEMU's text.
    """

    def __init__(self, command: str, error_class: str, description: str) -> None:
        super().__init__(f"{command}: {description}")
        self.command = command
        self.error_class = error_class
        self.description = description


class AgentError(RemoteError):
    """Something is wrong with the guest agent."""


class AgentNotReady(AgentError):
    """Nobody in the guest has opened the agent's channel: not yet, not any more, or never."""


class AgentHung(AgentError):
    """The agent has its channel open and does not answer; it may still do what it was told."""


class GuestAgentError(AgentError):
    """The guest agent answered a command with an error; fields as `QMPCommandError`."""

    def __init__(
        self, command: str, error_class: str, description: str, *, hint: str | None = None
    ) -> None:
        super().__init__(f"{command}: {description}", hint=hint)
        self.command = command
        self.error_class = error_class
        self.description = description


class AgentDisabled(GuestAgentError):
    """The agent knows the command and may not carry it out: its guest forbids it, or is frozen."""


# --- the host refused -------------------------------------------------------------------------


class HostError(AiovirtError):
    """The machine that aiovirt runs on could not do it."""


class PermissionDenied(HostError):
    """The operating system refused access: the message names the path and the needed right."""


class ResourceUnavailable(HostError):
    """A port is taken, a disk is full, a device is missing."""


class SpawnError(HostError):
    """A program could not be started.

    Attributes:
        program: The program's path.
        phase: Where it failed, such as ``chdir`` or ``exec``.
        errno: The operating system's number, or None.
    """

    def __init__(
        self, message: str, *, program: str, phase: str, errno: int | None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.program = program
        self.phase = phase
        self.errno = errno


class SpawnSetupError(SpawnError):
    """The child failed between fork and exec (libvirt's exit status 125)."""


class CannotExecute(SpawnError):
    """The program was found but cannot be executed (exit status 126 in shells and in libvirt)."""


class ExecutableNotFound(SpawnError):
    """There is no such program (exit status 127 in shells and in libvirt)."""


class ProcessFailed(HostError):
    """A program ran and ended with a status that was not expected.

    Attributes:
        command: The command line, secrets masked.
        status: The exit status, or None when it was lost because SIGCHLD is ignored.
        stderr: The end of what it wrote to standard error.
    """

    def __init__(self, command: str, status: int | None, stderr: str = "") -> None:
        tail = f": {stderr.strip().splitlines()[-1]}" if stderr.strip() else ""
        known = "an unknown status" if status is None else f"status {status}"
        hint = "let SIGCHLD have its default disposition" if status is None else None
        super().__init__(f"{command} ended with {known}{tail}", hint=hint)
        self.command = command
        self.status = status
        self.stderr = stderr


class ProcessKilled(HostError):
    """A program was ended by a signal.

    Attributes:
        command: The command line, secrets masked.
        signal: The signal's number.
    """

    def __init__(self, command: str, signal: int) -> None:
        super().__init__(f"{command} was killed by signal {signal}")
        self.command = command
        self.signal = signal
