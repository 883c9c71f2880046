"""What polkit's rules are told of an operation: libvirt's actions, and its names for objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiovirt.daemon.access.subjects import Subject

__all__ = ["action_of", "details_of"]


def action_of(kind: str, word: str) -> str:
    """The action for a permission: ``org.libvirt.api.storage-pool.search-storage-vols``."""
    return f"org.libvirt.api.{kind}.{word}".replace("_", "-")


def details_of(subject: Subject | None, driver: str) -> Mapping[str, str]:
    """What rules see as ``action.lookup(…)``; the names are those of libvirt's access control."""
    found = {"connect_driver": driver}
    if subject is not None:
        found |= _DETAILS[subject.kind](subject)
    return {key: value for key, value in found.items() if value}


def _named(prefix: str) -> Callable[[Subject], dict[str, str]]:
    return lambda subject: {f"{prefix}_name": subject.name, f"{prefix}_uuid": subject.uuid}


_DETAILS: Mapping[str, Callable[[Subject], dict[str, str]]] = {
    "domain": _named("domain"),
    "network": _named("network"),
    "nwfilter": _named("nwfilter"),
    "storage_pool": _named("pool"),
    "storage_vol": lambda subject: {
        "pool_name": subject.pool,
        "vol_name": subject.name,
        "vol_key": subject.key,
    },
    "secret": lambda subject: {"secret_uuid": subject.uuid},
    "node_device": lambda subject: {"node_device_name": subject.name},
    "interface": lambda subject: {
        "interface_name": subject.name,
        "interface_macaddr": subject.key,
    },
    "network_port": lambda subject: {
        "network_name": subject.name,
        "network_port_uuid": subject.uuid,
    },
    "nwfilter_binding": lambda subject: {"nwfilter_binding_portdev": subject.name},
}
