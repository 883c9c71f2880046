"""polkit: whether a process may do something, asked over D-Bus.

Each question has a connection of its own, so that none outlives it and no answer is mixed up; the
library for D-Bus is an extra, and speaks asyncio only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

import anyio

from aiovirt.errors import AiovirtError, ProtocolError, ResourceUnavailable, Unresponsive
from aiovirt.streams._asyncio import asyncio_loop, in_asyncio

__all__ = ["INSTALL", "Polkit", "PolkitSubject"]

INSTALL = "pip install 'aiovirt[dbus]'"

CHECK_S = 10.0
"""Seconds that polkit has for an answer without a person."""

_NAME = "org.freedesktop.PolicyKit1"
_PATH = "/org/freedesktop/PolicyKit1/Authority"
_INTERFACE = "org.freedesktop.PolicyKit1.Authority"
_SIGNATURE = "(sa{sv})sa{ss}us"
_ANSWER = "(bba{ss})"
_ALLOW_USER_INTERACTION = 1

_NO_POLKIT = {
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
    "org.freedesktop.DBus.Error.Spawn.ServiceNotFound",
}
_WITHOUT = 'start polkit, or do without it: auth_unix_rw = "none", and a group for the socket'


@dataclass(frozen=True, slots=True)
class PolkitSubject:
    """The process that wants to do something.

    Attributes:
        pid: Its number, as polkit sees processes.
        start_time: When it began, in clock ticks (field 22 of proc_pid_stat(5)).
        uid: Its user.
    """

    pid: int
    start_time: int
    uid: int


class _Message(Protocol):
    message_type: object
    error_name: str | None
    signature: str
    body: list[Any]


class _Bus(Protocol):
    async def connect(self) -> object: ...
    async def call(self, message: object) -> _Message: ...
    def disconnect(self) -> None: ...
    async def wait_for_disconnect(self) -> None: ...


class Polkit:
    """Asks the polkit of this machine.

    Args:
        timeout_s: Seconds that it has together with a person who types a password.
        address: The bus, as a D-Bus address; the system's by default.
    """

    def __init__(self, *, timeout_s: float = math.inf, address: str | None = None) -> None:
        self._timeout_s = timeout_s
        self._address = address

    async def check(
        self,
        subject: PolkitSubject,
        action: str,
        details: Mapping[str, str] | None = None,
        *,
        interactive: bool = False,
    ) -> bool:
        """Whether a process may do `action`.

        Args:
            subject: The process.
            action: Such as ``org.libvirt.unix.manage``.
            details: What rules may look at.
            interactive: Whether a person may be asked for a password meanwhile.

        Raises:
            ResourceUnavailable: There is no bus, no polkit on it, or no library for D-Bus.
            ProtocolError: polkit does not know the action, or answers strangely.
            Unresponsive: It does not answer in time.

        Cancellation: polkit stops asking the person.
        """
        limit_s = self._timeout_s if interactive else min(self._timeout_s, CHECK_S)
        question = _question(subject, action, details or {}, interactive=interactive)
        with anyio.move_on_after(limit_s):
            async with asyncio_loop():
                return _verdict(await self._ask(question), action)
        raise Unresponsive(f"polkit has not decided about {action} within {limit_s:g} s")

    async def _ask(self, question: object) -> _Message:
        bus = await in_asyncio(self._connect)
        try:
            return await in_asyncio(bus.call, question)
        except (OSError, EOFError) as error:
            raise ResourceUnavailable(f"the D-Bus has gone: {error}", hint=_WITHOUT) from error
        finally:
            with anyio.CancelScope(shield=True):
                await in_asyncio(_close, bus)

    async def _connect(self) -> _Bus:
        library = _library()
        bus = cast(
            "_Bus",
            import_module("dbus_fast.aio").MessageBus(
                bus_address=self._address, bus_type=library.BusType.SYSTEM
            ),
        )
        try:
            await bus.connect()
        except (OSError, EOFError, library.AuthError, library.InvalidAddressError) as error:
            raise ResourceUnavailable(
                f"there is no D-Bus to ask polkit by: {error}", hint=_WITHOUT
            ) from error
        return bus


async def _close(bus: _Bus) -> None:
    bus.disconnect()
    await bus.wait_for_disconnect()


def _library() -> Any:  # noqa: ANN401 - it is not there everywhere
    try:
        return import_module("dbus_fast")
    except ImportError as error:
        raise ResourceUnavailable(
            "polkit needs the Python library dbus-fast, which is not installed", hint=INSTALL
        ) from error


def _question(
    subject: PolkitSubject, action: str, details: Mapping[str, str], *, interactive: bool
) -> object:
    library = _library()
    variant = library.Variant
    process = {
        "pid": variant("u", subject.pid),
        "start-time": variant("t", subject.start_time),
        "uid": variant("i", subject.uid),
    }
    flags = _ALLOW_USER_INTERACTION if interactive else 0
    return library.Message(
        destination=_NAME,
        path=_PATH,
        interface=_INTERFACE,
        member="CheckAuthorization",
        signature=_SIGNATURE,
        body=[["unix-process", process], action, dict(details), flags, ""],
    )


def _verdict(answer: _Message, action: str) -> bool:
    if answer.error_name is not None:
        raise _failure(answer, action)
    if answer.signature != _ANSWER:
        raise ProtocolError(f"polkit's answer about {action} has the type {answer.signature!r}")
    authorized, _challenge, _details = answer.body[0]
    return bool(authorized)


def _failure(answer: _Message, action: str) -> AiovirtError:
    words = str(answer.body[0]) if answer.body else answer.error_name
    if answer.error_name in _NO_POLKIT:
        return ResourceUnavailable(
            f"there is no polkit to ask about {action}: {words}", hint=_WITHOUT
        )
    return ProtocolError(
        f"polkit does not decide about {action}: {words}",
        hint="are libvirt's actions installed in /usr/share/polkit-1/actions?",
    )
