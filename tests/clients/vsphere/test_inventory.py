"""The inventory: listed, kept up to date, and brought up to date after all kinds of losses."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from vspherescript import (
    EPOCH,
    OWN_COLLECTOR,
    ROOT,
    Handler,
    Raw,
    Script,
    connected,
    held,
    in_turn,
    never,
    refusal,
)
from vsphereupdates import content, enter, leave, missing, modify, updates, vm

from aiovirt.clients.vsphere import SERVICE, Change, Inventory, VSphereClient, VSphereFault
from aiovirt.errors import AiovirtError, ConnectionLost
from aiovirt.protocols.vsphere import Ref, Request, SoapFault
from aiovirt.protocols.vsphere.tables.collector import RetrieveResult
from aiovirt.protocols.vsphere.tables.collector_methods import (
    CreateContainerViewArgs,
    CreateFilterArgs,
    RetrievePropertiesExArgs,
    WaitForUpdatesExArgs,
)
from aiovirt.protocols.vsphere.tables.faults import (
    InvalidCollectorVersion,
    InvalidProperty,
    ManagedObjectNotFound,
    NoPermission,
    NotAuthenticated,
    RequestCanceled,
)
from aiovirt.protocols.vsphere.tables.faults import (
    SystemError as ServerError,
)
from aiovirt.protocols.vsphere.tables.session_methods import CURRENT_TIME

pytestmark = pytest.mark.anyio

KINDS = {"VirtualMachine": ("name", "runtime.powerState")}
ON, OFF = (
    {"name": "a", "runtime.powerState": "poweredOn"},
    {"name": "a", "runtime.powerState": "poweredOff"},
)


@asynccontextmanager
async def listed(
    *waits: object, **handlers: Handler
) -> AsyncGenerator[tuple[Script, VSphereClient, Inventory], None]:
    """An inventory that gets these answers in turn, and then none."""
    script = Script({"WaitForUpdatesEx": in_turn(*waits, never), **handlers})
    async with connected(script) as client, client.open_inventory(KINDS) as inventory:
        yield script, client, inventory


async def next_change(*waits: object, **handlers: Handler) -> tuple[Script, list[Change]]:
    """What is told after a first listing of one machine that is on, until nothing more comes."""
    changes: list[Change] = []
    waits = (updates("1", enter(vm(1), ON)), *waits)
    async with listed(*waits, **handlers) as (script, _, inventory):
        inventory.subscribe(lambda *told: changes.append(Change(*told)))
        await script.until("WaitForUpdatesEx", len(waits) + 1)
    return script, changes


# --- listing --------------------------------------------------------------------------------------


async def test_what_is_asked_for() -> None:
    async with listed(updates("1", enter(vm(1), ON))) as (script, _, inventory):
        assert inventory.objects == {vm(1): ON}
    view = script.args("CreateContainerView")[0]
    assert view == CreateContainerViewArgs(container=ROOT, type=("VirtualMachine",), recursive=True)
    asked = script.args("CreateFilter")[0]
    assert isinstance(asked, CreateFilterArgs)
    assert [(one.type, one.path_set) for one in asked.spec.prop_set] == list(KINDS.items())


async def test_reading_it_costs_no_request() -> None:
    first = updates("1", *(enter(vm(number), {"name": str(number)}) for number in range(50)))
    async with listed(first) as (script, _, inventory):
        await script.until("WaitForUpdatesEx", 2)
        before = len(script.calls)
        assert (
            len(inventory.of_kind("ManagedEntity"))
            == len(inventory.of_kind("VirtualMachine"))
            == 50
        )
        assert inventory.get(vm(7)) == {"name": "7"}
        assert inventory.get(vm(99)) == {}
        assert len(script.calls) == before


async def test_it_is_whole_only_after_the_last_page() -> None:
    pages = [
        updates("1", enter(vm(1), ON), truncated=True),
        updates("2", enter(vm(2), ON), truncated=True),
        updates("3", enter(vm(3), ON)),
    ]
    async with listed(*pages) as (script, _, inventory):
        assert set(inventory.objects) == {vm(1), vm(2), vm(3)}
        await script.until("WaitForUpdatesEx", 4)
    waits = [
        one for one in script.args("WaitForUpdatesEx") if isinstance(one, WaitForUpdatesExArgs)
    ]
    assert [wait.version for wait in waits] == [None, "1", "2", "3"]
    assert [wait.options.max_wait_seconds for wait in waits if wait.options] == [0, 0, 0, 60]


async def test_a_server_without_objects() -> None:
    async with listed(None) as (_, _, inventory):
        assert inventory.objects == {}
        assert inventory.connected


async def test_what_is_not_told_is_named_with_the_reason() -> None:
    fault = NoPermission(object=vm(1), privilege_id="System.Read")
    first = updates("1", enter(vm(1), {"name": "a"}, missing("runtime.powerState", fault)))
    async with listed(first) as (_, _, inventory):
        assert inventory.objects == {vm(1): {"name": "a"}}
        assert inventory.missing == {vm(1): {"runtime.powerState": fault}}


async def test_a_property_that_there_is_not_is_told_to_who_opens_it() -> None:
    wrong = refusal(InvalidProperty(name="nmae"), "there is no such property")
    with pytest.raises(VSphereFault, match="no such property"):
        async with listed(CreateFilter=lambda _: wrong):
            pass


@pytest.mark.parametrize(
    "method", ["CreatePropertyCollector", "CreateContainerView", "CreateFilter", "WaitForUpdatesEx"]
)
async def test_a_connection_that_is_cut_while_it_opens(method: str) -> None:
    with pytest.raises(ConnectionLost):
        async with listed(**{method: lambda _: Raw()}):
            pass


async def test_the_server_is_left_as_it_was() -> None:
    async with listed(updates("1")) as (script, _, _):
        pass
    assert script.calls[-3].this == OWN_COLLECTOR
    assert [call.name for call in script.calls][-3:] == [
        "DestroyPropertyCollector",
        "DestroyView",
        "Logout",
    ]


async def test_what_was_made_for_an_inventory_that_is_refused_is_destroyed() -> None:
    wrong = refusal(InvalidProperty(name="nmae"), "there is no such property")
    names: list[str] = []
    with pytest.raises(VSphereFault, match="no such property"):
        async with listed(
            CreateFilter=lambda _: wrong,
            DestroyPropertyCollector=lambda call: names.append(call.name),
            DestroyView=lambda call: names.append(call.name),
        ):
            pass
    assert names == ["DestroyPropertyCollector", "DestroyView"]


# --- changes --------------------------------------------------------------------------------------


async def test_changes_are_told_in_order() -> None:
    _, changes = await next_change(
        updates("2", modify(vm(1), {"runtime.powerState": "poweredOff"})),
        updates("3", enter(vm(2), ON), leave(vm(1))),
    )
    assert changes == [Change(vm(1), ON, OFF), Change(vm(2), None, ON), Change(vm(1), OFF, None)]


async def test_a_wait_that_brings_nothing_goes_on() -> None:
    _, changes = await next_change(None, None, updates("2", leave(vm(1))))
    assert changes == [Change(vm(1), ON, None)]


async def test_what_is_told_twice_is_no_change() -> None:
    _, changes = await next_change(updates("2", enter(vm(1), ON), modify(vm(1), ON)))
    assert changes == []


async def test_a_property_that_is_taken_away() -> None:
    _, changes = await next_change(updates("2", modify(vm(1), {"runtime.powerState": None})))
    assert changes == [Change(vm(1), ON, {"name": "a"})]


async def test_slow_readers_are_told_of_their_loss() -> None:
    many = [modify(vm(1), {"name": str(number)}) for number in range(5000)]
    async with (
        listed(updates("1", enter(vm(1), ON)), updates("2", *many)) as (script, _, inventory),
        inventory.changes() as changes,
    ):
        await script.until("WaitForUpdatesEx", 3)
        first = await anext(changes)
        assert first.ref is None
        assert first.lost == 5000 - 4096


# --- losses ---------------------------------------------------------------------------------------


def cut_answer(result: object, length: int) -> Handler:
    return lambda call: Raw(Script().encoded(call, result)[:length])


async def test_a_connection_that_ends_goes_on_by_its_version() -> None:
    script, changes = await next_change(Raw(), updates("2", leave(vm(1))))
    assert changes == [Change(vm(1), ON, None)]
    assert script.count("CreatePropertyCollector") == 1
    waits = [
        one for one in script.args("WaitForUpdatesEx") if isinstance(one, WaitForUpdatesExArgs)
    ]
    assert [wait.version for wait in waits] == [None, "1", "1", "2"]


@pytest.mark.parametrize("length", [1, 100, 500, 700, 900])
async def test_an_answer_that_is_cut_is_told_once(length: int) -> None:
    second = updates("2", modify(vm(1), {"runtime.powerState": "poweredOff"}), enter(vm(2), ON))
    _, changes = await next_change(cut_answer(second, length), second)
    assert changes == [Change(vm(1), ON, OFF), Change(vm(2), None, ON)]


GONE = [
    refusal(ManagedObjectNotFound(obj=OWN_COLLECTOR)),
    refusal(InvalidCollectorVersion()),
    refusal(ServerError(reason="restarting")),
    Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ngarbage"),
]


@pytest.mark.parametrize("loss", GONE)
async def test_what_changed_while_nothing_was_heard_is_synthetic(loss: object) -> None:
    anew = updates("7", enter(vm(1), OFF), enter(vm(3), ON))
    script, changes = await next_change(
        updates("2", enter(vm(2), ON)), loss, anew, updates("8", leave(vm(3)))
    )
    assert changes == [
        Change(vm(2), None, ON),
        Change(vm(1), ON, OFF, True),
        Change(vm(3), None, ON, True),
        Change(vm(2), ON, None, True),
        Change(vm(3), ON, None),
    ]
    assert script.count("CreatePropertyCollector") == 2


@pytest.mark.parametrize("loss", GONE[2:])
async def test_a_collector_that_is_given_up_is_destroyed(loss: object) -> None:
    script, _ = await next_change(loss, updates("7"))
    names = [call.name for call in script.calls]
    anew = names.index("CreatePropertyCollector", names.index("WaitForUpdatesEx"))
    assert names[anew - 2 : anew] == ["DestroyPropertyCollector", "DestroyView"]


async def test_what_is_the_same_after_a_loss_is_not_told() -> None:
    _, changes = await next_change(GONE[0], updates("7", enter(vm(1), ON)))
    assert changes == []


async def test_an_expired_session_is_renewed() -> None:
    script, changes = await next_change(
        refusal(NotAuthenticated()), GONE[0], updates("7", enter(vm(1), OFF))
    )
    assert changes == [Change(vm(1), ON, OFF, True)]
    assert script.count("Login") == 2


async def test_a_cancelled_wait_goes_on() -> None:
    script, _ = await next_change(refusal(RequestCanceled()), updates("2"))
    assert script.count("CreatePropertyCollector") == 1


async def test_those_who_ask_are_told_when_nothing_is_heard() -> None:
    heard: list[tuple[bool, type[AiovirtError] | None]] = []
    waits = [updates("1", enter(vm(1), ON)), in_turn(Raw()), updates("7")]
    async with listed(*waits) as (script, _, inventory):
        inventory.on_connection(
            lambda well, error: heard.append((well, type(error) if error else None))
        )
        await script.until("WaitForUpdatesEx", 4)
        assert inventory.connected
        assert inventory.objects == {vm(1): ON}
    assert heard == [(False, ConnectionLost), (True, None)]


async def test_a_stream_that_ends_for_good_is_told() -> None:
    wrong = refusal(InvalidProperty(name="x"), "no such property")
    async with listed(updates("1", enter(vm(1), ON)), wrong) as (_, _, inventory):
        async with inventory.changes() as changes:
            with pytest.raises(VSphereFault, match="no such property"):
                await anext(changes)
        assert not inventory.connected
        assert inventory.objects == {vm(1): ON}


# --- asking ---------------------------------------------------------------------------------------


async def test_a_refresh_tells_what_is_new() -> None:
    changes: list[Change] = []
    first = updates("1", enter(vm(1), ON), enter(vm(2), ON))
    found = RetrieveResult(objects=(content(vm(1), OFF),))
    async with listed(first, RetrievePropertiesEx=lambda _: found) as (script, _, inventory):
        inventory.subscribe(lambda *told: changes.append(Change(*told)))
        await inventory.refresh(vm(1), vm(2))
    assert changes == [Change(vm(1), ON, OFF), Change(vm(2), ON, None)]
    assert script.count("RetrievePropertiesEx") == 1


async def test_it_has_settled_when_the_server_was_asked_since() -> None:
    cancelled = anyio.Event()

    async def wait(_call: Request) -> SoapFault:
        await cancelled.wait()
        return refusal(RequestCanceled())

    waits = [updates("1", enter(vm(1), ON)), wait, updates("2", leave(vm(1)))]
    async with listed(*waits, CancelWaitForUpdates=lambda _: cancelled.set()) as (
        script,
        _,
        inventory,
    ):
        await script.until("WaitForUpdatesEx", 2)
        await inventory.settled()
        assert inventory.objects == {}


async def test_others_go_on_while_it_waits() -> None:
    async with listed(updates("1")) as (script, client, _):
        await script.until("WaitForUpdatesEx", 2)
        assert await client.call(CURRENT_TIME, SERVICE) == EPOCH


class Refreshed:
    """An inventory of a machine whose state in the server a test says, and what is told of it."""

    def __init__(self) -> None:
        self.now: dict[Ref, dict[str, str]] = {vm(1): ON}
        self.told: list[Change] = []
        self.go_on = anyio.Event()

    def read(self, call: Request) -> object:
        assert isinstance(call.args, RetrievePropertiesExArgs)
        refs = [one.obj for spec in call.args.spec_set for one in spec.object_set]
        paths = call.args.spec_set[0].prop_set[0].path_set
        found = []
        for ref in (ref for ref in refs if ref in self.now):
            known = {path: value for path, value in self.now[ref].items() if path in paths}
            found.append(content(ref, known))
        return RetrieveResult(objects=tuple(found))

    @asynccontextmanager
    async def listed(self, *waits: object) -> AsyncGenerator[tuple[Script, Inventory], None]:
        first = updates("1", enter(vm(1), ON))
        held_up = held(self.go_on, waits[0])
        async with listed(first, held_up, *waits[1:], RetrievePropertiesEx=self.read) as opened:
            script, _, inventory = opened
            inventory.subscribe(lambda *told: self.told.append(Change(*told)))
            await script.until("WaitForUpdatesEx", 2)
            yield script, inventory


async def test_what_is_older_than_what_was_read_is_not_told() -> None:
    server = Refreshed()
    replay = updates("2", modify(vm(1), {"runtime.powerState": "poweredOff"}), modify(vm(1), ON))
    async with server.listed(replay) as (script, inventory):
        await inventory.refresh(vm(1))
        server.go_on.set()
        await script.until("RetrievePropertiesEx", 2)
        await inventory.refresh(vm(1))
    assert server.told == []


async def test_what_is_newer_than_what_was_read_is_told() -> None:
    server = Refreshed()
    off = updates("2", modify(vm(1), {"runtime.powerState": "poweredOff"}))
    async with server.listed(off) as (script, inventory):
        await inventory.refresh(vm(1))
        server.now[vm(1)] = OFF
        async with inventory.changes() as changes:
            server.go_on.set()
            assert await anext(changes) == Change(vm(1), ON, OFF)
    assert script.count("RetrievePropertiesEx") == 2


async def test_what_was_read_is_trusted_until_the_next_answer_only() -> None:
    server = Refreshed()
    async with server.listed(updates("2"), updates("3", modify(vm(1), OFF))) as (script, inventory):
        await inventory.refresh(vm(1))
        server.go_on.set()
        await script.until("WaitForUpdatesEx", 4)
    assert server.told == [Change(vm(1), ON, OFF)]
    assert script.count("RetrievePropertiesEx") == 1


async def test_an_object_that_leaves_while_it_is_read_stays_away() -> None:
    server = Refreshed()
    async with server.listed(updates("2", leave(vm(1)))) as (script, inventory):

        async def read(call: Request) -> object:
            found = server.read(call)
            server.go_on.set()
            await script.until("WaitForUpdatesEx", 3)
            return found

        script.handlers["RetrievePropertiesEx"] = read
        await inventory.refresh(vm(1))
        assert inventory.objects == {}
    assert server.told == [Change(vm(1), ON, None)]


async def test_some_properties_are_refreshed() -> None:
    server = Refreshed()
    async with server.listed(never) as (_, inventory):
        server.now[vm(1)] = {"name": "new", "runtime.powerState": "poweredOff"}
        await inventory.refresh(vm(1), paths=["runtime.powerState"])
        assert inventory.get(vm(1)) == {"name": "a", "runtime.powerState": "poweredOff"}
        server.now[vm(1)] = {"name": "new"}
        await inventory.refresh(vm(1), paths=["runtime.powerState"])
        assert inventory.get(vm(1)) == {"name": "a"}
