"""The devices of the host, as the kernel tells in /sys: PCI, network, disks.

All paths lie below a root that tests may set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiovirt.drivers.qemu.hostinfo.xml import Element, make, to_text

__all__ = ["HostDevice", "read_devices"]

_PCI: Final = re.compile(r"([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")
_SECTOR: Final = 512
_UNREAL: Final = ("loop", "ram", "zram", "dm-", "md")
_ROOT: Final = "computer"


@dataclass(frozen=True)
class HostDevice:
    """One device.

    Attributes:
        name: libvirt's name of it.
        kind: What it is: ``system``, ``pci``, ``net`` or ``storage``.
        parent: The name of the device that it belongs to, or None for the host itself.
        xml: What is known of it, as libvirt's ``<device>``.
    """

    name: str
    kind: str
    parent: str | None
    xml: str


def read_devices(root: Path = Path("/")) -> list[HostDevice]:
    """The host itself, then its devices."""
    found = [_system(root)]
    found += _pci_devices(root)
    known = {device.name for device in found}
    found += [_net(path, known) for path in _folders(root / "sys/class/net")]
    found += [
        _disk(path, known)
        for path in _folders(root / "sys/class/block")
        if not path.name.startswith(_UNREAL) and not (path / "partition").exists()
    ]
    return found


def _folders(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _device(
    name: str, kind: str, parent: str | None, path: Path | None, *parts: Element | None
) -> HostDevice:
    driver = None if path is None else _driver(path)
    document = make(
        "device",
        make("name", name),
        make("path", str(path.resolve())) if path is not None else None,
        make("parent", parent) if parent else None,
        make("driver", make("name", driver)) if driver else None,
        make("capability", *parts, type=kind),
    )
    return HostDevice(name, kind, parent, to_text(document))


def _driver(path: Path) -> str | None:
    link = path / "driver"
    return link.resolve().name if link.exists() else None


def _system(root: Path) -> HostDevice:
    dmi = root / "sys/class/dmi/id"
    vendor, product = _text(dmi / "sys_vendor"), _text(dmi / "product_name")
    hardware = make(
        "hardware",
        make("vendor", vendor) if vendor else None,
        make("uuid", _text(dmi / "product_uuid") or "00000000-0000-0000-0000-000000000000"),
    )
    firmware = make("firmware")
    name = make("product", product) if product else None
    return _device(_ROOT, "system", None, None, name, hardware, firmware)


def _pci_devices(root: Path) -> Iterator[HostDevice]:
    for path in _folders(root / "sys/bus/pci/devices"):
        place = _PCI.fullmatch(path.name)
        if place is None:
            continue
        words = ("domain", "bus", "slot", "function")
        numbers = [str(int(part, 16)) for part in place.groups()]
        parts: list[Element | None] = [
            make("class", _text(path / "class")),
            *(make(word, number) for word, number in zip(words, numbers, strict=True)),
            make("product", id=_text(path / "device")),
            make("vendor", id=_text(path / "vendor")),
        ]
        yield _device(_pci_name(place), "pci", _ROOT, path, *parts)


def _pci_name(place: re.Match[str]) -> str:
    return "pci_" + "_".join(place.groups())


def _parent(path: Path, known: set[str]) -> str:
    """The nearest PCI device that something belongs to, else the host."""
    for part in reversed(path.resolve().parts):
        place = _PCI.fullmatch(part)
        if place is not None and _pci_name(place) in known:
            return _pci_name(place)
    return _ROOT


def _net(path: Path, known: set[str]) -> HostDevice:
    address = _text(path / "address")
    name = f"net_{path.name}_{address.replace(':', '_')}" if address else f"net_{path.name}"
    state = _text(path / "operstate")
    parts = (
        make("interface", path.name),
        make("address", address) if address else None,
        make("link", state="up" if state == "up" else "down"),
        make("capability", type="80203") if _text(path / "type") == "1" else None,
    )
    return _device(name, "net", _parent(path, known), path, *parts)


def _disk(path: Path, known: set[str]) -> HostDevice:
    sectors = _text(path / "size")
    size = int(sectors) * _SECTOR if sectors.isdecimal() else 0
    parts = (
        make("block", f"/dev/{path.name}"),
        make("drive_type", "disk"),
        make("size", str(size)),
        make("logical_block_size", _text(path / "queue/logical_block_size") or "512"),
        make("num_blocks", sectors or "0"),
    )
    name = "block_" + re.sub(r"[^A-Za-z0-9]", "_", path.name)
    return _device(name, "storage", _parent(path, known), path, *parts)
