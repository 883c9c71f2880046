"""What computer the in-memory host is: the one of libvirt's own test driver. Facts only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiovirt.config.making import Element, choices, make, supported, to_text
from aiovirt.host.cpus import names_of
from aiovirt.model.host import HostCpuMap, HostCpuStats, NodeInfo
from aiovirt.model.params import ParamValue
from aiovirt.model.units import KiB

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World

__all__ = [
    "CPU_MAP",
    "CPU_STATS",
    "HOST_MODEL",
    "MACHINE",
    "NODE",
    "ComputerRoom",
    "capabilities",
    "domain_capabilities",
]

EMULATOR: Final = "/usr/bin/test-hv"
ARCH: Final = "i686"
MACHINE: Final = "pc-i440fx-7.2"
"""What a domain of a real hypervisor is that names no machine."""
HOST_MODEL: Final = "Penryn"
"""Which CPU it has, where CPUs are compared."""

NODE: Final = NodeInfo(
    model=ARCH, memory=KiB(3145728), cpus=16, mhz=1400, nodes=2, sockets=2, cores=2, threads=2
)
CPU_STATS: Final = HostCpuStats(
    kernel_ns=34678723400000, user_ns=9797400000, idle_ns=87264900000, iowait_ns=763600000
)
CPU_MAP: Final = HostCpuMap(present=8, online=frozenset({0, 2, 4}))

_KIB: Final = 1024
_CELL_CPUS: Final = 8


@dataclass(eq=False)
class Cell:
    """A NUMA node.

    Attributes:
        memory: Its memory, in bytes.
        free: What is free of it.
        total_pages: How many pages of each size there are, by the size in bytes.
        free_pages: How many of them are free.
    """

    memory: int
    free: int
    total_pages: dict[int, int]
    free_pages: dict[int, int] = field(
        default_factory=lambda: {
            4 * _KIB: 19,
            8 * _KIB: 45,
            2048 * _KIB: 97,
            1048576 * _KIB: 201,
        }
    )


class ComputerRoom:
    """What of the computer can change.

    Attributes:
        cells: Its NUMA nodes.
        sharing: How its kernel shares equal pages.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.cells = [
            Cell(2097152 * _KIB, 2048 * _KIB, _pages(4)),
            Cell(4194304 * _KIB, 4096 * _KIB, _pages(8)),
        ]
        self.sharing: dict[str, ParamValue] = {
            "shm_pages_to_scan": 100,
            "shm_sleep_millisecs": 20,
            "shm_pages_shared": 0,
            "shm_pages_sharing": 0,
            "shm_pages_unshared": 0,
            "shm_pages_volatile": 0,
            "shm_full_scans": 0,
            "shm_merge_across_nodes": 1,
        }


def _pages(small: int) -> dict[int, int]:
    return {small * _KIB: 524288, 2048 * _KIB: 0, 1048576 * _KIB: 0}


def capabilities(room: ComputerRoom) -> str:
    """The document that ``virsh capabilities`` prints."""
    host = make(
        "host",
        _cpu(room),
        make("power_management"),
        make("iommu", support="no"),
        make(
            "topology",
            make(
                "cells",
                *(_cell(number, cell) for number, cell in enumerate(room.cells)),
                num=len(room.cells),
            ),
        ),
        make("secmodel", make("model", "testSecurity"), make("doi", "")),
    )
    return to_text(make("capabilities", host, _guest("hvm"), _guest("xen")))


def _features() -> Element:
    return make("features", make("pae"), make("nonpae"))


def _cpu(room: ComputerRoom) -> Element:
    sizes = sorted(room.cells[0].free_pages)
    pages = (make("pages", unit="KiB", size=size // _KIB) for size in sizes)
    return make("cpu", make("arch", ARCH), _features(), *pages)


def _cell(number: int, cell: Cell) -> Element:
    pages = (
        make("pages", str(count), unit="KiB", size=size // _KIB)
        for size, count in cell.total_pages.items()
    )
    first = number * _CELL_CPUS
    cpus = (
        make(
            "cpu", id=first + core, socket_id=number, die_id=0, core_id=core, siblings=first + core
        )
        for core in range(_CELL_CPUS)
    )
    memory = make("memory", str(cell.memory // _KIB), unit="KiB")
    return make("cell", memory, *pages, make("cpus", *cpus, num=_CELL_CPUS), id=number)


def _guest(kind: str) -> Element:
    arch = make(
        "arch",
        make("wordsize", "32"),
        make("emulator", EMULATOR),
        make("domain", type="test"),
        name=ARCH,
    )
    return make("guest", make("os_type", kind), arch, _features())


def domain_capabilities(emulator: str, arch: str, machine: str | None, virt_type: str) -> str:
    """The document that ``virsh domcapabilities`` prints."""
    models = (make("model", name, usable="yes", deprecated="no") for name in names_of(arch) or ())
    return to_text(
        make(
            "domainCapabilities",
            make("path", emulator),
            make("domain", virt_type),
            make("machine", machine or MACHINE),
            make("arch", arch),
            make("vcpu", max=MAX_VCPUS),
            supported("iothreads"),
            supported("os", choices("firmware", ())),
            make(
                "cpu",
                supported(
                    "mode", choices("hostPassthroughMigratable", ("off",)), name="host-passthrough"
                ),
                supported("mode", make("model", HOST_MODEL, fallback="forbid"), name="host-model"),
                supported("mode", *models, name="custom"),
            ),
            supported("memoryBacking", choices("sourceType", _MEMORY)),
            _devices(),
            make("features", supported("vmcoreinfo", yes=False), supported("genid", yes=False)),
        )
    )


MAX_VCPUS: Final = 32
_MEMORY: Final = ("file", "anonymous", "memfd")


def _devices() -> Element:
    return make(
        "devices",
        supported(
            "disk",
            choices("diskDevice", ("disk", "cdrom", "floppy")),
            choices("bus", ("ide", "scsi", "virtio", "usb", "sata")),
            choices("model", ("virtio",)),
        ),
        supported("graphics", choices("type", ("vnc", "spice"))),
        supported("video", choices("modelType", ("vga", "cirrus", "virtio", "none"))),
        supported(
            "hostdev",
            choices("mode", ("subsystem",)),
            choices("startupPolicy", ("default", "mandatory", "requisite", "optional")),
            choices("subsysType", ("usb", "pci", "scsi")),
        ),
        supported("rng", choices("model", ("virtio",)), choices("backendModel", ("random",))),
    )
