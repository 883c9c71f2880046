"""What is asked of a daemon so that it tells what happens, and what it tells of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from enum import IntEnum
from functools import partial
from typing import Any

from aiovirt._tasks import gather
from aiovirt.clients.libvirt import LibvirtClient
from aiovirt.errors import CallerError, RemoteError, Unsupported
from aiovirt.model.constants import (
    DomainEventID,
    NetworkEventID,
    NodeDeviceEventID,
    SecretEventID,
    StoragePoolEventID,
)
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import connect as p
from aiovirt.protocols.libvirt.tables import domain_events as d

__all__ = ["Registrations"]

EVENT_CALLBACKS = 14
"""The feature of daemons that name the callback in each event of a domain (libvirt 1.3.3)."""

Call = Callable[[], Awaitable[Any]]


# Both are told of a block job; the second names the disk as users do.
_TWICE = {DomainEventID.BLOCK_JOB: DomainEventID.BLOCK_JOB_2}


def _domain_ids() -> Iterable[int]:
    known = [int(item) for item in DomainEventID]
    return [number for number in known if number not in _TWICE]


_OTHERS: tuple[tuple[type[IntEnum], Procedure[Any, Any], Procedure[Any, Any]], ...] = (
    (
        NetworkEventID,
        p.CONNECT_NETWORK_EVENT_REGISTER_ANY,
        p.CONNECT_NETWORK_EVENT_DEREGISTER_ANY,
    ),
    (
        StoragePoolEventID,
        p.CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY,
        p.CONNECT_STORAGE_POOL_EVENT_DEREGISTER_ANY,
    ),
    (
        NodeDeviceEventID,
        p.CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY,
        p.CONNECT_NODE_DEVICE_EVENT_DEREGISTER_ANY,
    ),
    (
        SecretEventID,
        p.CONNECT_SECRET_EVENT_REGISTER_ANY,
        p.CONNECT_SECRET_EVENT_DEREGISTER_ANY,
    ),
)
"""Events of networks, pools, devices and secrets: numbers, how to ask for them, and no more."""


class Registrations:
    """The registrations of one session. `make` asks for them, `drop` takes them back."""

    def __init__(self, client: LibvirtClient) -> None:
        self._client = client
        self._undo: list[Call] = []

    async def make(self) -> None:
        """Ask for all events that the daemon has.

        Raises:
            ConnectionLost: The connection ended first.
        """
        feature = p.ConnectSupportsFeatureArgs(EVENT_CALLBACKS)
        modern = await self._client.call(p.CONNECT_SUPPORTS_FEATURE, feature)
        domains = self._modern() if modern.supported else self._old()
        wanted = (*domains, *self._others(), self._closing())
        await gather(*(partial(self._try, register) for register in wanted))

    async def drop(self) -> None:
        """Take them back; they are gone with the connection anyway. Raises as `make`."""
        undo, self._undo = self._undo, []
        await gather(*(partial(self._try, call) for call in undo))

    async def _try(self, call: Call) -> None:
        try:
            await call()
        except (Unsupported, RemoteError, CallerError):
            return  # this daemon, or its driver, has no such events

    def _modern(self) -> list[Call]:
        def one(number: int) -> Call:
            async def register() -> None:
                args = d.ConnectDomainEventCallbackRegisterAnyArgs(number, None)
                reply = await self._client.call(d.CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY, args)
                undo = d.ConnectDomainEventCallbackDeregisterAnyArgs(reply.callback_id)
                self._later(d.CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY, undo)

            return register

        return [one(number) for number in _domain_ids()]

    def _old(self) -> list[Call]:
        """What a daemon before libvirt 1.3.3 has."""

        def one(number: int) -> Call:
            async def register() -> None:
                args = d.ConnectDomainEventRegisterAnyArgs(number)
                await self._client.call(d.CONNECT_DOMAIN_EVENT_REGISTER_ANY, args)
                undo = d.ConnectDomainEventDeregisterAnyArgs(number)
                self._later(d.CONNECT_DOMAIN_EVENT_DEREGISTER_ANY, undo)

            return register

        return [one(number) for number in (*_domain_ids(), *_TWICE)]

    def _others(self) -> list[Call]:
        """Events of networks, pools, devices and secrets."""

        def one(number: int, register: Procedure[Any, Any], undo: Procedure[Any, Any]) -> Call:
            async def ask() -> None:
                reply = await self._client.call(register, register.args(number, None))
                self._later(undo, undo.args(reply.callback_id))

            return ask

        return [one(int(number), *pair) for kinds, *pair in _OTHERS for number in kinds]

    def _closing(self) -> Call:
        async def register() -> None:
            await self._client.call(p.CONNECT_REGISTER_CLOSE_CALLBACK, Empty())
            self._later(p.CONNECT_UNREGISTER_CLOSE_CALLBACK, Empty())

        return register

    def _later(self, procedure: Any, args: Any) -> None:  # noqa: ANN401 - of any row
        async def undo() -> None:
            await self._client.call(procedure, args)

        self._undo.append(undo)
