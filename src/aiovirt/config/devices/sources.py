"""Where the data of a disk is: files, devices, servers, and how they are reached.

`DiskSource` has what all types of storage have; `SOURCE_LAWS` say which type has what, for every
element that holds a ``type`` and a ``source``.
"""

from __future__ import annotations

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._forms import (
    DISK_DEVICE,
    DISK_FILE,
    HOST,
    POOL_NAME,
    VOLUME_NAME,
    WORD,
    shaped,
)
from aiovirt.config._laws import Always, Apart, Fits, Needed, OneOf, Only, Single, SomeOf, With
from aiovirt.config._scalars import (
    Flag,
    Number,
    PathText,
    Switch,
    Text,
    Uuid,
    file_path,
    flag,
    number,
    text,
    uuid,
    yes_no,
)
from aiovirt.config._view import Law, View
from aiovirt.config.security import DeviceLabel
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.config.shared.pci import PciPlace

__all__ = [
    "DISK_TYPES",
    "OF_SERVERS",
    "SOURCE_LAWS",
    "Cookie",
    "Cookies",
    "DiskAuth",
    "DiskSlice",
    "DiskSource",
    "DiskSourceHost",
    "Reservations",
    "UnixSource",
]

DISK_TYPES = ("file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa")
PROTOCOLS = (
    "nbd",
    "rbd",
    "sheepdog",
    "gluster",
    "iscsi",
    "http",
    "https",
    "ftp",
    "ftps",
    "tftp",
    "vxhs",
    "nfs",
    "ssh",
)
_NAMED = tuple(word for word in PROTOCOLS if word not in {"nbd", "rbd"})
_SERVED = tuple(word for word in PROTOCOLS if word != "rbd")
_WEB = ("http", "https")
_FETCHED = (*_WEB, "ftp", "ftps")
OF_SERVERS = (
    "protocol",
    "name",
    "tls",
    "tls_hostname",
    "query",
    "hosts",
    "auth",
    "snapshot",
    "config",
    "initiator",
    "readahead",
    "timeout",
    "ssl_verify",
    "cookies",
    "identity",
    "identity_user",
    "identity_group",
)
"""What only sources on servers have."""

_IMAGES = ("file", "block", "dir", "volume", "nvme")
_SOURCES = {
    ("file", "fdgroup"): ("file",),
    ("dev",): ("block", "vhostvdpa"),
    ("dir",): ("dir",),
    OF_SERVERS: ("network",),
    ("pool", "volume", "mode"): ("volume",),
    ("managed", "namespace", "address"): ("nvme",),
    ("path", "reconnect_enabled", "reconnect_timeout"): ("vhostuser",),
    ("type",): ("nvme", "vhostuser"),
    ("startup_policy",): _IMAGES,
    ("encryption",): (*_IMAGES, "network"),
    ("reservations",): ("block",),
    ("labels",): ("file", "block", "volume"),
    ("index", "slice"): (*_IMAGES, "network", "vhostvdpa"),
}
"""Which types have what in their sources."""

_NEEDED = {
    "network": ("source.protocol",),
    "nvme": ("source.type", "source.namespace", "source.address"),
    "vhostuser": ("source.type", "source.path"),
}

SOURCE_LAWS: tuple[Law, ...] = (
    *(
        Only(kinds, tuple(f"source.{field}" for field in fields), default="file")
        for fields, kinds in _SOURCES.items()
    ),
    *(Needed((kind,), fields) for kind, fields in _NEEDED.items()),
    Needed(("dir",), ("source.dir",), beside="source"),
    Needed(("volume",), ("source.pool", "source.volume"), beside="source"),
    Fits(("nvme",), ("source.type",), form=OneOf("pci")),
    Fits(("vhostuser",), ("source.type",), form=OneOf("unix")),
)
"""Which ``type`` beside a ``source`` has what in it."""

_COOKIE_NAME = shaped(r"[!#$%&'*+\-.0-9A-Z^_`a-z|~]+", "a cookie's name (RFC 6265)")
_COOKIE_VALUE = shaped(
    r"\"?[!#$%&'()*+\-./0-9:>=<?@A-Z^_`\[\]a-z|~]+\"?", "a cookie's value (RFC 6265)"
)


class DiskSourceHost(View, tag="host"):
    """A server of a network disk."""

    name: Text = text("@name", form=HOST)
    port: Number = number("@port", high=65535)
    transport: Text = text("@transport", known=("tcp", "rdma", "unix"))
    socket: PathText = file_path("@socket")

    _laws_ = (
        Only(("tcp", "rdma"), ("name", "port"), by="transport", default="tcp"),
        Needed(("tcp", "rdma"), ("name",), by="transport", default="tcp"),
        Only(("unix",), ("socket",), by="transport", default="tcp"),
        Needed(("unix",), ("socket",), by="transport"),
    )


class DiskAuth(View, tag="auth"):
    """As whom the host speaks to the server: the password is a secret that libvirt keeps."""

    username: Text = text("@username", form=WORD, required=True)
    type: Text = text("secret/@type", known=("ceph", "iscsi"), required=True)
    secret_uuid: Uuid = uuid("secret/@uuid")
    secret_usage: Text = text("secret/@usage", form=POOL_NAME)

    _laws_ = (
        Always(("type",)),
        Apart(("secret_uuid",), ("secret_usage",)),
        SomeOf(("secret_usage", "secret_uuid")),
    )


class DiskSlice(View, tag="slice"):
    """The part of the file or device that holds the image, in bytes."""

    type: Text = text("@type", known=("storage",), required=True)
    offset: Number = number("@offset", high=MAX_UINT64, required=True)
    size: Number = number("@size", low=1, high=MAX_UINT64, required=True)

    def _complete_(self) -> None:
        """It is a part of the storage; there is no other kind."""
        self.type = "storage"


class UnixSource(View, tag="source"):
    """A UNIX socket that somebody else listens on, or connects to."""

    type: Text = text("@type", known=("unix",), required=True)
    path: PathText = file_path("@path", required=True)
    mode: Text = text("@mode", known=("server", "client"), required=True)
    reconnect_enabled: Switch = yes_no("reconnect/@enabled", required=True)
    reconnect_timeout: Number = number("reconnect/@timeout")


class Reservations(View, tag="reservations"):
    """Who handles SCSI persistent reservations: a helper of the host's, or one at a socket."""

    managed: Switch = yes_no("@managed")
    source: One[UnixSource] = child("source", UnixSource)


class Cookie(View, tag="cookie"):
    """What a web server is told with each request; the value may let one in, so it is secret."""

    name: Text = text("@name", form=_COOKIE_NAME, required=True)
    value: Text = text(".", form=_COOKIE_VALUE, required=True, secret=True)


class Cookies(View, tag="cookies"):
    """What a web server is told."""

    cookies: Many[Cookie] = children("cookie", Cookie)

    _laws_ = (Always(("cookies",)),)


class DiskSource(View, tag="source"):
    """Where the data is; which field counts is said by the disk's type.

    Attributes:
        fdgroup: The group of file descriptors that the client has handed over for the file.
        mode: Whether an iSCSI volume is read by the host's kernel or by the hypervisor itself.
        query: What follows ``?`` in the URL.
        tls_hostname: The name that the server's certificate must have.
        slice: The part that holds the image, where that is not all.
        auth: As whom the host speaks to the server.
        cookies: What a web server is told: in XML only where secrets are asked for.
        snapshot: The snapshot of an RBD image.
        config: The configuration file of the Ceph cluster.
        initiator: The name that the host has itself as an iSCSI initiator.
        readahead: How many bytes are read ahead.
        timeout: After how many seconds a request has failed.
        ssl_verify: Whether the server's certificate is looked at.
        startup_policy: What becomes of the disk where the source is missing.
        index: The number by which block jobs name this element of the chain; said by the host.
    """

    type: Text = text("@type", known=("pci", "unix"))
    file: PathText = file_path("@file", form=DISK_FILE)
    fdgroup: Text = text("@fdgroup")
    dev: Text = text("@dev", form=DISK_DEVICE)
    dir: PathText = file_path("@dir")
    path: PathText = file_path("@path")
    protocol: Text = text("@protocol", known=PROTOCOLS)
    name: Text = text("@name")
    query: Text = text("@query")
    tls: Switch = yes_no("@tls")
    tls_hostname: Text = text("@tlsHostname")
    pool: Text = text("@pool", form=POOL_NAME)
    volume: Text = text("@volume", form=VOLUME_NAME)
    mode: Text = text("@mode", known=("host", "direct"))
    managed: Switch = yes_no("@managed")
    namespace: Number = number("@namespace")
    index: Number = number("@index", low=1)
    startup_policy: Text = text("@startupPolicy", known=("mandatory", "requisite", "optional"))
    hosts: Many[DiskSourceHost] = children("host", DiskSourceHost)
    address: One[PciPlace] = child("address", PciPlace)
    snapshot: Text = text("snapshot/@name", form=WORD, required=True)
    config: PathText = file_path("config/@file", required=True)
    auth: One[DiskAuth] = child("auth", DiskAuth)
    labels: Many[DeviceLabel] = children("seclabel", DeviceLabel)
    encryption: One[StorageEncryption] = child("encryption", StorageEncryption)
    reservations: One[Reservations] = child("reservations", Reservations)
    initiator: Text = text("initiator/iqn/@name", required=True)
    ssl_verify: Switch = yes_no("ssl/@verify", required=True)
    cookies: One[Cookies] = child("cookies", Cookies, secret=True)
    readahead: Number = number("readahead/@size", low=1, high=MAX_UINT64, required=True)
    timeout: Number = number("timeout/@seconds", low=1, high=MAX_UINT64, required=True)
    slice: One[DiskSlice] = child("slices/slice", DiskSlice)
    reconnect_enabled: Switch = yes_no("reconnect/@enabled", required=True)
    reconnect_timeout: Number = number("reconnect/@timeout")
    identity: Flag = flag("identity")
    identity_user: Text = text("identity/@user", form=WORD)
    identity_group: Text = text("identity/@group", form=WORD)

    _laws_ = (
        Needed(("nfs",), ("identity",), by="protocol"),
        Only(("nfs",), ("identity",), by="protocol", default="nbd"),
        Needed(_NAMED, ("name",), by="protocol"),
        Needed(_SERVED, ("hosts",), by="protocol"),
        Single(tuple(word for word in _SERVED if word != "gluster"), ("hosts",), by="protocol"),
        Only(("nbd", "vxhs"), ("tls",), by="protocol"),
        Only(("nbd",), ("tls_hostname",), by="protocol"),
        Only(_WEB, ("query", "cookies"), by="protocol"),
        Only(("rbd", "iscsi", *_FETCHED), ("auth",), by="protocol"),
        Only(("rbd",), ("snapshot", "config"), by="protocol"),
        Only(("iscsi",), ("initiator",), by="protocol"),
        Only((*_FETCHED, "sheepdog", "tftp"), ("readahead", "timeout"), by="protocol"),
        Only(("https", "ftps"), ("ssl_verify",), by="protocol"),
        Only(
            tuple(word for word in PROTOCOLS if word not in {"vxhs", "nfs"}),
            ("encryption",),
            by="protocol",
        ),
        With(("fdgroup",), "file"),
    )
