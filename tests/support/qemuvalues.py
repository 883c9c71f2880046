"""Values for tests of the QEMU driver: what two binaries can do, and fully equipped guests."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv import Resources, build
from aiovirt.drivers.qemu.binaries import BinaryCapabilities, CPUModel, Feature, Machine
from aiovirt.drivers.qemu.devices import assign_aliases, complete

__all__ = [
    "ARM",
    "MACHINES",
    "POWER",
    "RISCV",
    "S390",
    "X86",
    "arguments",
    "completed",
    "full",
    "options",
    "small",
]

_FEATURES = frozenset(
    value for name, value in vars(Feature).items() if name.isupper() and isinstance(value, str)
)


def _binary(path: str, arch: str, machines: tuple[Machine, ...], *cpus: str) -> BinaryCapabilities:
    return BinaryCapabilities(
        path=path,
        version=(7, 2, 0),
        package="",
        arch=arch,
        accelerators=("tcg",),
        machines=machines,
        cpu_models=tuple(CPUModel(name, f"{name}-{arch}-cpu", usable=True) for name in cpus),
        devices=frozenset({"virtio-blk-device", "virtio-blk-pci", "ide-hd", "VGA", "qxl-vga"}),
        objects=frozenset({"iothread", "rng-random", "memory-backend-ram"}),
        commands=frozenset({"query-version"}),
        options=frozenset({"sandbox"}),
        features=_FEATURES,
        gic_versions=(2, 3) if arch == "aarch64" else (),
    )


def _machine(name: str, alias: str, most: int, *, default: bool = False) -> Machine:
    cpu = "qemu64-x86_64-cpu"
    return Machine(name, alias, most, default=default, default_cpu=cpu, ram_id="pc.ram")


X86 = _binary(
    "/usr/bin/qemu-system-x86_64",
    "x86_64",
    (
        _machine("pc-i440fx-7.2", "pc", 255, default=True),
        _machine("pc-q35-7.2", "q35", 288),
        Machine("microvm", None, 288, default_cpu="qemu64-x86_64-cpu", ram_id="microvm.ram"),
        Machine("isapc", None, 1),
    ),
    "qemu64",
    "EPYC",
    "host",
    "max",
)
ARM = _binary(
    "/usr/bin/qemu-system-aarch64",
    "aarch64",
    (Machine("virt-7.2", "virt", 512, ram_id="mach-virt.ram"),),
    "cortex-a57",
    "max",
)
RISCV = _binary(
    "/usr/bin/qemu-system-riscv64", "riscv64", (Machine("virt", None, 512),), "rv64", "max"
)
S390 = _binary(
    "/usr/bin/qemu-system-s390x",
    "s390x",
    (Machine("s390-ccw-virtio-7.2", "s390-ccw-virtio", 248, ram_id="s390.ram"),),
    "qemu",
    "max",
)
POWER = _binary(
    "/usr/bin/qemu-system-ppc64",
    "ppc64",
    (Machine("pseries-7.2", "pseries", 1024, ram_id="ppc_spapr.ram"),),
    "power9",
    "max",
)
MACHINES = {"pc": X86, "q35": X86, "microvm": X86, "virt": ARM}

_COMMON = """
    <disk type='file'>
      <driver name='qemu' type='qcow2' cache='none' io='threads' discard='unmap'/>
      <source file='{folder}/a.qcow2'/><target dev='vda' bus='virtio'/><serial>one</serial>
      <iotune><total_iops_sec>100</total_iops_sec></iotune>
    </disk>
    <disk type='file'>
      <driver name='qemu' type='raw' cache='writethrough'{iothread}/>
      <source file='{folder}/b.raw'/><target dev='vdb' bus='virtio'/>
    </disk>
    <disk type='file'>
      <source file='{folder}/c.raw'/><target dev='sda' bus='scsi'/>
    </disk>
    <disk type='file' device='cdrom'>
      <source file='{folder}/d.iso'/><target dev='sdb' bus='scsi'/>
    </disk>
    <interface type='user'>
      <mac address='52:54:00:00:00:01'/><model type='virtio'/>
    </interface>
    <serial type='pty'><log file='{folder}/serial.log' append='on'/></serial>
    <console type='pty'><target type='serial'/></console>
    <console type='file'><source path='{folder}/out'/><target type='virtio'/></console>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='null'><target type='virtio' name='two'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <rng model='virtio'><rate bytes='1000'/><backend model='builtin'/></rng>
    <memballoon model='virtio'/>
    <input type='keyboard' bus='virtio'/>
"""
_PCI = """
    <interface type='user'>
      <model type='e1000'/><ip family='ipv4' address='10.9.0.0' prefix='24'/>
    </interface>
    <disk type='file'><source file='{folder}/e.raw'/><target dev='sdc' bus='usb'/></disk>
    <serial type='null'><target type='pci-serial'/></serial>
    <graphics type='vnc' passwd='secret!7' socket='{folder}/vnc.sock'/>
    <input type='tablet' bus='usb'/>
    <video><model type='{video}'/></video>
    <video><model type='virtio'/></video>
    <watchdog model='i6300esb' action='pause'/>
    <panic model='pvpanic'/>
    <sound model='{sound}'/>
"""
_PC = """
    <disk type='file' device='cdrom'><target dev='hdc' bus='{cdrom}'/></disk>
    <disk type='file' device='floppy'>
      <source file='{folder}/f.img'/><target dev='fda' bus='fdc'/>
    </disk>
    <panic model='isa'/>
    <controller type='usb' model='ich9-ehci1' index='1'/>
    <controller type='usb' model='ich9-uhci1' index='1'><master startport='0'/></controller>
    <controller type='usb' model='ich9-uhci2' index='1'><master startport='2'/></controller>
"""
_DEVICES = {
    "pc": _COMMON + _PCI + _PC,
    "q35": _COMMON + _PCI + _PC,
    "microvm": _COMMON,
    "virt": _COMMON + _PCI,
}
_WORDS = {
    "pc": {"video": "cirrus", "cdrom": "ide", "sound": "ich6"},
    "q35": {"video": "qxl", "cdrom": "sata", "sound": "ich9"},
    "microvm": {"iothread": ""},
    "virt": {"video": "virtio", "sound": "ac97"},
}
IMAGES = ("b.raw", "c.raw", "d.iso", "e.raw", "f.img")


def full(machine: str, folder: Path) -> DomainConfig:
    """Return a guest with nearly every device its machine can have, not completed."""
    binary = MACHINES[machine]
    words = {"folder": folder, "iothread": " iothread='1'", **_WORDS[machine]}
    devices = _DEVICES[machine].format(**words)
    return DomainConfig.parse(
        f"""<domain type='qemu'>
          <name>full,{machine}</name>
          <memory unit='MiB'>64</memory><vcpu current='1'>4</vcpu><iothreads>1</iothreads>
          <os><type arch='{binary.arch}' machine='{machine}'>hvm</type></os>
          <features>{"<acpi/>" if binary is X86 else ""}</features>
          <cpu mode='maximum'><topology sockets='2' cores='2' threads='1'/></cpu>
          <on_reboot>destroy</on_reboot>
          <devices>{devices}</devices>
        </domain>"""
    )


def small(devices: str = "", *, machine: str = "q35", more: str = "") -> DomainConfig:
    """Return a guest with these devices and further elements, not completed."""
    return DomainConfig.parse(
        f"""<domain type='qemu'><name>small</name><memory unit='MiB'>64</memory>
          <os><type machine='{machine}'>hvm</type></os>{more}
          <devices>{devices}</devices></domain>"""
    )


def completed(config: DomainConfig, binary: BinaryCapabilities = X86) -> DomainConfig:
    """Return it completed, with aliases."""
    complete(config, binary)
    assign_aliases(config)
    return config


def arguments(config: DomainConfig, binary: BinaryCapabilities = X86) -> tuple[str, ...]:
    """Return the command line of a guest that is not completed, with made-up resources."""
    config = completed(config, binary)
    return build(config, binary, Resources.imagined(config, Path("/run/guest")))


def options(argv: tuple[str, ...], name: str) -> list[str]:
    """Return the values of one option of a command line."""
    return [value for option, value in pairwise(argv) if option == name]
