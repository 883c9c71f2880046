"""What the phases of a migration hand on to each other, and what users may ask of one.

The cookies are the hypervisors' own: nobody between reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamValue

__all__ = [
    "MigrationBegun",
    "MigrationFinished",
    "MigrationOptions",
    "MigrationPrepared",
]


@dataclass(frozen=True, slots=True)
class MigrationBegun:
    """What the source gives for the destination: its cookie, and the domain's document."""

    cookie: bytes
    xml: str


@dataclass(frozen=True, slots=True)
class MigrationPrepared:
    """What the destination gives for the source: its cookie, and where it waits for the data."""

    cookie: bytes
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class MigrationFinished:
    """What the destination says at the end: the domain there, and a cookie for the source."""

    domain: DomainKey
    cookie: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationOptions:
    """How a domain moves. What is left out is the hypervisor's choice.

    Attributes:
        persistent: It is defined at the destination, too.
        undefine_source: Its definition at the source goes.
        paused: It stands still at the destination.
        unsafe: Move although the disks' caches may lose data.
        copy_storage: Copy the disks: ``all`` of their data, or only the newest layer (``inc``).
        synchronous_writes: The guest's writes wait for the copy of its disks.
        change_protection: Nobody changes the domain meanwhile; also refused where a host cannot.
        abort_on_error: Give up when a disk of the guest fails meanwhile.
        auto_converge: Slow the guest down until the rest can be moved.
        postcopy: Allow `start_post_copy` to let it run at the destination before all has moved.
        postcopy_resume: Go on with a move that broke after that.
        compressed: Compress the memory.
        parallel: Use several connections.
        tls: Encrypt the memory.
        zerocopy: Send the memory without copying it first.
        rdma_pin_all: Pin all of the memory before an RDMA move.
        tunnelled: Move the data within the daemons' connection; needs `peer_to_peer`.
        name: The domain's name at the destination.
        uri: Where the data goes, such as ``tcp://host`` or ``unix:///path``.
        graphics_uri: Where displays reconnect to.
        listen_address: The address at which the destination waits.
        disks: Targets of the disks that are copied.
        disks_uri: Where the disks' data goes.
        disks_port: The port for it.
        bandwidth: The most bytes in a second; a multiple of 1 MiB.
        postcopy_bandwidth: The same after `start_post_copy`.
        xml: The domain's document at the destination, where it must differ.
        persistent_xml: The document that is defined there.
        params: Further parameters by libvirt's names, such as ``parallel.connections``.
    """

    persistent: bool = False
    undefine_source: bool = False
    paused: bool = False
    unsafe: bool = False
    copy_storage: Literal["all", "inc"] | None = None
    synchronous_writes: bool = False
    change_protection: bool = False
    abort_on_error: bool = False
    auto_converge: bool = False
    postcopy: bool = False
    postcopy_resume: bool = False
    compressed: bool = False
    parallel: bool = False
    tls: bool = False
    zerocopy: bool = False
    rdma_pin_all: bool = False
    tunnelled: bool = False
    name: str | None = None
    uri: str | None = None
    graphics_uri: str | None = None
    listen_address: str | None = None
    disks: tuple[str, ...] = ()
    disks_uri: str | None = None
    disks_port: int | None = None
    bandwidth: int | None = None
    postcopy_bandwidth: int | None = None
    xml: str | None = None
    persistent_xml: str | None = None
    params: Mapping[str, ParamValue] = field(default_factory=dict)
