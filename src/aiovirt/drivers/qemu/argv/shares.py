"""What host and guest have in common: folders, memory, sockets, keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiovirt.config import Filesystem, FilesystemDriver, Shmem
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.virtio import virtio_props
from aiovirt.drivers.qemu.argv.words import as_json, comma_list, socket_word
from aiovirt.model.addresses import SpaprVioAddress
from aiovirt.model.units import Bytes

__all__ = ["cryptos", "filesystems", "shmems", "tpms", "vsocks"]


def filesystems(guest: Guest) -> Iterator[str]:
    """Folders of the host's, by 9p or by a virtiofsd beside QEMU."""
    for device in guest.config.devices.filesystems:
        build = _virtiofs if device.driver.type == "virtiofs" else _9p
        yield from build(guest, device)


def _virtiofs(guest: Guest, device: Filesystem) -> Iterator[str]:
    name = f"chr-vu-{device.alias}"
    own = socket_word(guest.resources.folder / f"{device.alias}-fs.sock")
    yield from ("-chardev", comma_list("socket", {"id": name, "path": device.source.socket or own}))
    props = {
        "chardev": name,
        "queue-size": device.driver.queue or None,
        "tag": device.target,
        **virtio_props(device.driver),
    }
    yield from ("-device", guest.device(device, props))


_SECURITY_MODELS: Final = {
    "passthrough": "passthrough",
    "mapped": "mapped",
    "squash": "none",
}
_DRIVERS: Final = {"path": "local", "handle": "handle"}


def _9p(guest: Guest, device: Filesystem) -> Iterator[str]:
    name = f"fsdev-{device.alias}"
    kind = _driver_of(device)
    model = _SECURITY_MODELS[device.accessmode or "passthrough"]
    options = {
        "security_model": model if kind == "local" else None,
        "multidevs": device.multidevs,
        "fmode": _mode(device.fmode),
        "dmode": _mode(device.dmode),
        "writeout": device.driver.wrpolicy,
        "id": name,
        "path": device.source.dir,
        "readonly": True if device.readonly else None,
    }
    yield from ("-fsdev", comma_list(kind, options))
    props = {"fsdev": name, "mount_tag": device.target, **virtio_props(device.driver)}
    yield from ("-device", guest.device(device, props))


def _driver_of(device: Filesystem) -> str:
    word = device.driver.type or "path"
    if word not in _DRIVERS:
        raise FilesystemDriver.type.error(
            device.driver, f"QEMU serves no folders by {word}", expected="virtiofs"
        )
    return _DRIVERS[word]


def _mode(mode: int | None) -> str | None:
    return None if mode is None else f"{mode:04o}"


_SHARED_MEMORY: Final = Bytes(4 * 1024**2)


def shmems(guest: Guest) -> Iterator[str]:
    """Memory that guests share with each other, with or without a bell to ring."""
    for device in guest.config.devices.shmems:
        yield from (_doorbell if device.model == "ivshmem-doorbell" else _plain)(guest, device)


def _plain(guest: Guest, device: Shmem) -> Iterator[str]:
    name = f"shmmem-{device.alias}"
    memory = {
        "qom-type": "memory-backend-file",
        "id": name,
        "mem-path": f"/dev/shm/{device.name}",  # noqa: S108  where ivshmem's is
        "size": int(device.size or _SHARED_MEMORY),
        "share": True,
    }
    yield from ("-object", as_json(memory))
    props = {"memdev": name, "master": _ROLES.get(device.role or "")}
    yield from ("-device", guest.device(device, props))


def _doorbell(guest: Guest, device: Shmem) -> Iterator[str]:
    path = device.server_path or f"/var/lib/libvirt/shmem-{device.alias}-sock"
    bell = f"char{device.alias}"
    yield from ("-chardev", comma_list("socket", {"id": bell, "path": path}))
    props = {
        "chardev": bell,
        "vectors": device.msi_vectors or None,
        "ioeventfd": device.msi_ioeventfd is not False,
    }
    yield from ("-device", guest.device(device, props))


_ROLES: Final = {"master": "on", "peer": "off"}


def vsocks(guest: Guest) -> Iterator[str]:
    """The socket between host and guest."""
    device = guest.config.devices.vsock
    if not device:
        return
    fd = guest.resources.vhost.get(device.alias or "", -1)
    props = {
        "guest-cid": device.cid or 0,
        "vhostfd": str(fd),
        **virtio_props(device.driver),
    }
    yield from ("-device", guest.device(device, props))


def tpms(guest: Guest) -> Iterator[str]:
    """The security chip: the host's own, or a swtpm beside QEMU."""
    for device in guest.config.devices.tpms:
        name = f"tpm-{device.alias}"
        back = device.backend
        if device.model == _PROXY:
            yield from ("-device", guest.device(device, {"host-path": back.device}))
            continue
        if back.type == "passthrough":
            path = back.device or "/dev/tpm0"
            options = {"id": name, "path": path, "cancel-path": "/dev/null"}
            yield from ("-tpmdev", comma_list("passthrough", options))
        else:
            own = socket_word(guest.resources.folder / f"{device.alias}.sock")
            socket = back.source.path or own
            yield from ("-chardev", comma_list("socket", {"id": "chrtpm", "path": socket}))
            yield from ("-tpmdev", comma_list("emulator", {"id": name, "chardev": "chrtpm"}))
        address = device.address
        reg = address.reg if isinstance(address, SpaprVioAddress) else None
        yield from ("-device", guest.device(device, {"tpmdev": name, "reg": reg}))


_PROXY: Final = "spapr-tpm-proxy"
"""A chip of the host's that only secure guests of POWER speak to."""


def cryptos(guest: Guest) -> Iterator[str]:
    """Engines for ciphers."""
    for device in guest.config.devices.cryptos:
        name = f"obj{device.alias}"
        options = {
            "qom-type": f"cryptodev-backend-{device.backend or 'builtin'}",
            "id": name,
            "queues": device.queues or None,
        }
        yield from ("-object", as_json(options))
        props = {"cryptodev": name, **virtio_props(device.driver)}
        yield from ("-device", guest.device(device, props))
