"""``like_libvirt=1``: documents say what libvirt's driver says, and machines lose nothing by it."""

from __future__ import annotations

import pytest
from esxfakes import faked

from aiovirt.config import DomainConfig, Sound

pytestmark = pytest.mark.anyio

NEW = """
<domain type='vmware'><name>new</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64'>hvm</type></os></domain>
"""


async def test_what_it_does_not_tell_stays_when_a_machine_is_defined_anew() -> None:
    async with faked("esx", query="&like_libvirt=1") as (fake, host):
        vm = await host.domains.get("machine0")
        await vm.destroy()
        config = await vm.config(inactive=True)
        config.devices.sounds.append(Sound(model="es1370"))
        await host.domains.define(config)
        seen = await vm.config(inactive=True)
        assert seen.devices.sounds == []
        seen.description = "changed"
        await host.domains.define(seen)
        known = fake.machine("machine0").config
        assert {each.key: each.value for each in known.extra_config}["sound.present"] == "true"
        assert known.annotation == "changed"


@pytest.mark.parametrize(("query", "version"), [("", "vmx-17"), ("&like_libvirt=1", "vmx-10")])
async def test_new_machines_have_the_hardware_that_is_wanted(query: str, version: str) -> None:
    async with faked("esx", query=query) as (fake, host):
        config = DomainConfig.parse(NEW)
        await host.domains.define(config)
        assert fake.machine("new").config.version == version
        native = await host.to_native("vmware-vmx", config)
        assert f'virtualHW.version = "{version.removeprefix("vmx-")}"' in native


@pytest.mark.parametrize(("query", "count"), [("", 1), ("&like_libvirt=1", 0)])
async def test_a_file_is_read_as_far_as_is_wanted(query: str, count: int) -> None:
    async with faked("esx", query=query) as (_, host):
        native = await host.to_native("vmware-vmx", DomainConfig.parse(NEW))
        more = f'{native}sound.present = "true"\nsound.virtualDev = "es1371"\n'
        assert len((await host.from_native("vmware-vmx", more)).devices.sounds) == count
