"""Memory and processors of machines of an ESX host by SSH."""

from __future__ import annotations

from pathlib import Path

import anyio.lowlevel
import counterparts
import pytest
from esxshell.lab import EsxLab
from esxshell.state import read_vmx

from aiovirt.errors import (
    Busy,
    CallerError,
    ConfigError,
    InvalidState,
    RemoteError,
    Unsupported,
)
from aiovirt.interfaces import Processors
from aiovirt.model.units import MiB
from aiovirt.objects import Connection, Domain

RELOADING = """\
cd $ESX_STATE
if [ $1 = vmsvc/reload ]; then
  [ -e refuse ] && exit 1
  [ -e stall ] && mv stall stalled && sleep 60
fi
exec real "$@"
"""

pytestmark = [pytest.mark.anyio, pytest.mark.real]


def write_script(path: Path, lines: str) -> None:
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


async def test_sizes_of_a_machine_that_is_off(host: Connection, vm: Domain, esx: EsxLab) -> None:
    assert await vm.max_memory() == MiB(64)
    await vm.set_memory(MiB(250), maximum=True, config=True)
    assert esx.machine("web1")["settings"]["memsize"] == "252"
    await vm.set_memory(MiB(128))
    assert esx.machine("web1")["settings"]["sched.mem.max"] == "128"
    info = await vm.info()
    assert (info.max_memory, info.memory) == (MiB(252), MiB(128))
    await vm.set_vcpu_count(3)
    assert esx.machine("web1")["settings"]["numvcpus"] == "3"
    assert await vm.vcpu_count() == 3
    assert await vm.max_vcpus() == await vm.vcpu_count(maximum=True) == 768
    assert await host.driver.ability(Processors).host_cpu_count() == 40


async def test_what_cannot_be_is_not_written(host: Connection, esx: EsxLab) -> None:
    esx.add("theirs", **{"sched.cpu.affinity": "0,1", "cpuid.coresPerSocket": "2"})
    vm, path = await host.domains.get("theirs"), esx.store() / "theirs" / "machine.vmx"
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"sched\.cpu\.affinity"):
        await vm.set_vcpu_count(4)
    with pytest.raises(CallerError, match="768"):
        await vm.set_vcpu_count(770)
    with pytest.raises(Unsupported):
        await vm.set_vcpu_count(2, maximum=True)
    for change in (vm.set_memory, vm.set_vcpu_count):
        with pytest.raises(CallerError):
            await change(0)
    await vm.start()
    for grow in (vm.set_memory(MiB(32)), vm.set_vcpu_count(1)):
        with pytest.raises(InvalidState, match="is not off") as caught:
            await grow
        assert "esx://127.0.0.1/" in (caught.value.hint or "")
    assert path.read_bytes() == before


async def give_up(vm: Domain, stalled: Path) -> None:
    """Cancel a change once a file tells that a command on the host stands still."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(vm.set_memory, MiB(32))
        while not stalled.exists():
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    stalled.unlink()


async def test_what_happens_while_a_file_is_written(vm: Domain, esx: EsxLab) -> None:
    """It is given up, somebody edits it, the host refuses it, or somebody starts the machine."""
    path, programs = esx.store() / "web1" / "web1.vmx", esx.folder / "bin"
    with esx.hold("power.getstate") as holding:
        await give_up(vm, holding)
    (programs / "vim-cmd").rename(programs / "real")
    write_script(programs / "vim-cmd", RELOADING)
    (esx.folder / "stall").touch()
    await give_up(vm, esx.folder / "stalled")
    assert "sched.mem.max" not in read_vmx(path)
    (programs / "wc").unlink()
    harms = (
        (f"echo '# mine' >> '{path}'", Busy),
        ("touch $ESX_STATE/refuse", RemoteError),
        ("vim-cmd vmsvc/power.on 1 > /dev/null", InvalidState),
    )
    for harm, error in harms:
        write_script(programs / "wc", f'{harm}\nexec {counterparts.program("busybox")} wc "$@"')
        with pytest.raises(error):
            await vm.set_memory(MiB(32))
        assert "sched.mem.max" not in read_vmx(path)
    assert [each.name for each in path.parent.iterdir()] == ["web1.vmx"]
