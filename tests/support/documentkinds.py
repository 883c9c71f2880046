"""libvirt's documents: the class for each, by the name of libvirt's grammar for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from lxml import etree

from aiovirt.config import (
    BackupConfig,
    CheckpointConfig,
    Document,
    HostInterfaceConfig,
    NetworkConfig,
    NetworkFilterBindingConfig,
    NetworkFilterConfig,
    NetworkPortConfig,
    NodeDeviceConfig,
    SecretConfig,
    SnapshotConfig,
    StoragePoolConfig,
    StorageVolumeConfig,
)

Grammars: TypeAlias = Callable[[str], etree.RelaxNG]

KINDS: dict[str, type[Document]] = {
    "network": NetworkConfig,
    "networkport": NetworkPortConfig,
    "storagepool": StoragePoolConfig,
    "storagevol": StorageVolumeConfig,
    "secret": SecretConfig,
    "nodedev": NodeDeviceConfig,
    "interface": HostInterfaceConfig,
    "nwfilter": NetworkFilterConfig,
    "nwfilterbinding": NetworkFilterBindingConfig,
    "domainsnapshot": SnapshotConfig,
    "domaincheckpoint": CheckpointConfig,
    "domainbackup": BackupConfig,
}
