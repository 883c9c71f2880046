"""Documents of hosts in memory: ``test:///PATH``."""

from __future__ import annotations

from pathlib import Path

import pytest

import aiovirt
from aiovirt.errors import ConfigError, PermissionDenied, XMLError
from aiovirt.model.domain import DomainState

pytestmark = pytest.mark.anyio

GUEST = (
    "<domain type='test'><name>{}</name><memory>1024</memory><os><type>hvm</type></os>{}</domain>"
)
MARKS = "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"


async def test_domains_run_unless_it_says_otherwise(tmp_path: Path) -> None:
    off = GUEST.format("off", "<test:runstate>5</test:runstate>").replace(
        "<domain", f"<domain {MARKS}"
    )
    (tmp_path / "other.xml").write_text(GUEST.format("other", ""))
    (tmp_path / "host.xml").write_text(
        f"<node>{GUEST.format('on', '')}{off}<domain file='other.xml'/></node>"
    )
    async with aiovirt.open(f"test://{tmp_path}/host.xml") as host:
        states = {record.key.name: record.state for record in await host.domains.records()}
        assert "runstate" not in await (await host.domains.get("off")).xml()
    assert states == {
        "off": DomainState.SHUTOFF,
        "on": DomainState.RUNNING,
        "other": DomainState.RUNNING,
    }


async def test_what_is_wrong_is_named_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("<domain type='test'>\n<memory>1</memory></domain>")
    (tmp_path / "host.xml").write_text("<node><domain file='bad.xml'/></node>")
    with pytest.raises(XMLError, match=r"in .*bad\.xml, line 1"):
        async with aiovirt.open(f"test://{tmp_path}/host.xml"):
            pass


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.xml cannot be read"):
        async with aiovirt.open(f"test://{tmp_path}/none.xml"):
            pass


async def test_each_opening_is_a_host_of_its_own() -> None:
    async with aiovirt.open("test:///default") as one, aiovirt.open("test:///default") as other:
        await (await one.domains.get("test")).destroy()
        assert (await (await other.domains.get("test")).state()).state is DomainState.RUNNING


async def test_who_only_reads_changes_nothing_and_learns_no_secret() -> None:
    async with aiovirt.open("test:///default", readonly=True) as host:
        vm = await host.domains.get("test")
        assert (await vm.config()).name == "test"
        assert (await vm.stats()).id == 1
        for verb in (vm.destroy, vm.suspend, vm.undefine):
            with pytest.raises(PermissionDenied):
                await verb()
        with pytest.raises(PermissionDenied):
            await vm.xml(secure=True)
        with pytest.raises(PermissionDenied):
            async with vm.console():
                pass
        async with host.events():
            assert (await vm.record()).id == 1


async def test_marks_make_it_transient_saved_or_snapshotted(tmp_path: Path) -> None:
    uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f"
    snapshot = (
        "<test:domainsnapshot><name>s1</name><state>shutoff</state><active>1</active>"
        f"<domain type='test'><name>off</name><uuid>{uuid}</uuid><memory>1</memory>"
        "<os><type>hvm</type></os></domain></test:domainsnapshot>"
    )
    marks = f"<uuid>{uuid}</uuid><test:runstate>5</test:runstate><test:hasmanagedsave/>{snapshot}"
    off, gone = GUEST.format("off", marks), GUEST.format("gone", "<test:transient/>")
    (tmp_path / "host.xml").write_text(f"<node {MARKS}>{off}{gone}</node>")
    async with aiovirt.open(f"test://{tmp_path}/host.xml") as host:
        vm = await host.domains.get("off")
        assert await vm.has_managed_save()
        current = await vm.snapshots.current()
        assert current is not None
        assert current.name == "s1"
        assert not await (await host.domains.get("gone")).is_persistent()
