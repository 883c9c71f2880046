"""The document of a whole host that ``test:///PATH`` opens, in the format of libvirt's test driver.

Each thing is written out, or is in a file of its own that its ``file`` attribute names.
"""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._document import Document
from aiovirt.config._scalars import Number, Size, Text, number, size, text
from aiovirt.config.domain import DomainConfig
from aiovirt.config.hostinterface import HostInterfaceConfig
from aiovirt.config.network import NetworkConfig
from aiovirt.config.nodedev import NodeDeviceConfig
from aiovirt.config.secret import SecretConfig
from aiovirt.config.storage import StoragePoolConfig

__all__ = ["TestHostConfig"]


class TestHostConfig(Document, tag="node"):
    """A host in memory.

    Attributes:
        cpu_model: What its processors are called.
        mhz: How fast they are.
        active_cpus: How many there are.
        nodes: How many NUMA nodes.
        sockets: How many sockets a node has.
        cores: How many cores a socket has.
        threads: How many threads a core has.
        memory: How much memory it has.
    """

    __test__ = False

    cpu_model: Text = text("cpu/model")
    mhz: Number = number("cpu/mhz")
    active_cpus: Number = number("cpu/active")
    nodes: Number = number("cpu/nodes")
    sockets: Number = number("cpu/sockets")
    cores: Number = number("cpu/cores")
    threads: Number = number("cpu/threads")
    memory: Size = size("memory")
    domains: Many[DomainConfig] = children("domain", DomainConfig)
    networks: Many[NetworkConfig] = children("network", NetworkConfig)
    interfaces: Many[HostInterfaceConfig] = children("interface", HostInterfaceConfig)
    pools: Many[StoragePoolConfig] = children("pool", StoragePoolConfig)
    devices: Many[NodeDeviceConfig] = children("device", NodeDeviceConfig)
    secrets: Many[SecretConfig] = children("secret", SecretConfig)
