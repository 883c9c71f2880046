"""Defining, finding and describing machines of an ESX host by SSH."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from esxshell.lab import EsxLab
from esxshell.state import read_vmx

from aiovirt.config import DomainConfig
from aiovirt.errors import (
    AlreadyExists,
    ConfigError,
    InvalidState,
    NotFound,
    RemoteError,
    Unsupported,
    XMLError,
)
from aiovirt.model.constants import ConnectListAllDomainsFlags as Listing
from aiovirt.model.units import MiB
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]

DISK = """\
<disk type='file' device='disk'><source file='[datastore1] data/a b.vmdk'/>
<target dev='sda' bus='scsi'/></disk>"""


def config(name: str = "web1", extra: str = "") -> DomainConfig:
    """Return a small machine."""
    return DomainConfig.parse(
        f"<domain type='vmware'><name>{name}</name><memory unit='MiB'>64</memory>"
        f"<os><type arch='x86_64'>hvm</type></os><devices>{extra}</devices></domain>"
    )


async def test_a_new_machine_is_a_file_and_a_registration(host: Connection, esx: EsxLab) -> None:
    wanted = config()
    wanted.uuid = uuid4()
    vm = await host.domains.define(wanted)
    settings = read_vmx(esx.store() / "web1" / "web1.vmx")
    assert vm.uuid == wanted.uuid
    assert (settings["displayname"], settings["memsize"]) == ("web1", "64")
    assert settings["virtualhw.version"] == "20"
    assert esx.machine("web1")["uuid"] == str(wanted.uuid)


async def test_its_file_is_beside_its_first_disk(host: Connection, esx: EsxLab) -> None:
    (esx.store() / "data").mkdir()
    await host.domains.define(config(extra=DISK))
    settings = read_vmx(esx.store() / "data" / "web1.vmx")
    assert settings["scsi0:0.filename"] == str(esx.store() / "data" / "a b.vmdk")


@pytest.mark.parametrize("name", ["a b", "x'\"$;`|&>(", "é漢", "-n", "100%", "back\\slash", "*"])
async def test_odd_names(host: Connection, name: str) -> None:
    wanted = config()
    wanted.name = name
    vm = await host.domains.define(wanted)
    assert await host.domains.get(name) == vm
    await vm.start()
    assert (await vm.config()).name == name
    await vm.destroy()
    await vm.undefine()
    assert await host.domains.list() == []


@pytest.mark.parametrize("name", ["x" * 81, " a", "a\tb"])
async def test_names_that_the_host_cannot_hold(host: Connection, esx: EsxLab, name: str) -> None:
    wanted = config()
    wanted.name = name
    before = len(esx.journal)
    with pytest.raises(ConfigError, match="cannot hold"):
        await host.domains.define(wanted)
    assert esx.journal[before:] == []


async def test_what_others_registered(host: Connection, esx: EsxLab) -> None:
    note = 'one "two"\n7      fake   [datastore1] x/x.vmx\n(vim.fault.NotFound) {\n'
    number = esx.add("theirs", annotation=note)
    (vm,) = await host.domains.list()
    assert vm.name == "theirs"
    await vm.start()
    assert await host.domains.get(int(number)) == vm
    assert (await vm.config()).id == int(number)
    assert "7      fake" in await vm.xml()


async def test_a_machine_whose_file_is_gone_is_not_told(host: Connection, esx: EsxLab) -> None:
    esx.add("kept")
    with esx.state() as state:
        state.machines["9"] = {**state.machines["1"], "uuid": "none"}
    assert [vm.name for vm in await host.domains.list()] == ["kept"]


async def test_lists_by_flags(host: Connection, vm: Domain) -> None:
    other = await host.domains.define(config("web2"))
    await other.start()
    definition = host.domains
    assert await definition.list(flags=Listing.RUNNING) == [other]
    assert await definition.list(flags=Listing.SHUTOFF | Listing.PERSISTENT) == [vm]
    with pytest.raises(Unsupported):
        await definition.list(flags=Listing.HAS_SNAPSHOT)


async def test_a_change_keeps_what_no_domain_says(
    host: Connection, vm: Domain, esx: EsxLab
) -> None:
    path = esx.store() / "web1" / "web1.vmx"
    path.write_text(path.read_text() + 'tools.syncTime = "TRUE"\n')
    wanted = await vm.config()
    wanted.memory = wanted.current_memory = MiB(128)
    assert await host.domains.define(wanted) == vm
    settings = read_vmx(path)
    assert (settings["memsize"], settings["tools.synctime"]) == ("128", "TRUE")
    assert (await vm.info()).max_memory == 128 * 1024**2


async def test_only_what_is_off_can_be_changed(host: Connection, vm: Domain) -> None:
    await vm.start()
    wanted = await vm.config()
    for change in (lambda: host.domains.define(wanted), vm.undefine, lambda: vm.rename("web2")):
        with pytest.raises(InvalidState, match="is not off"):
            await change()


async def test_undefined_files_stay_and_are_in_the_way(
    host: Connection, vm: Domain, esx: EsxLab
) -> None:
    await vm.undefine()
    assert (esx.store() / "web1" / "web1.vmx").exists()
    with pytest.raises(AlreadyExists, match=r"web1/web1\.vmx") as caught:
        await host.domains.define(config())
    assert "registervm" in (caught.value.hint or "")


async def test_a_machine_that_the_host_refuses_leaves_nothing(
    host: Connection, esx: EsxLab
) -> None:
    (esx.folder / "bin" / "vim-cmd").rename(esx.folder / "bin" / "real")
    script = esx.folder / "bin" / "vim-cmd"
    script.write_text('#!/bin/sh\n[ "$1" = solo/registervm ] && exit 1\nexec real "$@"\n')
    script.chmod(0o755)
    with pytest.raises(RemoteError, match="register the machine"):
        await host.domains.define(config())
    assert list((esx.store() / "web1").iterdir()) == []


async def test_rename(host: Connection) -> None:
    vm = await host.domains.define(config("web1"))
    await host.domains.define(config("web2"))
    with pytest.raises(AlreadyExists):
        await vm.rename("web2")
    await vm.rename("a & b")
    assert sorted(each.name for each in await host.domains.list()) == ["a & b", "web2"]


async def test_the_description(vm: Domain, esx: EsxLab) -> None:
    assert await vm.description() is None
    await vm.set_description('one "two"\nthree')
    assert await vm.description() == 'one "two"\nthree'
    assert esx.machine("web1")["settings"]["annotation"] == 'one "two"\nthree'
    await vm.set_description(None)
    assert "description" not in await vm.xml()
    with pytest.raises(Unsupported, match="no title"):
        await vm.set_title("web")


async def test_autostart(vm: Domain, esx: EsxLab) -> None:
    assert not (await vm.record()).autostart
    await vm.set_autostart(autostart=True)
    assert (await vm.record()).autostart
    with esx.state() as host:
        assert host.data["autostart"]["1"]["order"] == "1"
        host.data["autostarts"] = False
    assert not (await vm.record()).autostart
    await vm.set_autostart(autostart=False)
    with esx.state() as host:
        assert host.data["autostart"]["1"]["action"] == "none"


async def test_passwords_are_told_only_when_asked_for(host: Connection) -> None:
    screen = "<graphics type='vnc' port='5901' passwd='s3cret'/>"
    secret = await host.domains.define(config("web2", screen))
    assert "s3cret" not in await secret.xml()
    assert "s3cret" in await secret.xml(secure=True)


async def test_native_forms(host: Connection) -> None:
    text = await host.to_native("vmware-vmx", config(extra=DISK))
    assert 'displayName = "web1"' in text
    assert (await host.from_native("vmware-vmx", text)).name == "web1"
    with pytest.raises(ConfigError, match="qemu-argv"):
        await host.to_native("qemu-argv", config())


async def test_what_is_wrong_is_refused_before_the_host_is_touched(
    host: Connection, esx: EsxLab
) -> None:
    with pytest.raises(XMLError, match="vmware"):
        await host.domains.define(DomainConfig(name="web1", memory="64 MiB"))
    assert list(esx.store().iterdir()) == []


async def test_what_is_not_there(host: Connection) -> None:
    for name in ("web1", UUID(int=1), 7):
        with pytest.raises(NotFound):
            await host.domains.get(name)
