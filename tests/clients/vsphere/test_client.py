"""Calls of vSphere's client: the session, its renewal, bounds, and what goes wrong."""

from __future__ import annotations

import anyio
import pytest
from vspherescript import (
    CONTENT,
    EPOCH,
    ROOT,
    SESSIONS,
    USER,
    Raw,
    Script,
    connected,
    held,
    in_turn,
    never,
    refusal,
)

from aiovirt._tasks import gather, open_task_group
from aiovirt.clients.vsphere import (
    SERVICE,
    CloneTicket,
    Password,
    SessionCookie,
    VSphereClient,
    VSphereFault,
)
from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    Closed,
    ConnectionLost,
    NotFound,
    PermissionDenied,
    ProtocolError,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere import EncodeError, Ref, Request
from aiovirt.protocols.vsphere.tables.base import DynamicProperty
from aiovirt.protocols.vsphere.tables.collector import ObjectContent
from aiovirt.protocols.vsphere.tables.faults import (
    InvalidLogin,
    InvalidPowerState,
    NotAuthenticated,
)
from aiovirt.protocols.vsphere.tables.inventory_methods import RENAME_TASK, RenameTaskArgs
from aiovirt.protocols.vsphere.tables.machine_methods import (
    POWER_ON_VM_TASK,
    RESET_GUEST_INFORMATION,
    PowerOnVMTaskArgs,
)
from aiovirt.protocols.vsphere.tables.session_methods import (
    CURRENT_TIME,
    CloneSessionArgs,
    LoginArgs,
)
from aiovirt.protocols.vsphere.tables.tasks_methods import READ_NEXT_EVENTS, ReadNextEventsArgs

pytestmark = pytest.mark.anyio

VM = Ref("VirtualMachine", "vm-1")
EXPIRED = refusal(NotAuthenticated(), "the session is not authenticated")


async def now(client: VSphereClient) -> object:
    return await client.call(CURRENT_TIME, SERVICE)


# --- the session ----------------------------------------------------------------------------------


async def test_a_session_is_opened_and_closed() -> None:
    script = Script()
    async with connected(script) as client:
        assert (client.version, client.user) == ("7.0.3.0", "me")
        assert client.where == f"me@127.0.0.1:{client.target.port}"
    assert [call.name for call in script.calls] == ["RetrieveServiceContent", "Login", "Logout"]
    login = script.args("Login")[0]
    assert isinstance(login, LoginArgs)
    assert (login.user_name, login.password) == ("me", "secret")
    assert {call.version for call in script.calls} == {"7.0.3.0"}


@pytest.mark.parametrize("versions", [None, ("5.1", "4.1")])
async def test_without_a_list_of_versions_the_server_tells_its_own(
    versions: tuple[str, ...] | None,
) -> None:
    script = Script(versions=versions)
    async with connected(script) as client:
        assert client.version == "7.0.3.0"
    assert [call.version for call in script.calls] == ["5.5", "7.0.3.0", "7.0.3.0"]


async def test_a_wrong_password_is_told_without_it() -> None:
    script = Script({"Login": lambda _: refusal(InvalidLogin(), "Cannot complete login")})
    with pytest.raises(AuthenticationFailed, match="Cannot complete login") as caught:
        async with connected(script):
            pass
    assert "secret" not in str(caught.value)
    assert "locked" in (caught.value.hint or "")
    assert script.count("Logout") == 0


async def test_a_clone_ticket() -> None:
    script = Script({"CloneSession": lambda _: USER})
    async with connected(script, login=CloneTicket(Secret("ticket"))) as client:
        assert client.user == "me"
    assert script.args("CloneSession") == [CloneSessionArgs(clone_ticket="ticket")]
    assert script.count("Logout") == 1


def current_session(_call: Request) -> object:
    known = DynamicProperty(name="currentSession", val=USER)
    return (ObjectContent(obj=SESSIONS, prop_set=(known,)),)


async def test_a_session_of_others_is_left_open() -> None:
    script = Script({"RetrieveProperties": current_session})
    async with connected(script, login=SessionCookie(Secret('"5a"'))) as client:
        await now(client)
        assert client.session_cookie == Secret('"5a"')
    assert 'vmware_soap_session="5a"' in script.heads[-1]
    assert [call.name for call in script.calls][1:] == ["RetrieveProperties", "CurrentTime"]


async def test_a_session_of_others_cannot_be_renewed() -> None:
    script = Script({"RetrieveProperties": current_session, "CurrentTime": lambda _: EXPIRED})
    async with connected(script, login=SessionCookie(Secret("5a"))) as client:
        for _ in range(2):
            with pytest.raises(AuthenticationFailed, match="has expired"):
                await now(client)
    assert script.count("CurrentTime") == 2


async def test_an_expired_session_is_renewed_by_one_login_for_all() -> None:
    script = Script()
    valid = False

    def time(_call: Request) -> object:
        return EPOCH if valid else EXPIRED

    async def login(_call: Request) -> object:
        nonlocal valid
        if script.count("Login") > 1:
            await script.until("CurrentTime", 8)
            valid = True
        return USER

    script.handlers |= {"CurrentTime": time, "Login": login}
    async with connected(script) as client:
        await gather(*[lambda: now(client)] * 8)
    assert script.count("Login") == 2
    assert script.count("CurrentTime") == 16
    assert 'vmware_soap_session="2"' in script.heads[-1]


async def test_a_renewal_that_is_refused_is_not_tried_again() -> None:
    script = Script(
        {
            "Login": in_turn(USER, refusal(InvalidLogin())),
            "CurrentTime": lambda _: EXPIRED,
        }
    )
    async with connected(script) as client:
        for _ in range(3):
            with pytest.raises(AuthenticationFailed, match="does not let us in"):
                await now(client)
    assert script.count("Login") == 2


async def test_a_change_is_repeated_only_if_the_server_found_no_session() -> None:
    task = Ref("Task", "task-1")
    script = Script({"PowerOnVM_Task": in_turn(EXPIRED, task)})
    async with connected(script) as client:
        assert await client.call(POWER_ON_VM_TASK, VM, PowerOnVMTaskArgs()) == task
    assert script.count("PowerOnVM_Task") == 2


async def test_an_idle_session_is_shown_to_be_in_use() -> None:
    script = Script()
    async with connected(script, keepalive_s=0.01):
        await script.until("CurrentTime", 3)


async def test_a_closed_client_says_so() -> None:
    async with connected(Script()) as client:
        pass
    with pytest.raises(Closed):
        await now(client)


# --- calls ----------------------------------------------------------------------------------------


async def test_a_fault_is_typed() -> None:
    fault = InvalidPowerState(requested_state="poweredOn", existing_state="poweredOn")
    script = Script({"PowerOnVM_Task": lambda _: refusal(fault, "it is on")})
    async with connected(script) as client:
        with pytest.raises(VSphereFault) as caught:
            await client.call(POWER_ON_VM_TASK, VM, PowerOnVMTaskArgs())
    error = caught.value
    assert (error.method, error.ref, error.words) == ("PowerOnVM_Task", VM, "it is on")
    assert error.fault == fault
    assert "PowerOnVM_Task of VirtualMachine vm-1: it is on (InvalidPowerState)" in str(error)


async def test_a_read_only_client_sends_no_change() -> None:
    script = Script()
    async with connected(script, readonly=True) as client:
        with pytest.raises(PermissionDenied, match="PowerOnVM_Task is not for read-only"):
            await client.call(POWER_ON_VM_TASK, VM, PowerOnVMTaskArgs())
        await now(client)
    assert script.count("PowerOnVM_Task") == 0


async def test_arguments_that_do_not_fit_are_not_sent() -> None:
    async with connected(Script()) as client:
        with pytest.raises(EncodeError):
            await client.call(RENAME_TASK, VM, RenameTaskArgs(new_name=b"no text"))  # type: ignore[arg-type]


async def test_one_slow_call_delays_no_other() -> None:
    release = anyio.Event()
    script = Script({"ResetGuestInformation": held(release, None)})
    async with connected(script, in_flight=2) as client, open_task_group() as group:
        group.start_soon(client.call, RESET_GUEST_INFORMATION, VM)
        await script.until("ResetGuestInformation")
        await gather(*[lambda: now(client)] * 4)
        release.set()


async def test_no_more_calls_are_in_flight_than_the_limit() -> None:
    release = anyio.Event()
    script = Script({"CurrentTime": held(release, EPOCH)})
    async with connected(script, in_flight=3) as client, open_task_group() as group:
        for _ in range(9):
            group.start_soon(now, client)
        await script.until("CurrentTime", 3)
        assert script.count("CurrentTime") == 3
        release.set()


async def test_a_call_is_bounded() -> None:
    script = Script({"CurrentTime": never})
    async with connected(script, call_s=0.2) as client:
        with pytest.raises(Unresponsive, match=r"did not answer within 0\.2 s"):
            await now(client)


async def test_a_cancelled_call_leaves_the_others_alone() -> None:
    script = Script({"ResetGuestInformation": never})
    async with connected(script) as client:
        async with open_task_group() as group:
            group.start_soon(client.call, RESET_GUEST_INFORMATION, VM)
            await script.until("ResetGuestInformation")
            group.cancel_scope.cancel()
        assert await now(client) == EPOCH


# --- what goes wrong ------------------------------------------------------------------------------


def cut(script: Script, result: object, length: int) -> object:
    def handler(call: Request) -> object:
        return Raw(script.encoded(call, result)[:length])

    return handler


@pytest.mark.parametrize("length", [0, 1, 20, 60, 200, 300])
async def test_a_read_whose_answer_is_cut_is_made_once_more(length: int) -> None:
    script = Script()
    script.handlers["CurrentTime"] = in_turn(cut(script, EPOCH, length), EPOCH)
    async with connected(script) as client:
        assert await now(client) == EPOCH
    assert script.count("CurrentTime") == 2


async def test_a_read_that_goes_on_from_where_it_was_is_not() -> None:
    history = Ref("EventHistoryCollector", "session[1]")
    script = Script({"ReadNextEvents": lambda _: Raw()})
    async with connected(script) as client:
        with pytest.raises(ConnectionLost):
            await client.call(READ_NEXT_EVENTS, history, ReadNextEventsArgs(max_count=10))
    assert script.count("ReadNextEvents") == 1


@pytest.mark.parametrize("length", [0, 1, 20, 60, 200, 300])
async def test_a_change_whose_answer_is_cut_is_not(length: int) -> None:
    script = Script()
    script.handlers["PowerOnVM_Task"] = cut(script, Ref("Task", "task-1"), length)  # type: ignore[assignment]
    async with connected(script) as client:
        with pytest.raises(ConnectionLost) as caught:
            await client.call(POWER_ON_VM_TASK, VM, PowerOnVMTaskArgs())
        assert caught.value.maybe_done
        assert await now(client) == EPOCH
    assert script.count("PowerOnVM_Task") == 1


@pytest.mark.parametrize("method", ["RetrieveServiceContent", "Login"], ids=["content", "login"])
@pytest.mark.parametrize("length", [0, 40, 300])
async def test_a_connection_that_is_cut_while_it_opens(method: str, length: int) -> None:
    script = Script()
    result = CONTENT if method == "RetrieveServiceContent" else USER
    script.handlers[method] = cut(script, result, length)  # type: ignore[assignment]
    with pytest.raises(ConnectionLost):
        async with connected(script):
            pass
    assert script.count(method) == 1


def raw(status: str, body: bytes = b"<html/>") -> Raw:
    return Raw(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


@pytest.mark.parametrize(
    ("answered", "kind"),
    [
        (raw("503 Service Unavailable"), ResourceUnavailable),
        (raw("502 Bad Gateway"), ResourceUnavailable),
        (raw("404 Not Found"), NotFound),
        (raw("401 Unauthorized"), AuthenticationFailed),
        (raw("302 Found"), ProtocolError),
        (raw("200 OK"), ProtocolError),
        (raw("200 OK", b""), ProtocolError),
        (raw("200 OK", b"\xff\x00garbage"), ProtocolError),
        (raw("500 Internal Server Error"), ProtocolError),
    ],
)
async def test_answers_that_are_no_soap(answered: Raw, kind: type[AiovirtError]) -> None:
    script = Script({"CurrentTime": lambda _: answered})
    async with connected(script) as client:
        with pytest.raises(kind):
            await now(client)


async def test_a_server_that_is_none_is_told() -> None:
    script = Script({"RetrieveServiceContent": lambda _: raw("404 Not Found")}, versions=None)
    with pytest.raises(NotFound, match="no vSphere API at /sdk"):
        async with connected(script):
            pass


async def test_a_password_shows_nowhere() -> None:
    assert "secret" not in repr(Password("me", Secret("secret")))


# --- properties -----------------------------------------------------------------------------------


def content(ref: Ref, **known: object) -> ObjectContent:
    return ObjectContent(
        obj=ref, prop_set=tuple(DynamicProperty(name=name, val=val) for name, val in known.items())
    )


async def test_an_object_that_is_not_there() -> None:
    script = Script({"RetrievePropertiesEx": lambda _: None})
    async with connected(script) as client:
        with pytest.raises(VSphereFault, match="no such object"):
            await client.get(ROOT, "name")
