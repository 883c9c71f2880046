"""The simulated server on its port: TLS, paths, garbage, and what happens to servers."""

from __future__ import annotations

import ssl

import anyio
import pytest
from anyio.streams.tls import TLSStream
from vspherecaller import SERVICE, Caller, Refused, calling

import aiovirt
from aiovirt.errors import ConnectionLost, ResourceUnavailable
from aiovirt.protocols.vsphere import encode_call
from aiovirt.protocols.vsphere.tables import collector_methods as cm
from aiovirt.protocols.vsphere.tables import session_methods as sm
from aiovirt.protocols.vsphere.tables.collector import (
    ObjectSpec,
    PropertyFilterSpec,
    PropertySpec,
)
from aiovirt.streams.tcp import connect_tcp
from aiovirt.streams.unix import UnixStream
from aiovirt.testing.vsphere import Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio

GET = b"GET /sdk/vimServiceVersions.xml HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_it_speaks_tls_by_a_certificate_of_its_own() -> None:
    async with run_fake_vsphere() as fake:
        assert fake.certificate is not None
        trust = ssl.create_default_context(cadata=fake.certificate.pem)
        plain = UnixStream(await connect_tcp("127.0.0.1", fake.port))
        async with await TLSStream.wrap(
            plain, hostname="localhost", ssl_context=trust, standard_compatible=False
        ) as stream:
            await stream.send(GET)
            assert b"urn:vim25" in await stream.receive()
        assert len(fake.certificate.sha1) == 59
        assert len(fake.certificate.sha256) == 95


async def test_connections_are_kept_and_counted() -> None:
    async with calling() as (fake, caller):
        await caller.call(sm.CURRENT_TIME, SERVICE)
        assert (fake.connections, fake.accepted) == (1, 1)
        fake.drop_connections()
        with pytest.raises((anyio.EndOfStream, ConnectionLost)):
            await caller.call(sm.CURRENT_TIME, SERVICE)
        await caller.call(sm.CURRENT_TIME, SERVICE)


async def test_it_goes_away_and_comes_back_with_its_sessions() -> None:
    async with calling() as (fake, caller):
        await caller.close()
        await fake.stop()
        with pytest.raises(ResourceUnavailable):
            await connect_tcp("127.0.0.1", fake.port)
        await fake.start()
        await caller.call(sm.CURRENT_TIME, SERVICE)


async def test_a_restart_forgets_sessions_and_keeps_machines() -> None:
    async with calling() as (fake, caller):
        fake.machine("machine0").configure(annotation="kept")
        fake.restart()
        await caller.close()
        with pytest.raises(Refused, match="NotAuthenticated"):
            await caller.call(sm.CURRENT_TIME, SERVICE)
        await caller.login()
        assert await caller.one(fake.machine("machine0").ref, "config.annotation") == "kept"


@pytest.mark.parametrize("body", [b"", b"nonsense", b"<a/>", b"<!DOCTYPE a><a/>"])
async def test_garbage_is_answered_by_a_fault(body: bytes) -> None:
    async with calling() as (_, caller):
        answer = await caller.http("POST", "/sdk", body)
        assert answer.status == 500
        assert b"ClientFaultCode" in answer.body
        await caller.call(sm.CURRENT_TIME, SERVICE)


@pytest.mark.parametrize(("chunk", "header"), [(None, "content-length"), (7, "transfer-encoding")])
async def test_answers_come_whole_or_in_pieces(chunk: int | None, header: str) -> None:
    async with calling(Settings(chunk=chunk)) as (_, caller):
        answer = await caller.http("POST", "/sdk", b"")
        assert header in answer.headers


@pytest.mark.parametrize("typed", [True, False])
async def test_items_of_arrays_tell_their_types_or_not(typed: bool) -> None:  # noqa: FBT001
    async with calling(Settings(typed_arrays=typed)) as (fake, caller):
        collector = caller.the("property_collector")
        spec = PropertyFilterSpec(
            prop_set=(PropertySpec(type="VirtualMachine", path_set=("datastore",)),),
            object_set=(ObjectSpec(obj=fake.machine("machine0").ref),),
        )
        args = cm.RetrievePropertiesArgs(spec_set=(spec,))
        body = encode_call(cm.RETRIEVE_PROPERTIES, collector, args)
        answer = await caller.http("POST", "/sdk", body)
        assert b'xsi:type="ArrayOfManagedObjectReference"' in answer.body
        assert (b'xsi:type="ManagedObjectReference"' in answer.body) is typed


async def test_a_host_of_its_own_calls_its_things_otherwise() -> None:
    async with calling(Settings(kind="esx")) as (fake, caller):
        assert caller.the("session_manager").value == "ha-sessionmgr"
        assert fake.machine("machine0").ref.value == "1"
        assert fake.site.content.custom_fields_manager is None
        with pytest.raises(Refused, match="NotImplemented"):
            await caller.call(sm.ACQUIRE_CLONE_TICKET, caller.the("session_manager"))


async def test_many_callers_at_once() -> None:
    async with calling() as (fake, caller), anyio.create_task_group() as tasks:

        async def call() -> None:
            other = Caller(fake.port, cookie=caller.cookie)
            await other.call(sm.CURRENT_TIME, SERVICE)
            await other.close()

        for _ in range(20):
            tasks.start_soon(call)


@pytest.mark.parametrize(
    ("kind", "place"),
    [("esx", "esx://root@127.0.0.1:{}/"), ("vcenter", "vpx://root@127.0.0.1:{}/DC0/Cluster0/")],
)
async def test_it_says_where_it_is(kind: str, place: str) -> None:
    settings = Settings(kind="esx" if kind == "esx" else "vcenter")
    async with (
        run_fake_vsphere(settings) as fake,
        aiovirt.open(fake.uri, credentials=aiovirt.Login("root", "secret")) as host,
    ):
        assert fake.uri.startswith(place.format(fake.port))
        assert "machine0" in {vm.name for vm in await host.domains.list()}
