"""The host's capabilities as libvirt's XML: the host, then one guest for each binary.

The form is that of libvirt's capability.rng.  What is not known of a host is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from aiovirt.drivers.qemu.binaries.capabilities import BinaryCapabilities, Machine
from aiovirt.drivers.qemu.hostinfo.confinements import NOTHING, Confinement
from aiovirt.drivers.qemu.hostinfo.host import Cache, Cell, Host, Processor
from aiovirt.drivers.qemu.hostinfo.xml import Element, make, to_text
from aiovirt.host.cpus import HostCpu

__all__ = ["capabilities_xml"]

_WORD_SIZES: Final = {"i686": 32, "armv6l": 32, "armv7l": 32, "ppc": 32, "riscv32": 32}
_ACPI_ARCHES: Final = ("x86_64", "i686", "aarch64")
_X86: Final = ("x86_64", "i686")
_BIG_LEVEL, _KIB = 3, 1024


def capabilities_xml(
    host: Host,
    emulators: Iterable[BinaryCapabilities],
    processor: HostCpu | None = None,
    confinements: Iterable[Confinement] = (NOTHING,),
) -> str:
    """The document that ``virsh capabilities`` prints.

    Args:
        host: What the host is.
        emulators: The QEMU binaries that are installed.
        processor: What its processor says of itself, if it can be asked.
        confinements: What keeps guests apart, the chief one first.
    """
    guests = (_guest(binary) for binary in emulators)
    return to_text(make("capabilities", _host(host, processor, confinements), *guests))


def _host(host: Host, processor: HostCpu | None, confinements: Iterable[Confinement]) -> Element:
    return make(
        "host",
        make("uuid", str(host.uuid)) if host.uuid else None,
        _cpu(host, processor),
        make("power_management"),
        make("iommu", support="no"),
        make(
            "migration_features",
            make("live"),
            make("uri_transports", make("uri_transport", "tcp")),
        ),
        make("topology", _cells(host.cells)),
        _caches(host.caches),
        *map(_secmodel, confinements),
    )


def _secmodel(confinement: Confinement) -> Element:
    labels = (make("baselabel", text, type=kind) for kind, text in confinement.labels.items())
    return make("secmodel", make("model", confinement.model), make("doi", confinement.doi), *labels)


def _cpu(host: Host, processor: HostCpu | None) -> Element:
    sizes = sorted({size for cell in host.cells for size in cell.pages})
    vendor = processor.cpu.vendor if processor else host.vendor
    own = _processor(processor) if processor else {}
    return make(
        "cpu",
        make("arch", host.arch),
        make("model", processor.cpu.model) if processor and processor.cpu.model else None,
        make("vendor", vendor) if vendor else None,
        *own.get("before", ()),
        _topology(host.processors),
        *own.get("behind", ()),
        *(make("pages", unit="KiB", size=size) for size in sizes),
    )


def _processor(found: HostCpu) -> dict[str, list[Element]]:
    """What is told before and behind the topology of a processor."""
    family, model, stepping = found.signature
    before = [make("signature", family=family, model=model, stepping=stepping)]
    if found.microcode:
        before.insert(0, make("microcode", version=found.microcode))
    if found.tsc is not None:
        hertz, scaling = found.tsc
        scales = "yes" if scaling else "no"
        before.append(make("counter", name="tsc", frequency=hertz, scaling=scales))
    bits = found.address_bits
    behind = [make("maxphysaddr", mode="emulate", bits=bits)] if bits else []
    return {"before": before, "behind": [*behind, *_features_of(found)]}


def _features_of(found: HostCpu) -> Iterator[Element]:
    return (make("feature", name=name) for name in found.cpu.features)


def _caches(caches: tuple[Cache, ...]) -> Element | None:
    """The big caches, as libvirt shows them: from the third level on."""
    banks = [
        make(
            "bank",
            id=each.id,
            level=each.level,
            type=each.kind,
            size=each.size_kib // _KIB if each.size_kib % _KIB == 0 else each.size_kib,
            unit="MiB" if each.size_kib % _KIB == 0 else "KiB",
            cpus=each.cpus,
        )
        for each in caches
        if each.level >= _BIG_LEVEL
    ]
    return make("cache", *banks) if banks else None


def _topology(processors: tuple[Processor, ...]) -> Element | None:
    """Sockets per cell, dies per socket and so on, as far as they are all alike."""
    sockets = {p.socket for p in processors}
    dies = {(p.socket, p.die) for p in processors}
    cores = {(p.socket, p.die, p.core) for p in processors}
    if not processors or len(processors) % len(cores) or len(cores) % len(dies):
        return None
    return make(
        "topology",
        sockets=len(sockets),
        dies=len(dies) // len(sockets),
        cores=len(cores) // len(dies),
        threads=len(processors) // len(cores),
    )


def _cells(cells: tuple[Cell, ...]) -> Element:
    return make("cells", *(_cell(cell) for cell in cells), num=len(cells))


def _cell(cell: Cell) -> Element:
    distances = (make("sibling", id=i, value=value) for i, value in cell.distances.items())
    pages = (make("pages", str(n), unit="KiB", size=size) for size, n in cell.pages.items())
    cpus = (
        make(
            "cpu",
            id=cpu.id,
            socket_id=cpu.socket,
            die_id=cpu.die,
            core_id=cpu.core,
            siblings=cpu.siblings,
        )
        for cpu in cell.processors
    )
    return make(
        "cell",
        make("memory", str(cell.memory_kib), unit="KiB"),
        *pages,
        make("distances", *distances) if cell.distances else None,
        make("cpus", *cpus, num=len(cell.processors)),
        id=cell.id,
    )


def _guest(binary: BinaryCapabilities) -> Element:
    # Who has no wish takes the first machine, so that must be the one that QEMU would take.
    machines = sorted(binary.machines, key=lambda machine: not machine.default)
    domains = ("qemu", "kvm") if binary.kvm else ("qemu",)
    return make(
        "guest",
        make("os_type", "hvm"),
        make(
            "arch",
            make("wordsize", str(_WORD_SIZES.get(binary.arch, 64))),
            make("emulator", binary.path),
            *(element for machine in machines for element in _machine(machine)),
            *(make("domain", type=domain) for domain in domains),
            name=binary.arch,
        ),
        _features(binary.arch),
    )


def _machine(machine: Machine) -> Iterator[Element]:
    limits = {"maxCpus": machine.max_cpus, "deprecated": "yes" if machine.deprecated else None}
    yield make("machine", machine.name, **limits)
    if machine.alias:
        yield make("machine", machine.alias, canonical=machine.name, **limits)


def _features(arch: str) -> Element:
    return make(
        "features",
        *(make(name) for name in ("pae", "nonpae") if arch == "i686"),
        make("acpi", default="on", toggle="yes") if arch in _ACPI_ARCHES else None,
        make("apic", default="on", toggle="no") if arch in _X86 else None,
        make("cpuselection"),
        make("deviceboot"),
        make("disksnapshot", default="on", toggle="no"),
    )
