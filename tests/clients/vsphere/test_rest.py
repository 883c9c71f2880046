"""The session of the REST API: when it begins, is renewed and ends, over all that goes wrong."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.clients.vsphere import (
    Password,
    RestRefusal,
    SessionCookie,
    VSphereClient,
    VSphereTarget,
    open_client,
)
from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    Closed,
    ConnectionLost,
    ProtocolError,
    Unresponsive,
)
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere.rest import RestFaultKind
from aiovirt.protocols.vsphere.rest import tagging as t
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio

SPEC = t.CategorySpec(
    name="tier", description="", cardinality=t.Cardinality.SINGLE, associable_types=()
)
TIER = t.CreateCategory(create_spec=SPEC)


def target(fake: FakeVSphere, *, call_s: float = 30) -> VSphereTarget:
    login = Password("root", Secret("secret"))
    return VSphereTarget("127.0.0.1", login, port=fake.port, tls=False, call_s=call_s)


@asynccontextmanager
async def connected() -> AsyncGenerator[tuple[FakeVSphere, VSphereClient], None]:
    async with run_fake_vsphere(Settings(machines=0, hosts=1), tls=False) as fake:
        async with open_client(target(fake)) as client:
            yield fake, client
        assert len(fake.site.rest_sessions) == len(fake.site.sessions.open) == 0


async def test_no_session_before_the_first_call() -> None:
    async with connected() as (fake, client):
        assert fake.site.rest_sessions.begun == 0
        assert await client.call_rest(t.LIST_TAGS) == ()
        assert await client.call_rest(t.LIST_TAGS) == ()
        assert len(fake.site.rest_sessions) == fake.site.rest_sessions.begun == 1
    with pytest.raises(Closed):
        await client.call_rest(t.LIST_TAGS)


async def test_many_calls_at_once_share_a_session_and_its_renewal() -> None:
    async with connected() as (fake, client):
        for begun in (1, 2):
            async with open_task_group() as group:
                for _ in range(20):
                    group.start_soon(client.call_rest, t.LIST_TAGS)
            assert fake.site.rest_sessions.begun == begun
            fake.site.rest_sessions.end_all()


async def test_a_session_that_nobody_used_for_long_is_renewed() -> None:
    async with connected() as (fake, client):
        await client.call_rest(t.LIST_TAGS)
        fake.clock.advance(fake.settings.idle_s)
        await client.call_rest(t.CREATE_CATEGORY, TIER)
        assert fake.site.rest_sessions.begun == 2


@pytest.mark.parametrize("method", ["session.create", "category.list"])
async def test_a_question_is_asked_again_where_its_connection_ends(method: str) -> None:
    async with connected() as (fake, client):
        planned = fake.plan.cut(method, when="after")
        assert await client.call_rest(t.LIST_CATEGORIES) == ()
        assert planned.hits == 1
        fake.site.rest_sessions.end_all()  # of the answer that was cut, nobody has the key


async def test_a_change_whose_connection_ends_may_be_done() -> None:
    async with connected() as (fake, client):
        await client.call_rest(t.LIST_CATEGORIES)
        fake.plan.cut("category.create", when="after")
        with pytest.raises(ConnectionLost) as caught:
            await client.call_rest(t.CREATE_CATEGORY, TIER)
        assert caught.value.maybe_done
        with pytest.raises(RestRefusal) as refused:
            await client.call_rest(t.CREATE_CATEGORY, TIER)
        assert refused.value.fault.kind is RestFaultKind.ALREADY_EXISTS


async def test_a_change_is_not_done_where_there_is_no_session_for_it() -> None:
    async with connected() as (fake, client):
        fake.plan.cut("session.create", times=2)
        with pytest.raises(ConnectionLost) as caught:
            await client.call_rest(t.CREATE_CATEGORY, TIER)
        assert not caught.value.maybe_done
        fake.plan.cut("session.create")
        await client.call_rest(t.CREATE_CATEGORY, TIER)


async def test_a_session_that_ends_again_and_again_is_an_error() -> None:
    async with connected() as (fake, client):
        fake.plan.expire("tag.list", times=None)
        with pytest.raises(RestRefusal) as caught:
            await client.call_rest(t.LIST_TAGS)
        assert caught.value.fault.kind is RestFaultKind.UNAUTHENTICATED
        assert fake.site.rest_sessions.begun == 2


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (302, b""), (200, b'{"value": {}}')]
)
async def test_answers_that_are_none(status: int, body: bytes) -> None:
    async with connected() as (fake, client):
        fake.plan.answer("tag.list", body, status)
        with pytest.raises(ProtocolError):
            await client.call_rest(t.LIST_TAGS)


async def test_a_login_that_is_given_up_leaves_no_session() -> None:
    async with connected() as (fake, client):
        planned = fake.plan.delay("session.create", 1000, when="after")
        async with open_task_group() as group:
            group.start_soon(client.call_rest, t.LIST_TAGS)
            await planned.reached.wait()
            group.cancel_scope.cancel()
            fake.clock.advance(1000)
        assert len(fake.site.rest_sessions) == 1
        assert await client.call_rest(t.LIST_TAGS) == ()
        assert fake.site.rest_sessions.begun == 1


async def test_a_call_that_is_given_up_harms_no_other() -> None:
    async with connected() as (fake, client):
        await client.call_rest(t.LIST_TAGS)
        planned = fake.plan.hang("tag.list")
        async with open_task_group() as group:
            group.start_soon(client.call_rest, t.LIST_TAGS)
            await planned.reached.wait()
            group.cancel_scope.cancel()
        assert await client.call_rest(t.LIST_TAGS) == ()


async def test_a_server_that_is_silent() -> None:
    async with run_fake_vsphere(tls=False) as fake:
        async with open_client(target(fake, call_s=0.2)) as client:
            await client.call_rest(t.LIST_TAGS)
            fake.plan.hang("tag.list")
            with pytest.raises(Unresponsive):
                await client.call_rest(t.LIST_TAGS)
        assert len(fake.site.rest_sessions) == 0


async def test_a_session_of_somebody_else_gives_none_here() -> None:
    async with connected() as (fake, client):
        cookie = SessionCookie(client.session_cookie)
        other = VSphereTarget("127.0.0.1", cookie, port=fake.port, tls=False)
        async with open_client(other) as guest:
            with pytest.raises(AuthenticationFailed, match="needs a password"):
                await guest.call_rest(t.LIST_TAGS)


async def test_the_end_waits_for_no_server_that_is_cut_off() -> None:
    async with run_fake_vsphere(tls=False) as fake:
        async with open_client(target(fake)) as client:
            await client.call_rest(t.LIST_TAGS)
            await fake.stop()
            with pytest.raises(AiovirtError):
                await client.call_rest(t.LIST_TAGS)
        with anyio.fail_after(20):
            await fake.start()
