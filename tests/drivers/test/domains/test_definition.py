"""Domains of the host in memory are defined, found and renamed as libvirt's are."""

from __future__ import annotations

import pytest
from memoryguests import details, real_config, small_config

from aiovirt.errors import InvalidState, NotFound, XMLError
from aiovirt.interfaces import Definition
from aiovirt.model.constants import ConnectListAllDomainsFlags as Filter
from aiovirt.model.events import LifecycleDetail
from aiovirt.objects import Domain
from aiovirt.testing import TestHost, open_test_host

pytestmark = pytest.mark.anyio

DEFAULT = """\
<domain type='test' id='1'>
  <name>test</name>
  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
  <memory unit='KiB'>8388608</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='i686'>hvm</type>
    <boot dev='hd'/>
  </os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <source file='/guest/diskimage1'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </disk>
    <interface type='network'>
      <mac address='aa:bb:cc:dd:ee:ff'/>
      <source network='default'/>
      <target dev='testnet0'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/>
    </interface>
    <memballoon model='virtio'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </memballoon>
  </devices>
</domain>
"""


async def test_the_default_domain_is_that_of_libvirt(vm: Domain) -> None:
    assert await vm.xml() == DEFAULT


async def test_a_wrong_document_names_element_and_line(host: TestHost) -> None:
    with pytest.raises(XMLError, match=r"line 2, <domain/os/type>"):
        await host.domains.define(
            "<domain type='test'><name>n</name><memory>1</memory>\n<os/></domain>"
        )


async def test_a_name_alone_means_the_domain_of_that_name(host: TestHost) -> None:
    first = await host.domains.define(small_config("a"))
    assert await host.domains.define(small_config("a")) == first


async def test_uuids_are_the_same_on_every_new_host(host: TestHost) -> None:
    vm = await host.domains.define(small_config("a"))
    async with open_test_host() as other:
        assert (await other.domains.define(small_config("b"))).uuid == vm.uuid


async def test_what_is_defined_of_a_running_one_waits_for_its_next_start(
    host: TestHost, vm: Domain
) -> None:
    config = await vm.config(inactive=True)
    config.title = "later"
    assert not await vm.is_updated()
    await host.domains.define(config)
    assert await vm.is_updated()
    assert (await vm.config()).title is None
    await vm.destroy()
    await vm.start()
    assert (await vm.config()).title == "later"


async def test_a_transient_domain_is_gone_when_it_stops(host: TestHost) -> None:
    async with host.events() as events:
        vm = await host.domains.create(small_config("t"))
        assert not await vm.is_persistent()
        await vm.destroy()
        with pytest.raises(NotFound):
            await vm.record()
        assert await details(events, 2) == [
            LifecycleDetail.STARTED_BOOTED,
            LifecycleDetail.STOPPED_DESTROYED,
        ]


async def test_renaming_is_told_as_leaving_and_coming(host: TestHost) -> None:
    vm = await host.domains.define(small_config("a"))
    async with host.events() as events:
        await vm.rename("b")
        assert await details(events, 2) == [
            LifecycleDetail.UNDEFINED_RENAMED,
            LifecycleDetail.DEFINED_RENAMED,
        ]
    assert (await host.domains.get("b")).uuid == vm.uuid


async def test_a_running_domain_keeps_its_name(vm: Domain) -> None:
    with pytest.raises(InvalidState):
        await vm.rename("b")


async def test_flags_of_listing_narrow(host: TestHost, vm: Domain) -> None:
    await host.domains.define(small_config("off"))
    await vm.suspend()
    listed = host.driver.ability(Definition).keys
    assert [key.name for key in await listed(flags=Filter.PAUSED | Filter.SHUTOFF)] == [
        "off",
        "test",
    ]
    assert [key.name for key in await listed(flags=Filter.PAUSED | Filter.INACTIVE)] == []
    assert [key.name for key in await listed(flags=Filter.ACTIVE | Filter.PERSISTENT)] == ["test"]


async def test_metadata_are_kept_apart(vm: Domain) -> None:
    await vm.set_description("live one", live=True)
    await vm.set_description("kept one", config=True)
    assert await vm.description() == "live one"
    assert await vm.description(config=True) == "kept one"
    await vm.set_metadata("urn:x", "<a/>", key="k", config=True)
    assert await vm.metadata("urn:x", config=True) == "<a/>"
    with pytest.raises(NotFound):
        await vm.metadata("urn:x")


async def test_a_guest_of_qemu_gets_what_tools_look_for(host: TestHost) -> None:
    vm = await host.domains.define(real_config())
    await vm.start()
    config = await vm.config()
    assert config.graphics[0].port == 5900
    assert config.serials[0].source.path == config.consoles[0].tty == "/dev/pts/0"
    assert config.disks[0].alias == "virtio-disk0"
    assert config.emulator == "/usr/bin/qemu-system-x86_64"
    places = [device.address for device in config.devices.all() if device.address]
    assert len(places) == len(set(places))


async def test_what_only_runs_is_not_kept(host: TestHost) -> None:
    vm = await host.domains.define(real_config())
    before = await vm.xml(secure=True)
    await vm.start()
    again = await host.domains.define(await vm.config(secure=True))
    assert again == vm
    await vm.destroy()
    assert await vm.xml(secure=True) == before


async def test_a_display_that_runs_tells_where_it_listens(host: TestHost) -> None:
    vm = await host.domains.define(real_config())
    await vm.start()
    (display,) = (await vm.config()).graphics
    assert (display.listen, display.listens[0].address) == ("127.0.0.1", "127.0.0.1")


async def test_a_domain_of_qemu_that_names_no_processor_has_the_usual_one(host: TestHost) -> None:
    cpu = (await (await host.domains.define(real_config())).config()).cpu
    assert (cpu.mode, cpu.model, cpu.fallback) == ("custom", "qemu64", "forbid")
    config = real_config()
    config.cpu.mode = "host-passthrough"
    cpu = (await (await host.domains.define(config)).config()).cpu
    assert (cpu.mode, cpu.model) == ("host-passthrough", None)
