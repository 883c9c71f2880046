"""Definitions: kept, found, changed and refused."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from guests import bare_config, poll

from aiovirt._open import open as open_host
from aiovirt.config import Disk, DomainConfig
from aiovirt.errors import AlreadyExists, ConfigError, InvalidState, NotFound, XMLError
from aiovirt.model.domain import DomainState
from aiovirt.objects import Connection
from aiovirt.processes import boot_id

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_found_by_name_uuid_and_listing(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    assert await host.domains.get("web1") == vm
    assert await host.domains.get(vm.uuid) == vm
    assert await host.domains.list() == [vm]
    assert await host.domains.list(active=True) == []


@pytest.mark.parametrize("key", [None, 3.5, b"web1"])
async def test_what_no_domain_is_found_by(host: Connection, key: object) -> None:
    with pytest.raises(TypeError, match="found by name, UUID or number, not by"):
        await host.domains.get(key)  # type: ignore[arg-type]


async def test_defining_a_new_name_many_times_at_once_is_one_domain(host: Connection) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(host.domains.define, bare_config())
    assert [vm.name for vm in await host.domains.list()] == ["web1"]


MACHINE_ALONE = "<os><type arch='x86_64' machine='q35'>hvm</type></os>"


@pytest.mark.parametrize(
    ("inside", "match"),
    [
        ("<os><type>hvm</type></os>", "cannot be used: .*builds no machine of type ''"),
        (MACHINE_ALONE, "cannot be used: .*<domain/clock>"),
    ],
)
async def test_definition_that_was_written_by_hand(root: Path, inside: str, match: str) -> None:
    uri = f"qemu:///embed?root={root}"
    async with open_host(uri):
        pass
    await anyio.Path(root / "config" / "web1.xml").write_text(
        f"<domain type='qemu'><name>web1</name><uuid>{uuid4()}</uuid>"
        f"<memory unit='MiB'>16</memory><vcpu>1</vcpu>{inside}</domain>"
    )
    async with open_host(uri) as host:
        vm = await host.domains.get("web1")
        with pytest.raises(ConfigError, match=match) as caught:
            await vm.start(paused=True)
        assert "define it again" in (caught.value.hint or "")
        vm = await host.domains.define(await vm.xml())
        await vm.start(paused=True)
        await vm.destroy()


async def test_near_name_is_offered(host: Connection) -> None:
    await host.domains.define(bare_config("web1"))
    with pytest.raises(NotFound, match="there is no domain 'web'") as caught:
        await host.domains.get("web")
    assert caught.value.hint == "did you mean web1?"


async def test_survives_the_process_with_addresses(root: Path) -> None:
    uri = f"qemu:///embed?root={root}"
    config = bare_config()
    config.disks.append(Disk.file("/tmp/none.qcow2", target="vda", bus="virtio"))
    async with open_host(uri) as host:
        vm = await host.domains.define(config)
        first = await vm.xml()
    async with open_host(uri) as host:
        vm = await host.domains.get("web1")
        assert await vm.xml() == first
        assert await (await host.domains.define(first)).xml() == first
    assert "<address type='pci'" in first.replace('"', "'")


async def test_defining_again_changes_the_definition(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    config = bare_config()
    config.title = "second"
    again = await host.domains.define(config)
    assert again == vm
    assert (await vm.config()).title == "second"


async def test_name_of_another_uuid(host: Connection) -> None:
    await host.domains.define(bare_config())
    config = bare_config()
    config.uuid = uuid4()
    with pytest.raises(AlreadyExists, match="domain 'web1' has UUID"):
        await host.domains.define(config)


async def test_what_only_a_run_had_is_not_defined(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start(paused=True)
    await host.domains.define(await vm.xml())
    kept = await vm.config(inactive=True)
    assert kept.id is None
    assert [device.alias for device in kept.devices.all() if device.alias] == []
    assert (kept.serials[0].source.path, kept.consoles[0].tty) == (None, None)
    await vm.undefine()
    assert (await vm.config(inactive=True)).id is None
    await vm.destroy()


async def test_live_configuration_has_what_the_inactive_has_not(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start(paused=True)
    live, inactive = await vm.config(), await vm.config(inactive=True)
    assert (live.id, inactive.id) == (1, None)
    assert live.serials[0].alias == "serial0"
    assert (live.serials[0].source.path or "").startswith("/dev/pts/")
    assert inactive.serials[0].alias is None
    await vm.destroy()


async def test_autostart_mark(root: Path) -> None:
    uri = f"qemu:///embed?root={root}"
    async with open_host(uri) as host:
        vm = await host.domains.define(bare_config())
        await vm.set_autostart()
        assert (await vm.record()).autostart
    async with open_host(uri) as host:
        vm = await host.domains.get("web1")
        assert (await vm.record()).autostart
        assert not (await vm.record()).state.active, "it is not the first time since the boot"
        await vm.set_autostart(autostart=False)
        assert not (await vm.record()).autostart


async def test_autostart_after_the_hosts_boot(root: Path) -> None:
    uri = f"qemu:///embed?root={root}"
    async with open_host(uri) as host:
        vm = await host.domains.define(bare_config())
        await vm.set_autostart()
    await anyio.Path(root / "run" / "autostarted").write_text("another boot")
    async with open_host(uri) as host, host.events() as events:
        vm = await host.domains.get("web1")
        if (await vm.record()).state is not DomainState.RUNNING:
            with anyio.fail_after(20):
                await anext(aiter(events))
        await vm.destroy()


async def _define_autostarts(uri: str, root: Path, *configs: DomainConfig) -> None:
    """Define domains that start with the host, which has just been booted."""
    async with open_host(uri) as host:
        for config in configs:
            await (await host.domains.define(config)).set_autostart()
    await anyio.Path(root / "run" / "autostarted").write_text("another boot")


def _tried(root: Path) -> bool:
    return (root / "run" / "autostarted").read_text() == boot_id()


async def test_autostart_goes_on_where_a_short_open_left_it(root: Path) -> None:
    uri = f"qemu:///embed?root={root}"
    await _define_autostarts(uri, root, *(bare_config(f"web{number}") for number in range(3)))
    async with open_host(uri):
        pass
    assert not _tried(root)
    async with open_host(uri) as host:
        await poll(lambda: _tried(root))
        for record in await host.domains.records():
            assert record.state is DomainState.RUNNING
            await (await host.domains.get(record.key.name)).destroy()


async def test_autostart_that_fails_was_tried(root: Path) -> None:
    uri = f"qemu:///embed?root={root}"
    config = bare_config()
    config.disks.append(Disk.file("/no/such.qcow2", target="vda"))
    await _define_autostarts(uri, root, config)
    async with open_host(uri) as host:
        await poll(lambda: _tried(root))
        assert not (await (await host.domains.get("web1")).record()).state.active


async def test_transient_domain_cannot_autostart(host: Connection) -> None:
    vm = await host.domains.define(bare_config())
    await vm.start(paused=True)
    await vm.undefine()
    for call in (vm.set_autostart, vm.undefine):
        with pytest.raises(InvalidState, match="transient"):
            await call()
    await vm.destroy()


async def test_error_names_line_and_element(host: Connection) -> None:
    with pytest.raises(XMLError) as caught:
        await host.domains.define(
            "<domain type='qemu'>\n<name>a</name>\n<memory>x</memory></domain>"
        )
    assert (caught.value.line, caught.value.element) == (3, "domain/memory")


@pytest.mark.parametrize("name", [".hidden", "n" * 201, "ü" * 101])
async def test_name_that_cannot_be_a_file(host: Connection, root: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a domain"):
        await host.domains.define(bare_config(name))
    assert not list((root / "config").glob("*.xml"))


async def test_odd_names_are_kept(host: Connection) -> None:
    for name in ("web 1", "a,b=c", "'quoted'", "-rf", "näme", "$(x)"):
        vm = await host.domains.define(bare_config(name))
        await vm.start(paused=True)
        assert await vm.monitor_command("query-name") == {"name": name}
        await vm.destroy()


async def test_callers_configuration_is_not_changed(host: Connection) -> None:
    config = bare_config()
    before = config.to_xml()
    await host.domains.define(config)
    assert config.to_xml() == before


async def _damage(root: Path, name: str, content: bytes) -> anyio.Path:
    """Define two domains and write something else into the file of one."""
    async with open_host(f"qemu:///embed?root={root}") as host:
        for config in (bare_config(), bare_config("web2")):
            await host.domains.define(config)
    path = anyio.Path(root / "config" / f"{name}.xml")
    await path.write_bytes(content)
    return path


async def test_damaged_definition_keeps_nobody_from_the_others(root: Path) -> None:
    path = await _damage(root, "web1", b"<domain")
    async with open_host(f"qemu:///embed?root={root}") as host:
        assert [vm.name for vm in await host.domains.list()] == ["web2"]
        with pytest.raises(ConfigError, match=r"web1\.xml cannot be used: line 1") as caught:
            await host.domains.get("web1")
        assert caught.value.hint == "mend or remove this file, and open the host again"
        with pytest.raises(ConfigError, match=r"web1\.xml"):
            await host.domains.define(bare_config())
    assert await path.read_bytes() == b"<domain"


async def test_running_guest_of_a_damaged_definition_is_adopted(root: Path) -> None:
    async with open_host(f"qemu:///embed?root={root}") as host:
        await (await host.domains.define(bare_config())).start(paused=True)
    await anyio.Path(root / "config" / "web1.xml").write_bytes(b"")
    async with open_host(f"qemu:///embed?root={root}") as host:
        vm = await host.domains.get("web1")
        assert not (await vm.record()).persistent
        await vm.destroy()
        with pytest.raises(ConfigError, match=r"web1\.xml"):
            await host.domains.get("web1")


async def test_copied_definition_is_left_aside(root: Path) -> None:
    same_uuid = bare_config("web3")
    same_uuid.uuid = uuid4()
    xml = same_uuid.to_xml().encode()
    await _damage(root, "web1", xml)
    await anyio.Path(root / "config" / "web2.xml").write_bytes(xml.replace(b"web3", b"web2"))
    await anyio.Path(root / "config" / "web3.xml").write_bytes(xml)
    async with open_host(f"qemu:///embed?root={root}") as host:
        with pytest.raises(ConfigError, match=r"web1\.xml cannot be used: it defines .* 'web3'"):
            await host.domains.get("web1")
        with pytest.raises(ConfigError, match=r"web3\.xml cannot be used: domain 'web2' has UUID"):
            await host.domains.get("web3")
        assert [vm.name for vm in await host.domains.list()] == ["web2"]


async def test_password_is_only_in_the_secure_xml(host: Connection) -> None:
    xml = (
        bare_config()
        .to_xml()
        .replace(
            "</devices>",
            "<graphics type='vnc' port='-1' autoport='yes' passwd='s3cret'/></devices>",
        )
    )
    vm = await host.domains.define(DomainConfig.parse(xml))
    assert "s3cret" not in await vm.xml()
    assert "s3cret" in await vm.xml(secure=True)
    await vm.start(paused=True)
    assert "s3cret" not in await vm.xml()
    assert await vm.monitor_command("query-vnc")
    await vm.destroy()
