"""Definitions that go by the machine's own file, which the server reads anew, on the fake ones."""

from __future__ import annotations

from typing import Literal

import pytest
from esxfakes import faked

from aiovirt.config import Sound
from aiovirt.errors import AiovirtError, InvalidState
from aiovirt.protocols.vsphere.tables.faults import InvalidVmConfig
from aiovirt.testing.vsphere import FakeVSphere

pytestmark = pytest.mark.anyio

Kind = Literal["vcenter", "esx"]

METHODS: dict[Kind, str] = {"vcenter": "reloadVirtualMachineFromPath_Task", "esx": "Reload"}


def file_of(fake: FakeVSphere) -> str:
    """Return the machine's configuration file."""
    machine = fake.machine("machine0")
    files, inner = fake.site.place(machine.path, machine.ref)
    return files.get(inner).data.decode()


@pytest.mark.parametrize("kind", METHODS)
async def test_the_server_reads_a_changed_file(kind: Kind) -> None:
    async with faked(kind) as (fake, host):
        vm = await host.domains.get("machine0")
        before = fake.machine("machine0").config
        config = await vm.config(inactive=True)
        config.devices.sounds.append(Sound(model="es1370"))
        with pytest.raises(InvalidState, match="sound"):
            await host.domains.define(config)
        await vm.destroy()
        config.description = "with sound"
        await host.domains.define(config)
        known = fake.machine("machine0").config
        assert fake.plan.calls[METHODS[kind]] == 1
        assert {each.key: each.value for each in known.extra_config}["sound.present"] == "true"
        assert known.annotation == "with sound"
        assert (known.uuid, known.name, known.template) == (before.uuid, before.name, False)
        assert len((await vm.config(inactive=True)).devices.sounds) == 1
        await vm.start()


@pytest.mark.parametrize("kind", METHODS)
async def test_a_file_that_is_refused_is_as_it_was(kind: Kind) -> None:
    async with faked(kind) as (fake, host):
        vm = await host.domains.get("machine0")
        await vm.destroy()
        config, before = await vm.config(inactive=True), file_of(fake)
        config.devices.sounds.append(Sound(model="es1370"))
        fault = InvalidVmConfig(property="sound")
        if kind == "vcenter":
            fake.plan.fail_task(METHODS[kind], fault)
        else:
            fake.plan.fail(METHODS[kind], fault)
        with pytest.raises(AiovirtError, match=r"read .* anew"):
            await host.domains.define(config)
        assert "sound" not in file_of(fake)
        assert sorted(file_of(fake).splitlines()) == sorted(before.splitlines())
        assert fake.plan.calls[METHODS[kind]] == 2
        await vm.start()
