"""Memory that is plugged in: modules, persistent memory, and memory by virtio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import MemoryDevice, MemoryTarget
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.memory import aligned, backend
from aiovirt.drivers.qemu.argv.words import as_json
from aiovirt.model.addresses import DimmAddress

__all__ = ["enclaves", "has_nvdimm", "modules"]

_ENCLAVE: Final = "sgx-epc"


def modules(guest: Guest) -> Iterator[str]:
    """The memory that is plugged in, each with what backs it.

    Raises:
        XMLError: Persistent memory of POWER has no room beside its label.
    """
    for device in guest.config.devices.memories:
        yield from ("-object", as_json(_backend(guest, device)))
        if device.model != _ENCLAVE:
            yield from ("-device", guest.device(device, _props(device)))


def has_nvdimm(guest: Guest) -> bool:
    """Whether there is persistent memory, which the machine must be told."""
    return any(device.model == "nvdimm" for device in guest.config.devices.memories)


def enclaves(guest: Guest) -> dict[str, object]:
    """What the machine is told of memory for enclaves."""
    found: dict[str, object] = {}
    each = (device for device in guest.config.devices.memories if device.model == _ENCLAVE)
    for number, device in enumerate(each):
        found[f"sgx-epc.{number}.memdev"] = f"mem{device.alias}"
        if device.target.node is not None:
            found[f"sgx-epc.{number}.node"] = device.target.node
    return found


def _backend(guest: Guest, device: MemoryDevice) -> dict[str, object]:
    name = f"mem{device.alias}"
    source = device.source
    size = _size(guest, device)
    made = backend(guest, name, size, cell=device.target.node)
    if device.model == _ENCLAVE:
        return {"qom-type": "memory-backend-epc", "id": name, "prealloc": True, "size": size}
    if source.path is not None:
        persistent = device.model == "nvdimm"
        return {
            "qom-type": "memory-backend-file",
            "id": name,
            "mem-path": source.path.strip(),
            "share": True if not persistent else _share(made, device),
            "prealloc": True if persistent and not source.pmem else None,
            "size": made["size"],
            "align": _number(source.alignsize),
            "pmem": True if source.pmem else None,
        }
    if source.pagesize is not None:
        page = int(source.pagesize)
        made |= {"qom-type": "memory-backend-memfd", "hugetlb": True, "hugetlbsize": page}
        made |= {"mem-path": None, "discard-data": None}
    if device.model == "virtio-mem":
        made |= {"reserve": False, "prealloc": None}
    return made


def _size(guest: Guest, device: MemoryDevice) -> int:
    """The bytes of a module: whole steps.

    POWER wants them beside the label, and what is in a file grows by none: libvirt's
    qemuDomainNVDimmAlignSizePseries.
    """
    size, step = int(device.target.size or 0), guest.family.module_step
    if device.model == "nvdimm" and guest.family.name == "pseries":
        label = int(device.target.label_size or 0)
        if size < step + label:
            raise MemoryTarget.size.error(
                device.target,
                "persistent memory of POWER is too small",
                expected=f"{step} beside its label at least",
            )
        return (size - label) // step * step + label
    return aligned(size, step)


def _number(size: int | None) -> int | None:
    return None if size is None else int(size)


def _share(made: dict[str, object], device: MemoryDevice) -> bool | None:
    if device.access is not None:
        return device.access == "shared"
    share = made.get("share")
    return share if isinstance(share, bool) else None


def _props(device: MemoryDevice) -> dict[str, object]:
    own = f"mem{device.alias}"
    target = device.target
    if (device.model or "").startswith("virtio-"):
        return {
            "node": target.node,
            "block-size": _number(target.block),
            "requested-size": _number(target.requested),
            "memdev": own,
        }
    place = device.address if isinstance(device.address, DimmAddress) else None
    return {
        "node": target.node,
        "memdev": own,
        "label-size": _number(target.label_size),
        "unarmed": True if target.readonly else None,
        "uuid": None if device.uuid is None else str(device.uuid),
        "slot": place.slot if place else None,
        "addr": place.base if place else None,
    }
