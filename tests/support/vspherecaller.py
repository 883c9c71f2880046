"""A small caller of vSphere's methods for tests: one connection, plain HTTP, no client of ours.

It knows the protocol's codec and nothing of `aiovirt.clients`, so that what it finds is the
server's doing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio

from aiovirt.errors import ConnectionLost
from aiovirt.protocols.vsphere import (
    Arguments,
    Method,
    Ref,
    SoapFault,
    decode_reply,
    encode_call,
    properties,
    soap_action,
)
from aiovirt.protocols.vsphere.tables import collector_methods as cm
from aiovirt.protocols.vsphere.tables import session_methods as sm
from aiovirt.protocols.vsphere.tables.collector import (
    ObjectSpec,
    PropertyFilterSpec,
    PropertySpec,
    RetrieveOptions,
    WaitOptions,
)
from aiovirt.protocols.vsphere.tables.enums import TaskInfoState
from aiovirt.protocols.vsphere.tables.session import ServiceContent
from aiovirt.protocols.vsphere.tables.tasks import TaskInfo
from aiovirt.streams.tcp import connect_tcp
from aiovirt.streams.unix import UnixStream
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")

SERVICE = Ref("ServiceInstance", "ServiceInstance")


class Refused(Exception):
    """The server answered with a fault."""

    def __init__(self, fault: object, message: str) -> None:
        super().__init__(f"{type(fault).__name__}: {message}")
        self.fault = fault

    @property
    def kind(self) -> str:
        """The fault's name."""
        return type(self.fault).__name__


@dataclass
class Answer:
    """One HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Caller:
    """One caller; `calling` makes it."""

    port: int
    version: str = "5.5"
    cookie: str = ""
    stream: UnixStream | None = None
    buffer: bytes = b""
    content: ServiceContent | None = None
    authorization: Mapping[str, str] = field(default_factory=dict)

    # --- HTTP ---------------------------------------------------------------------------------

    async def http(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Do one request."""
        if self.stream is None:
            self.stream = UnixStream(await connect_tcp("127.0.0.1", self.port))
        given = {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Length": str(len(body)),
            **({"Cookie": f'vmware_soap_session="{self.cookie}"'} if self.cookie else {}),
            **self.authorization,
            **(headers or {}),
        }
        lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in given.items()), "", ""]
        try:
            await self.stream.send("\r\n".join(lines).encode() + body)
            return await self._answer(method)
        except (anyio.EndOfStream, ConnectionLost):
            await self.close()
            raise

    async def _answer(self, method: str) -> Answer:
        head = await self._until(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in pairs}
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await self._until(b"\r\n"), 16):
                body += await self._exactly(size)
                await self._exactly(2)
            await self._exactly(2)
        elif method != "HEAD":
            body = await self._exactly(int(headers.get("content-length", "0")))
        return Answer(int(first.split()[1]), headers, body)

    async def _more(self) -> None:
        assert self.stream is not None
        self.buffer += await self.stream.receive()

    async def _until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            await self._more()
        found, _, self.buffer = self.buffer.partition(end)
        return found

    async def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            await self._more()
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found

    async def close(self) -> None:
        """End the connection; the session stays."""
        if self.stream is not None:
            await self.stream.aclose()
        self.stream, self.buffer = None, b""

    # --- calls --------------------------------------------------------------------------------

    async def call(self, method: Method[A, R], this: Ref, args: A | None = None) -> R:
        """Call a method.

        Raises:
            Refused: It ended in a fault.
        """
        body = encode_call(method, this, args)  # type: ignore[arg-type] # None is for Empty
        headers = {"SOAPAction": soap_action(self.version), "Content-Type": "text/xml"}
        answer = await self.http("POST", "/sdk", body, headers)
        cookie = answer.headers.get("set-cookie", "")
        if cookie.startswith("vmware_soap_session="):
            self.cookie = cookie.partition("=")[2].partition(";")[0].strip('"')
        result = decode_reply(method, answer.body)
        if isinstance(result, SoapFault):
            raise Refused(result.fault, result.message)
        return result

    async def login(self, user: str = "root", password: str | None = None) -> None:
        """Log in."""
        self.content = await self.call(sm.RETRIEVE_SERVICE_CONTENT, SERVICE)
        args = sm.LoginArgs(user_name=user, password=password or "secret")
        await self.call(sm.LOGIN, self.the("session_manager"), args)

    def the(self, name: str) -> Ref:
        """A manager, by its field of ServiceContent."""
        ref = getattr(self.content, name)
        assert isinstance(ref, Ref)
        return ref

    async def get(self, ref: Ref, *paths: str) -> dict[str, Any]:
        """Read properties of an object; what is unset is left out."""
        spec = PropertyFilterSpec(
            prop_set=(PropertySpec(type=ref.kind, path_set=paths),),
            object_set=(ObjectSpec(obj=ref),),
        )
        args = cm.RetrievePropertiesExArgs(spec_set=(spec,), options=RetrieveOptions())
        found = await self.call(cm.RETRIEVE_PROPERTIES_EX, self.the("property_collector"), args)
        assert found is not None
        return {each.name: each.val for each in found.objects[0].prop_set}

    async def one(self, ref: Ref, path: str) -> Any:  # noqa: ANN401 - any property
        """Read one property; None where it is unset."""
        return (await self.get(ref, path)).get(path)

    async def do(self, method: Method[A, Ref], this: Ref, args: A | None = None) -> Any:  # noqa: ANN401
        """Call a method that gives a task, and wait for its end; its result.

        Raises:
            Refused: The call or the task ended in a fault.
        """
        return await self.finish(await self.call(method, this, args))

    async def finish(self, task: Ref) -> Any:  # noqa: ANN401 - any result
        """Wait for the end of a task; its result."""
        collector = await self.call(cm.CREATE_PROPERTY_COLLECTOR, self.the("property_collector"))
        await self.watch(collector, task, "info")
        known: dict[str, object] = {}
        version = ""
        while True:
            info = known.get("info")
            if isinstance(info, TaskInfo) and info.state == TaskInfoState.SUCCESS:
                break
            if isinstance(info, TaskInfo) and info.error is not None:
                raise Refused(info.error.fault, info.error.localized_message or "")
            args = cm.WaitForUpdatesExArgs(version=version)
            update = await self.call(cm.WAIT_FOR_UPDATES_EX, collector, args)
            assert update is not None
            version = update.version
            for change in update.filter_set[0].object_set[0].change_set:
                known = properties.apply(known, change)
        await self.call(cm.DESTROY_PROPERTY_COLLECTOR, collector)
        return info.result

    async def watch(self, collector: Ref, ref: Ref, *paths: str, partial: bool = False) -> Ref:
        """Make a filter on some properties of one object."""
        spec = PropertyFilterSpec(
            prop_set=(PropertySpec(type=ref.kind, path_set=paths),),
            object_set=(ObjectSpec(obj=ref),),
        )
        args = cm.CreateFilterArgs(spec=spec, partial_updates=partial)
        return await self.call(cm.CREATE_FILTER, collector, args)

    def wait_args(
        self, version: str = "", seconds: int | None = None, objects: int | None = None
    ) -> cm.WaitForUpdatesExArgs:
        """Arguments of WaitForUpdatesEx."""
        options = WaitOptions(max_wait_seconds=seconds, max_object_updates=objects)
        return cm.WaitForUpdatesExArgs(version=version, options=options)


@asynccontextmanager
async def calling(
    settings: Settings | None = None, *, user: str | None = "root"
) -> AsyncIterator[tuple[FakeVSphere, Caller]]:
    """Run a simulated server, with a caller who has logged in."""
    async with run_fake_vsphere(settings, tls=False) as fake:
        caller = Caller(fake.port, version=fake.settings.api)
        try:
            if user is not None:
                await caller.login(user)
            yield fake, caller
        finally:
            with anyio.CancelScope(shield=True):
                await caller.close()
