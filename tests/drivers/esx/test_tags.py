"""Tags of a vCenter: at VMware's simulator, and what that does not refuse at ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import pytest
from esxhosts import opening
from vcsimlab import Checker, Simulator
from vcsimlab.resttags import rest_tags

from aiovirt import _open
from aiovirt.errors import (
    AlreadyExists,
    AuthenticationFailed,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    PermissionDenied,
    ResourceUnavailable,
    Unsupported,
)
from aiovirt.model.credentials import Login
from aiovirt.model.tags import Tag, TagCategory, TaggableKind, TaggedObject
from aiovirt.objects import Connection
from aiovirt.testing.vsphere import Account, FakeVSphere, Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio

Check = Callable[[Simulator], Checker]
VM = "DC0_H0_VM0"
NAMES = {
    "domain": VM,
    "host": "DC0_H0",
    "cluster": "DC0_C0",
    "pool": "LocalDS_0",
    "network": "DC0_DVPG0",
    "switch": "DVS0",
    "folder": "vm",
    "datacenter": "DC0",
}


# --- VMware's simulator ---------------------------------------------------------------------------


@pytest.mark.real
async def test_tags_are_as_another_client_sees_them(vcenter: Simulator, check: Check) -> None:
    moid = check(vcenter).machine(VM).moid
    with rest_tags(vcenter) as rest:
        async with opening(vcenter) as host:
            await host.tags.make_category("tier", description="how much", kinds=["domain", "host"])
            await host.tags.make("gold", "tier", description="much")
            vm = await host.domains.get(VM)
            await vm.attach_tag("gold")
            assert rest.objects("gold") == {f"VirtualMachine:{moid}"}
            await vm.detach_tag("gold")
            assert rest.objects("gold") == set()
        category, tag = rest.categories()["tier"], rest.tags()["gold"]
    assert (category["description"], category["cardinality"]) == ("how much", "MULTIPLE")
    assert set(category["associable_types"]) == {"VirtualMachine", "HostSystem"}
    assert (tag["category_id"], tag["description"]) == (category["id"], "much")


@pytest.mark.real
async def test_everything_may_have_tags(vcenter: Simulator) -> None:
    with rest_tags(vcenter) as rest:
        rest.make("gold", "tier")
        async with opening(vcenter) as host:
            for kind, name in NAMES.items():
                await host.tags.attach("gold", kind, name)
                assert await host.tags.of(kind, name) == [Tag("gold", "tier", "of others")]
            found = {each.kind: each.name for each in await host.tags.objects("gold")}
        types = {each.partition(":")[0] for each in rest.objects("gold")}
    assert found == NAMES
    assert set(NAMES) == set(TaggableKind)
    assert types == {
        "ClusterComputeResource",
        "Datacenter",
        "Datastore",
        "DistributedVirtualPortgroup",
        "DistributedVirtualSwitch",
        "Folder",
        "HostSystem",
        "VirtualMachine",
    }


@pytest.mark.real
async def test_what_another_client_has_made_is_seen(vcenter: Simulator, check: Check) -> None:
    moid = check(vcenter).machine(VM).moid
    with rest_tags(vcenter) as rest:
        rest.make("gold", "tier")
        rest.make("me & you: ü/%", "owner")
        rest.attach("me & you: ü/%", "VirtualMachine", moid)
    gold, owner = Tag("gold", "tier", "of others"), Tag("me & you: ü/%", "owner", "of others")
    async with opening(vcenter) as host:
        assert await host.tags.categories() == [TagCategory("owner"), TagCategory("tier")]
        assert await host.tags.list() == [owner, gold]
        assert await host.tags.list("tier") == [gold]
        vm = await host.domains.get(VM)
        assert await vm.tags() == [owner]
        assert await host.tags.domains(owner.name) == [vm]
        other = await host.domains.get("DC0_H0_VM1")
        assert await host.tags.of_domains() == {vm: [owner], other: []}
        assert await host.tags.of_domains([other]) == {other: []}


@pytest.mark.real
async def test_a_host_alone_has_no_tags(esx: Simulator) -> None:
    async with opening(esx) as host:
        vm = await host.domains.get("ha-host_VM0")
        for operation in (vm.tags, host.tags.list, partial(host.tags.make_category, "x")):
            with pytest.raises(Unsupported, match="need a vCenter"):
                await operation()


@pytest.mark.real
async def test_tags_ask_in_a_session_of_their_own_that_ends(vcenter: Simulator) -> None:
    async with opening(vcenter) as host:
        await host.domains.list()
        assert not any(name.endswith("/rest") for name in vcenter.counts())
        await host.tags.list()
    counts = vcenter.counts()
    assert (counts["POST /rest"], counts["GET /rest"], counts["DELETE /rest"]) == (1, 1, 1)


# --- ours -----------------------------------------------------------------------------------------


@asynccontextmanager
async def opened(
    settings: Settings | None = None, *, user: str = "root", readonly: bool = False
) -> AsyncGenerator[tuple[FakeVSphere, Connection], None]:
    """Run a simulated vCenter with a machine, and open it."""
    settings = settings or Settings(machines=1, hosts=1)
    async with run_fake_vsphere(settings, tls=False) as fake:
        uri = f"vpx://{user}@127.0.0.1:{fake.port}/?transport=http"
        login = Login(password="secret")
        async with _open.open(uri, readonly=readonly, credentials=login) as host:
            yield fake, host


async def furnish(host: Connection, *, single: bool = False, kinds: Iterable[str] = ()) -> None:
    """Make two tags of a category."""
    await host.tags.make_category("tier", single=single, kinds=kinds)
    await host.tags.make("gold", "tier")
    await host.tags.make("iron", "tier")


async def test_one_tag_of_a_category_at_most() -> None:
    async with opened() as (_, host):
        await furnish(host, single=True)
        (vm,) = await host.domains.list()
        await vm.attach_tag("gold")
        await vm.attach_tag("gold")
        with pytest.raises(InvalidState, match="cardinality") as caught:
            await vm.attach_tag("iron")
        assert "has 'gold'" in (caught.value.hint or "")
        await vm.detach_tag("gold")
        await vm.attach_tag("iron")
        assert await vm.tags() == [Tag("iron", "tier")]


async def test_a_category_is_for_some_kinds_only() -> None:
    async with opened() as (_, host):
        await furnish(host, kinds=["pool", "network", "switch"])
        (vm,) = await host.domains.list()
        with pytest.raises(ConfigError) as caught:
            await vm.attach_tag("gold")
        assert "is for: network, pool, switch" in (caught.value.hint or "")
        await host.tags.attach("gold", "pool", "datastore1")
        await host.tags.attach("gold", "network", "VM Network")
        found = [TaggedObject("network", "VM Network"), TaggedObject("pool", "datastore1")]
        assert await host.tags.objects("gold") == found
        assert await host.tags.of("pool", "datastore1") == [Tag("gold", "tier")]
        (category,) = await host.tags.categories()
        assert category.kinds == {"network", "pool", "switch"}
        with pytest.raises(ConfigError, match="no kind of objects 'planet'"):
            await host.tags.make_category("other", kinds=["planet"])


async def test_what_is_in_use_is_deleted_by_force_only() -> None:
    async with opened() as (_, host):
        await furnish(host)
        (vm,) = await host.domains.list()
        await vm.attach_tag("gold")
        for delete, name in ((host.tags.delete, "gold"), (host.tags.delete_category, "tier")):
            with pytest.raises(InvalidState) as caught:
                await delete(name)
            assert "force" in (caught.value.hint or "")
        await host.tags.delete("gold", force=True)
        assert await vm.tags() == []
        await host.tags.delete_category("tier", force=True)
        assert await host.tags.list() == []
        await host.tags.make_category("tier")
        await host.tags.delete_category("tier")
        assert await host.tags.categories() == []


async def test_names_that_are_taken_missing_or_unclear() -> None:
    async with opened() as (_, host):
        await furnish(host)
        (vm,) = await host.domains.list()
        await host.tags.make_category("metal")
        await host.tags.make("gold", "metal")
        with pytest.raises(AlreadyExists, match="make the tag 'tier/gold'"):
            await host.tags.make("gold", "tier")
        with pytest.raises(AlreadyExists):
            await host.tags.make_category("tier")
        with pytest.raises(CallerError) as unclear:
            await vm.attach_tag("gold")
        assert "metal, tier" in (unclear.value.hint or "")
        await vm.attach_tag("gold", "tier")
        for wrong, hint in (
            (partial(vm.attach_tag, "iren"), "did you mean iron?"),
            (partial(host.tags.make, "x", "none"), "there are: metal, tier"),
            (partial(host.tags.of, "pool", "none"), "there are: datastore1"),
        ):
            with pytest.raises(NotFound) as caught:
                await wrong()
            assert hint in (caught.value.hint or "")


async def test_a_name_that_was_found_before_is_looked_at_once() -> None:
    async with opened() as (fake, host):
        await furnish(host)
        (vm,) = await host.domains.list()
        await vm.attach_tag("gold", "tier")
        fake.plan.calls.clear()
        await vm.detach_tag("gold", "tier")
        assert (fake.plan.calls["category.get"], fake.plan.calls["tag.get"]) == (1, 1)


async def test_tags_that_somebody_renames_meanwhile() -> None:
    async with opened() as (fake, host):
        await furnish(host)
        (vm,) = await host.domains.list()
        await vm.attach_tag("iron")
        await vm.attach_tag("gold")
        tags = fake.site.tagging.tags
        for each in list(tags.values()):
            name = "gold" if each.name == "iron" else "lead"
            tags[each.id] = msgspec.structs.replace(each, name=name)
        await vm.detach_tag("gold")
        assert await vm.tags() == [Tag("lead", "tier")]
        with pytest.raises(NotFound) as caught:
            await vm.detach_tag("iron")
        assert "there are: gold, lead" in (caught.value.hint or "")


async def test_who_only_looks_changes_no_tags() -> None:
    async with opened(readonly=True) as (_, host):
        assert await host.tags.list() == []
        with pytest.raises(PermissionDenied, match="read-only"):
            await host.tags.make_category("tier")


async def test_a_machine_that_is_gone_has_no_tags() -> None:
    async with opened() as (_, host):
        await furnish(host)
        (vm,) = await host.domains.list()
        await vm.attach_tag("gold")
        await vm.destroy()
        await vm.delete()
        assert await host.tags.objects("gold") == []
        await host.tags.delete("gold")
        with pytest.raises(NotFound):
            await vm.tags()


async def test_the_privilege_that_lacks_is_named() -> None:
    async with opened(user="reader") as (_, host):
        assert await host.tags.list() == []
        with pytest.raises(PermissionDenied) as caught:
            await host.tags.make_category("tier")
    assert "InventoryService.Tagging.CreateCategory" in (caught.value.hint or "")


async def test_a_vcenter_that_has_no_rest_api() -> None:
    async with opened(Settings(machines=1, api="6.0")) as (_, host):
        with pytest.raises(Unsupported, match="there is no REST API") as caught:
            await host.tags.list()
    assert "6.5" in (caught.value.hint or "")


@pytest.mark.parametrize("api", ["6.5", "8.0"])
async def test_the_oldest_and_the_newest_version_with_a_rest_api(api: str) -> None:
    async with opened(Settings(machines=1, api=api)) as (_, host):
        await host.tags.make_category("tier")
        await host.tags.make("gold", "tier")
        (vm,) = await host.domains.list()
        await vm.attach_tag("gold")
        assert await host.tags.domains("gold") == [vm]


async def test_an_expired_session_is_not_noticed() -> None:
    async with opened() as (fake, host):
        await host.tags.list()
        fake.expire_sessions()
        await host.tags.make_category("tier")
        assert fake.site.rest_sessions.begun == 2
    assert not len(fake.site.rest_sessions)


async def test_an_account_that_is_locked_out_meanwhile_is_refused_once() -> None:
    accounts = {"root": Account("secret")}
    async with opened(Settings(machines=1, accounts=accounts)) as (fake, host):
        accounts["root"] = Account("another")
        for _ in range(2):
            with pytest.raises(AuthenticationFailed):
                await host.tags.list()
        assert fake.plan.calls["session.create"] == 1


async def test_a_service_that_starts() -> None:
    async with opened() as (fake, host):
        fake.plan.answer("session.create", b"", 503)
        with pytest.raises(ResourceUnavailable) as caught:
            await host.tags.list()
        assert "vapi-endpoint" in (caught.value.hint or "")
        assert await host.tags.list() == []
