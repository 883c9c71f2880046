"""A vSphere server whose every answer a test decides: what happens at which call, and no more."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

import anyio
from httppeers import Peer, Site, answer, header, serving

from aiovirt.clients.vsphere import Password, VSphereClient, VSphereTarget, open_client
from aiovirt.clients.vsphere.target import Login
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere import (
    Ref,
    Request,
    SoapFault,
    encode_fault,
    encode_result,
    read_request,
)
from aiovirt.protocols.vsphere.tables.faults import MethodFault
from aiovirt.protocols.vsphere.tables.session import AboutInfo, ServiceContent, UserSession
from aiovirt.protocols.vsphere.versions import versions_document

ROOT = Ref("Folder", "group-d1")
COLLECTOR = Ref("PropertyCollector", "pc")
OWN_COLLECTOR = Ref("PropertyCollector", "own")
SESSIONS = Ref("SessionManager", "SessionManager")
VIEWS = Ref("ViewManager", "ViewManager")
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)

CONTENT = ServiceContent(
    root_folder=ROOT,
    property_collector=COLLECTOR,
    session_manager=SESSIONS,
    view_manager=VIEWS,
    about=AboutInfo(
        name="VMware vCenter Server",
        full_name="VMware vCenter Server 7.0.3",
        vendor="VMware, Inc.",
        version="7.0.3",
        build="1",
        os_type="linux-x64",
        product_line_id="vpx",
        api_type="VirtualCenter",
        api_version="7.0.3.0",
    ),
)
USER = UserSession(
    key="key",
    user_name="me",
    full_name="",
    login_time=EPOCH,
    last_active_time=EPOCH,
    locale="en",
    message_locale="en",
    extension_session=False,
    ip_address="127.0.0.1",
    user_agent="",
    call_count=0,
)


@dataclass(frozen=True)
class Raw:
    """Bytes that are sent as they are; then the connection ends."""

    data: bytes = b""


def refusal(fault: MethodFault, words: str = "no") -> SoapFault:
    return SoapFault("ServerFaultCode", words, fault)


Handler: TypeAlias = Callable[[Request], object]
"""A result, a fault, or what goes out as it is; or an awaitable of those."""


@dataclass
class Script:
    """What is answered, by method; and what was called.

    Attributes:
        handlers: By the method's name.
        calls: The calls that came, in order.
        versions: What the list of versions has; None has no such list.
    """

    handlers: dict[str, Handler] = field(default_factory=dict)
    calls: list[Request] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    versions: tuple[str, ...] | None = ("7.0.3.0", "6.7", "6.5")
    changed: anyio.Event = field(default_factory=anyio.Event)
    site: Site = field(default_factory=Site)

    def __post_init__(self) -> None:
        self.handlers = {
            "RetrieveServiceContent": lambda _: CONTENT,
            "Login": lambda _: USER,
            "Logout": lambda _: None,
            "CurrentTime": lambda _: EPOCH,
            "CreatePropertyCollector": lambda _: OWN_COLLECTOR,
            "DestroyPropertyCollector": lambda _: None,
            "CreateContainerView": lambda _: Ref("ContainerView", "view"),
            "CreateListView": lambda _: Ref("ListView", "list"),
            "ModifyListView": lambda _: (),
            "DestroyView": lambda _: None,
            "CreateFilter": lambda _: Ref("PropertyFilter", "filter"),
        } | self.handlers

    def count(self, name: str) -> int:
        return sum(call.name == name for call in self.calls)

    def args(self, name: str) -> list[object]:
        return [call.args for call in self.calls if call.name == name]

    async def until(self, name: str, count: int = 1) -> None:
        """Wait until a method was called so often."""
        await self.until_that(lambda: self.count(name) >= count)

    async def until_that(self, holds: Callable[[], bool]) -> None:
        """Wait until a call makes this hold."""
        while not holds():
            self.changed = anyio.Event()
            await self.changed.wait()

    def encoded(self, call: Request, result: object) -> bytes:
        """The whole of an answer."""
        if isinstance(result, SoapFault):
            return answer(encode_fault(result), "500 Internal Server Error")
        assert call.method is not None
        cookies = [f'Set-Cookie: vmware_soap_session="{self.count("Login")}"; Path=/; HttpOnly']
        body = encode_result(call.method, result)
        return answer(body, "200 OK", *(cookies if call.name == "Login" else []))

    async def answer_file(self, peer: Peer, head: str) -> bool:
        """Answer what is asked of a file; whether the connection goes on."""
        del head
        await peer.send(answer(b"", "404 Not Found"))
        return True

    def _listed(self) -> bytes:
        if self.versions is None:
            return answer(b"", "404 Not Found")
        return answer(versions_document(self.versions))

    async def serve(self, peer: Peer) -> None:
        while True:
            head = await peer.read_head()
            self.heads.append(head)
            if " /folder/" in head:
                if not await self.answer_file(peer, head):
                    return
                continue
            body = await peer.read_body(head)
            if head.startswith("GET"):
                await peer.send(self._listed())
                continue
            call = read_request(body, header(head, "soapaction") or "")
            self.calls.append(call)
            self.changed.set()
            result = self.handlers[call.name](call)
            if inspect.isawaitable(result):
                result = await result
            if isinstance(result, Raw):
                await peer.send(result.data)
                return
            await peer.send(self.encoded(call, result))


def in_turn(*answers: object) -> Handler:
    """Answer each call by the next of these, the last one for ever; callables are called."""
    left = list(answers)

    def handler(call: Request) -> object:
        now = left.pop(0) if len(left) > 1 else left[0]
        return now(call) if callable(now) else now

    return handler


async def never(_call: Request) -> object:
    await anyio.sleep_forever()
    return None


def held(event: anyio.Event, result: object) -> Callable[[Request], Awaitable[object]]:
    """Answer when the event is set."""

    async def handler(call: Request) -> object:
        await event.wait()
        return result(call) if callable(result) else result

    return handler


@asynccontextmanager
async def running(script: Script) -> AsyncGenerator[Script, None]:
    async with serving(script.serve) as site:
        script.site = site
        yield script


@asynccontextmanager
async def connected(
    script: Script,
    *,
    login: Login | None = None,
    readonly: bool = False,
    in_flight: int = 16,
    call_s: float = 30.0,
    keepalive_s: float = 600.0,
) -> AsyncGenerator[VSphereClient, None]:
    """Run a script, and connect to it."""
    async with running(script):
        target = VSphereTarget(
            "127.0.0.1",
            login or Password("me", Secret("secret")),
            port=script.site.port,
            tls=False,
            readonly=readonly,
            in_flight=in_flight,
            call_s=call_s,
            keepalive_s=keepalive_s,
        )
        async with open_client(target) as client:
            yield client
