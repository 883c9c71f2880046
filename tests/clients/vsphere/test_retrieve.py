"""Properties that are read once: page by page, given up, repeated, and of objects that are gone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from vspherescript import ROOT, Raw, Script, connected, in_turn, refusal
from vsphereupdates import content, missing, vm

from aiovirt.clients.vsphere import VSphereFault
from aiovirt.errors import ConnectionLost
from aiovirt.protocols.vsphere import Ref, Request
from aiovirt.protocols.vsphere.tables.collector import (
    ObjectSpec,
    PropertyFilterSpec,
    PropertySpec,
    RetrieveResult,
)
from aiovirt.protocols.vsphere.tables.collector_methods import (
    CancelRetrievePropertiesExArgs,
    RetrievePropertiesExArgs,
)
from aiovirt.protocols.vsphere.tables.faults import ManagedObjectNotFound, NotAuthenticated

pytestmark = pytest.mark.anyio

NAMES = PropertyFilterSpec(
    prop_set=(PropertySpec(type="VirtualMachine", path_set=("name",)),),
    object_set=(ObjectSpec(obj=ROOT),),
)


def page(numbers: Sequence[int], token: str | None = None) -> RetrieveResult:
    found = tuple(content(vm(number), {"name": str(number)}) for number in numbers)
    return RetrieveResult(token=token, objects=found)


async def names(script: Script) -> list[object]:
    async with connected(script) as client, client.retrieve([NAMES], page=2) as objects:
        return [one.prop_set[0].val async for one in objects]


async def test_pages_are_asked_for_one_after_the_other() -> None:
    further = in_turn(page([3, 4], "b"), page([5]))
    script = Script(
        {
            "RetrievePropertiesEx": lambda _: page([1, 2], "a"),
            "ContinueRetrievePropertiesEx": further,
        }
    )
    assert await names(script) == ["1", "2", "3", "4", "5"]
    asked = script.args("RetrievePropertiesEx")[0]
    assert isinstance(asked, RetrievePropertiesExArgs)
    assert asked.options.max_objects == 2


async def test_an_empty_result() -> None:
    assert await names(Script({"RetrievePropertiesEx": lambda _: None})) == []


async def test_one_that_is_given_up_is_forgotten_by_the_server() -> None:
    script = Script(
        {
            "RetrievePropertiesEx": lambda _: page([1, 2], "a"),
            "CancelRetrievePropertiesEx": lambda _: None,
        }
    )
    async with connected(script) as client, client.retrieve([NAMES]) as objects:
        await anext(objects)
    assert script.args("CancelRetrievePropertiesEx") == [CancelRetrievePropertiesExArgs(token="a")]


@pytest.mark.parametrize("length", [0, 100, 500, 700])
async def test_a_first_page_that_is_cut_is_read_once_more(length: int) -> None:
    def cut(call: Request) -> Raw:
        return Raw(Script().encoded(call, page([1, 2]))[:length])

    assert await names(Script({"RetrievePropertiesEx": in_turn(cut, page([1, 2]))})) == ["1", "2"]


async def test_a_later_page_that_is_cut_is_an_error() -> None:
    script = Script(
        {
            "RetrievePropertiesEx": lambda _: page([1, 2], "a"),
            "ContinueRetrievePropertiesEx": lambda _: Raw(),
            "CancelRetrievePropertiesEx": lambda _: None,
        }
    )
    with pytest.raises(ConnectionLost):
        await names(script)


async def test_a_session_that_only_properties_tell_of_is_renewed() -> None:
    unknown = content(vm(1), {}, missing("name", NotAuthenticated()))
    script = Script(
        {"RetrievePropertiesEx": in_turn(RetrieveResult(objects=(unknown,)), page([1]))}
    )
    assert await names(script) == ["1"]
    assert script.count("Login") == 2


async def test_properties_of_an_object() -> None:
    found = RetrieveResult(objects=(content(ROOT, {"name": "Datacenters"}),))
    script = Script({"RetrievePropertiesEx": lambda _: found})
    async with connected(script) as client:
        assert await client.get(ROOT, "name", "parent") == {"name": "Datacenters"}


async def test_an_object_that_is_not_there() -> None:
    script = Script({"RetrievePropertiesEx": lambda _: None})
    async with connected(script) as client:
        with pytest.raises(VSphereFault, match="no such object") as caught:
            await client.get(ROOT, "name")
    assert caught.value.fault == ManagedObjectNotFound(obj=ROOT)


def strict(call: Request) -> object:
    """Refuse all for one that is not there, as older servers do."""
    assert isinstance(call.args, RetrievePropertiesExArgs)
    asked = [one.obj for spec in call.args.spec_set for one in spec.object_set]
    gone = next((ref for ref in asked if ref in {vm(2), vm(3)}), None)
    if gone is not None:
        return refusal(ManagedObjectNotFound(obj=gone))
    return RetrieveResult(objects=tuple(content(ref, {"name": "x"}) for ref in asked))


async def test_objects_that_are_gone_are_left_out() -> None:
    refs: list[Ref] = [*(vm(number) for number in range(1, 5)), ROOT]
    async with connected(Script({"RetrievePropertiesEx": strict})) as client:
        found = await client.get_many(refs, ["name"])
    assert set(found) == {vm(1), vm(4), ROOT}
