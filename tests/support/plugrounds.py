"""Rounds of plugging: every kind of device comes and goes in guests that run, again and again.

    python tests/support/plugrounds.py                  30 rounds on pc and on q35
    python tests/support/plugrounds.py --rounds 3 pc    fewer, on one machine

After each round nothing of a device may be left: no block node, no object, no end of a character
device, no tap, no program.  Then each is plugged in once more and cancelled at each of its waits:
it is in, or nothing of it is left.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio
from guests import linux_config, none_left_running, read_until
from steps import run_cancelled_at

from aiovirt._open import open as open_host
from aiovirt.drivers.qemu.engine import plugging
from aiovirt.errors import AiovirtError, NotFound
from aiovirt.model.units import MiB
from aiovirt.objects import Domain
from aiovirt.testing import tinyguest

__all__ = ["MACHINES", "devices", "guest_xml", "left", "one_round"]

MACHINES: Final = ("pc", "q35")
ROUNDS: Final = 30
PATIENCE_S: Final = 60.0
"""How long a guest may take to let go here: the machine is busy, and it emulates its processor."""

_PORTS: Final = 8
_SPARE: Final = {
    "pc": "",
    "q35": "<controller type='pci' index='0' model='pcie-root'/>"
    + "<controller type='pci' model='pcie-root-port'/>" * _PORTS
    + "<controller type='pci' model='pcie-to-pci-bridge'/>",
}
_DISK: Final = (
    "<disk type='file'><driver name='qemu' type='{kind}'/><source file='{path}'/>"
    "<target dev='{name}' bus='{bus}'/>{more}</disk>"
)
_TUNED: Final = "<iotune><total_iops_sec>900</total_iops_sec><group_name>g</group_name></iotune>"


def devices(folder: Path) -> dict[str, str]:
    """A device of each kind that comes and goes, by what to call it; makes their files."""
    images = {}
    for kind in ("raw", "qcow2"):
        images[kind] = folder / f"plugged.{kind}"
        command = ["qemu-img", "create", "-q", "-f", kind, images[kind], "8M"]
        subprocess.run(command, check=True)

    def disk(name: str, bus: str, kind: str = "raw", more: str = "") -> str:
        return _DISK.format(kind=kind, path=images[kind], name=name, bus=bus, more=more)

    card = "<interface type='{}'><mac address='52:54:00:00:00:0{}'/><model type='{}'/></interface>"
    return {
        "disk": disk("vdb", "virtio"),
        "disk with limits": disk("vdc", "virtio", "qcow2", _TUNED),
        "SCSI disk": disk("sdb", "scsi"),
        "USB disk": disk("sdc", "usb"),
        "user card": card.format("user", 1, "virtio"),
        "tap card": card.format("ethernet", 2, "e1000e"),
        "rng": "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
        "watchdog": "<watchdog model='i6300esb' action='none'/>",
        "shmem": "<shmem name='plugged'><model type='ivshmem-plain'/><size unit='M'>4</size>"
        "</shmem>",
        "dimm": "<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target>"
        "</memory>",
        "channel": "<channel type='unix'><target type='virtio' name='org.example.0'/></channel>",
        "pty channel": "<channel type='pty'><target type='virtio' name='org.example.1'/></channel>",
        "console": "<console type='pty'><target type='virtio'/></console>",
        "serial port": "<serial type='pty'><target type='pci-serial' port='1'/></serial>",
        "USB tablet": "<input type='tablet' bus='usb'/>",
        "virtio mouse": "<input type='mouse' bus='virtio'/>",
        "SCSI controller": "<controller type='scsi' model='virtio-scsi' index='5'/>",
        "serial controller": "<controller type='virtio-serial' index='3'/>",
        "USB redirection": "<redirdev bus='usb' type='unix'>"
        f"<source mode='bind' path='{folder}/redir.sock'/></redirdev>",
        "panic device": "<panic model='pvpanic'/>",
    }


_UNUSED: Final = "memhp_default_state=offline"
"""The guest puts nothing into memory that comes: else it might not be able to let that go again."""


def guest_xml(guest: tinyguest.TinyGuest, machine: str) -> str:
    """A Linux with room for devices: for memory, on its buses, and on USB and SCSI."""
    config = linux_config(guest, f"plug-{machine}", machine)
    config.memory = MiB(320)  # memory that can grow costs it 64 MiB at once
    config.os.cmdline = f"{config.os.cmdline} {_UNUSED}"
    cell = "<cpu><numa><cell id='0' cpus='0' memory='320' unit='MiB'/></numa></cpu>"
    controllers = (
        "<controller type='scsi' model='virtio-scsi'/><controller type='usb' model='qemu-xhci'/>"
    )
    text = config.to_xml()
    text = text.replace("<vcpu", "<maxMemory slots='4' unit='MiB'>2048</maxMemory><vcpu", 1)
    text = text.replace("</devices>", f"{controllers}{_SPARE[machine]}</devices>")
    return text.replace("</domain>", f"{cell}</domain>")


async def left(vm: Domain) -> list[str]:
    """All that QEMU has beside its devices, and what of the host's is this guest's."""
    found: list[str] = []
    for command, name in (("query-named-block-nodes", "node-name"), ("query-chardev", "label")):
        told = await vm.monitor_command(command)
        assert isinstance(told, list)
        found += [f"{command} {each[name]}" for each in told]
    told = await vm.monitor_command("qom-list", {"path": "/objects"})
    assert isinstance(told, list)
    found += [f"object {each['name']}" for each in told]
    found += [f"device {each.alias}" for each in (await vm.config()).devices.all()]
    found += sorted(path.name for path in Path("/sys/class/net").glob("vnet*"))
    return found


async def one_round(vm: Domain, device: str) -> tuple[float, float]:
    """Plug a device in and pull it out; how many seconds each took.

    Raises:
        AssertionError: Something is left.
    """
    before = await left(vm)
    began = time.perf_counter()
    await vm.attach(device)
    there = time.perf_counter()
    await vm.detach(device)
    gone = time.perf_counter()
    assert set(await left(vm)) - set(before) <= {"device virtio-serial0"}, await left(vm)
    return there - began, gone - there


async def _cancelled(vm: Domain, device: str) -> int:
    """Cancel plugging at each of its waits; how many there are."""
    step = 0
    while True:
        step += 1
        before = await left(vm)
        waited = await run_cancelled_at(vm.attach(device), step)
        if waited and await left(vm) == before:
            continue
        try:
            await vm.detach(device)  # it is in: it was too late to give up
        except NotFound as error:
            raise AssertionError(f"cancelled at {step}: {await left(vm)}") from error
        if not waited:
            return step


async def _machine(machine: str, rounds: int, folder: Path) -> Sequence[str]:
    guest = tinyguest.build()
    failed: list[str] = []
    async with open_host(f"qemu:///embed?root={folder / 'root'}") as host:
        vm = await host.domains.define(guest_xml(guest, machine))
        await vm.start()
        try:
            async with vm.console() as console:
                await read_until(console, tinyguest.BANNER.encode())
            for name, device in devices(folder).items():
                failed += await _rounds(vm, f"{machine}: {name}", device, rounds)
        finally:
            with anyio.CancelScope(shield=True):
                await vm.destroy()
    return failed


async def _rounds(vm: Domain, name: str, device: str, rounds: int) -> list[str]:
    times: Mapping[str, list[float]] = {"in": [], "out": []}
    try:
        for _ in range(rounds):
            for way, seconds in zip(times, await one_round(vm, device), strict=True):
                times[way].append(seconds)
        waits = await _cancelled(vm, device)
    except (AiovirtError, AssertionError) as error:
        sys.stdout.write(f"{name:24} FAILED in round {len(times['in']) + 1}: {error}\n")
        return [name]
    best = {way: f"{1000 * min(found):4.0f} ms" for way, found in times.items()}
    sys.stdout.write(f"{name:24} in {best['in']}, out {best['out']}, cancelled at {waits} waits\n")
    return []


def main() -> int:
    """Run the rounds; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("machines", nargs="*", default=MACHINES)
    given = parser.parse_args()
    plugging.GONE_BOUND_S = PATIENCE_S  # type: ignore[misc]
    failed: list[str] = []
    for machine in given.machines:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            with none_left_running(folder / "root"):
                failed += anyio.run(_machine, machine, given.rounds, folder)
    sys.stdout.write(f"{len(failed)} failed: {', '.join(failed)}\n" if failed else "all went\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
