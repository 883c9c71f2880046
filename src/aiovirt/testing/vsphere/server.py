"""The simulated server on a port: its paths, and the handle that a test holds."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from anyio.abc import TaskGroup

from aiovirt._tasks import open_task_group
from aiovirt.protocols.vsphere.versions import VERSIONS_PATH, versions_document
from aiovirt.testing.http import HttpServer, Request, Response
from aiovirt.testing.http.server import HttpConnection
from aiovirt.testing.vsphere.building.inventory import build
from aiovirt.testing.vsphere.certificate import Certificate, make_certificate
from aiovirt.testing.vsphere.clock import Clock
from aiovirt.testing.vsphere.folders import account_of, answer_folder, answer_screen
from aiovirt.testing.vsphere.machines.guest import Guest
from aiovirt.testing.vsphere.machines.machine import Machine
from aiovirt.testing.vsphere.methods import load
from aiovirt.testing.vsphere.plan import Plan
from aiovirt.testing.vsphere.rest import answer_rest, is_rest
from aiovirt.testing.vsphere.service import COOKIE, SoapExchange, answer_soap
from aiovirt.testing.vsphere.settings import PRODUCTS, Account, Settings
from aiovirt.testing.vsphere.site import Site

__all__ = ["FakeVSphere", "run_fake_vsphere"]

SDK: Final = "/sdk"


class FakeVSphere:
    """A simulated vCenter or ESX; `run_fake_vsphere` makes it.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        site: What is behind it: its objects, sessions, events, files and guests.
        plan: What is to go wrong, and how often each method was called.
        clock: The time there.
        settings: What kind of server it is.
        certificate: What it shows by TLS, or None when it is told to speak plain HTTP, or given
            a context.
    """

    def __init__(
        self, site: Site, certificate: Certificate | None, tls: ssl.SSLContext | None
    ) -> None:
        self.port = 0
        self.site = site
        self.plan = site.plan
        self.clock = site.clock
        self.settings = site.settings
        self.certificate = certificate
        context = certificate.context if certificate is not None else tls
        self._tasks: TaskGroup | None = None
        self._http = HttpServer(self._answer, tls=context)
        site.tls = context is not None
        site.thumbprint = None if certificate is None else certificate.sha1
        site.at_restart = self._http.drop_connections

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._http.connections)

    @property
    def accepted(self) -> int:
        """How many connections were made in all."""
        return self._http.accepted

    @property
    def uri(self) -> str:
        """Where it is, for `aiovirt.open`; the user is ``root``, the password ``secret``."""
        place = "DC0/Cluster0/esx0.example.com" if self.settings.is_vcenter else ""
        scheme = "vpx" if self.settings.is_vcenter else "esx"
        pinned = "" if self.certificate is None else f"?thumbprint={self.certificate.sha256}"
        return f"{scheme}://root@127.0.0.1:{self.port}/{place}{pinned}"

    def machine(self, name: str) -> Machine:
        """A machine by its name.

        Raises:
            VimFault: There is none.
        """
        return self.site.machine_named(name)

    def guest(self, name: str) -> Guest:
        """What is inside a machine; see `machine`."""
        return self.machine(name).guest

    # --- what happens to a server -----------------------------------------------------------------

    def expire_sessions(self) -> None:
        """Let all sessions end now, as when nobody has used them for long."""
        self.site.sessions.end_all()
        self.site.rest_sessions.end_all()

    def drop_connections(self) -> None:
        """End all connections; sessions stay."""
        self._http.drop_connections()

    def restart(self) -> None:
        """Restart: sessions, views, collectors and versions are gone, machines are as before."""
        self.site.restart()

    async def stop(self) -> None:
        """Listen no more, and end all connections; sessions stay."""
        await self._http.stop()

    async def start(self, tasks: TaskGroup | None = None) -> None:
        """Listen, on the same port as before."""
        self._tasks = tasks or self._tasks
        if self._tasks is not None:
            self.port = await self._http.start(self._tasks, self.port)

    # --- its paths ------------------------------------------------------------------------------

    async def _answer(self, request: Request, connection: HttpConnection) -> Response:
        path = request.path
        if path in {SDK, f"{SDK}/"} and request.method == "POST":
            return await answer_soap(self.site, request, connection)
        if path == VERSIONS_PATH:
            return self._versions()
        if is_rest(self.site, request):
            return await answer_rest(self.site, request, connection)
        place = next((each for each in _PATHS if path == each or path.startswith(f"{each}/")), None)
        if place is None:
            return Response(HTTPStatus.NOT_FOUND)
        return await self._planned(f"{request.method} {place}", place, request, connection)

    async def _planned(
        self, name: str, place: str, request: Request, connection: HttpConnection
    ) -> Response:
        """Do a request that is no call of a method, with what goes wrong on the way."""
        session = self.site.sessions.of(request.cookies.get(COOKIE))
        exchange = SoapExchange(self.site, connection, session)
        self.plan.calls[name] += 1
        await self.plan.at(exchange, name, "", "before")
        if exchange.response is not None or exchange.is_cut:
            return exchange.replaced(Response(HTTPStatus.INTERNAL_SERVER_ERROR))
        account = exchange.session.account if exchange.session else account_of(self.site, request)
        response = _PATHS[place](self.site, request, account)
        await self.plan.at(exchange, name, "", "after")
        return exchange.replaced(response)

    def _versions(self) -> Response:
        known = list(PRODUCTS)
        offered = known[: known.index(self.settings.api) + 1]
        body = versions_document(offered[::-1])
        return Response(HTTPStatus.OK, body, (("Content-Type", "text/xml"),))


def _answer_guest(site: Site, request: Request, _: Account | None) -> Response:
    return site.transfers.answer(request)


_PATHS: Final[dict[str, Callable[[Site, Request, Account | None], Response]]] = {
    "/folder": answer_folder,
    "/screen": answer_screen,
    "/guestFile": _answer_guest,
}


@asynccontextmanager
async def run_fake_vsphere(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    plan: Plan | None = None,
    tls: ssl.SSLContext | bool = True,
    port: int = 0,
) -> AsyncGenerator[FakeVSphere, None]:
    """Run a simulated vCenter or ESX on 127.0.0.1 while the ``async with`` is open.

    Args:
        settings: What kind of server it is; a vCenter with four machines when nothing is said.
        clock: The time there.
        plan: What is to go wrong, when it is made before the server.
        tls: How it speaks TLS: by a certificate that it makes (True), by a context, or not at all.
        port: Where it listens, or 0 for any port that is free.

    Raises:
        OSError: The port is taken.

    Cancellation: the server ends.
    """
    load()
    certificate = make_certificate() if tls is True else None
    context = tls if isinstance(tls, ssl.SSLContext) else None
    async with open_task_group() as tasks:
        site = Site(settings or Settings(), clock or Clock(), plan or Plan(), tasks)
        build(site)
        fake = FakeVSphere(site, certificate, context)
        fake.port = port
        await fake.start(tasks)
        try:
            yield fake
        finally:
            tasks.cancel_scope.cancel()
