"""Disks on servers: what QEMU's block driver of each protocol is told.

Source: BlockdevOptions in QEMU's qapi/block-core.json.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiovirt.config.devices.sources import DiskSource, DiskSourceHost
from aiovirt.drivers.qemu.argv.storage.images import Image
from aiovirt.drivers.qemu.argv.storage.secrets import (
    auth_secret,
    cookie_secret,
    key_secret,
    tls_credentials,
)

__all__ = ["PROTOCOLS"]

_PORTS: Final = {
    "nbd": 10809,
    "ssh": 22,
    "iscsi": 3260,
    "gluster": 24007,
    "sheepdog": 7000,
    "http": 80,
    "https": 443,
    "ftp": 21,
    "ftps": 990,
    "tftp": 69,
}
"""The usual port of each protocol's servers (virStorageSourceNetworkDefaultPort)."""


def _port(source: DiskSource, host: DiskSourceHost) -> int:
    return host.port if host.port is not None else _PORTS.get(source.protocol or "", 0)


def _address(source: DiskSource, host: DiskSourceHost) -> dict[str, object]:
    if host.transport == "unix":
        return {"type": "unix", "path": host.socket}
    return {"type": "inet", **_inet(source, host)}


def _inet(source: DiskSource, host: DiskSourceHost) -> dict[str, object]:
    if host.transport not in {None, "tcp"}:
        raise DiskSourceHost.transport.error(
            host, f"QEMU's {source.protocol} has no transport {host.transport!r}", expected="tcp"
        )
    return {"host": host.name, "port": str(_port(source, host))}


def _only_host(source: DiskSource) -> DiskSourceHost:
    hosts = list(source.hosts)
    if len(hosts) != 1:
        raise DiskSource.hosts.error(
            source, f"a disk of {source.protocol} has {len(hosts)} servers", expected="one"
        )
    return hosts[0]


def _split(source: DiskSource) -> tuple[str, str]:
    """``volume/path`` in its parts."""
    volume, slash, path = (source.name or "").lstrip("/").partition("/")
    if not slash or not path:
        raise DiskSource.name.error(
            source, f"{source.name!r} names no image", expected="VOLUME/IMAGE"
        )
    return volume, path


def _nbd(image: Image) -> dict[str, object]:
    source = image.source
    return {
        "driver": "nbd",
        "server": _address(source, _only_host(source)),
        "export": source.name,
        "tls-creds": tls_credentials(image),
        "tls-hostname": source.tls_hostname,
    }


def _ssh(image: Image) -> dict[str, object]:
    source = image.source
    return {
        "driver": "ssh",
        "path": source.name,
        "server": _inet(source, _only_host(source)),
        "user": image.auth.username if image.auth else None,
    }


def _iscsi(image: Image) -> dict[str, object]:
    source = image.source
    host = _only_host(source)
    target, _, lun = (source.name or "").partition("/")
    if lun and not lun.isdecimal():
        raise DiskSource.name.error(source, f"{lun!r} is no unit", expected="IQN/NUMBER")
    name = f"[{host.name}]" if ":" in (host.name or "") else host.name
    return {
        "driver": "iscsi",
        "portal": f"{name}:{_port(source, host)}",
        "target": target,
        "lun": int(lun or 0),
        "transport": "tcp",
        "user": image.auth.username if image.auth else None,
        "password-secret": auth_secret(image),
        "initiator-name": source.initiator,
    }


def _web(image: Image) -> dict[str, object]:
    source = image.source
    host = _only_host(source)
    path = source.name or ""
    name = f"[{host.name}]" if ":" in (host.name or "") else host.name
    url = f"{source.protocol}://{name}:{_port(source, host)}/{path.removeprefix('/')}"
    return {
        "driver": source.protocol,
        "url": f"{url}?{source.query}" if source.query else url,
        "username": image.auth.username if image.auth else None,
        "password-secret": auth_secret(image),
        "sslverify": source.ssl_verify,
        "cookie-secret": cookie_secret(image),
        "timeout": source.timeout,
        "readahead": source.readahead,
    }


def _rbd(image: Image) -> dict[str, object]:
    source = image.source
    pool, name = _split(source)
    secret = auth_secret(image)
    encryption = image.encryption
    by_rbd = encryption is not None and encryption.engine == "librbd"
    return {
        "driver": "rbd",
        "pool": pool,
        "image": name,
        "snapshot": source.snapshot,
        "conf": source.config,
        "server": [_inet(source, host) for host in source.hosts] or None,
        "encrypt": {"format": encryption.format, "key-secret": key_secret(image)}
        if encryption is not None and by_rbd
        else None,
        "user": image.auth.username if image.auth else None,
        "auth-client-required": ["cephx", "none"] if secret else None,
        "key-secret": secret,
    }


def _gluster(image: Image) -> dict[str, object]:
    source = image.source
    volume, path = _split(source)
    servers = [_address(source, host) for host in source.hosts]
    return {"driver": "gluster", "volume": volume, "path": path, "server": servers}


def _sheepdog(image: Image) -> dict[str, object]:
    source = image.source
    server = _address(source, _only_host(source))
    return {"driver": "sheepdog", "server": server, "vdi": source.name}


def _nfs(image: Image) -> dict[str, object]:
    source = image.source
    return {
        "driver": "nfs",
        "server": {"type": "inet", "host": _only_host(source).name},
        "path": source.name,
        "user": _number(source.identity_user),
        "group": _number(source.identity_group),
    }


def _number(text: str | None) -> int | None:
    """A user or group that NFS is told by number, which libvirt writes with a plus."""
    plain = (text or "").removeprefix("+")
    return int(plain) if plain.isdecimal() else None


PROTOCOLS: Final[dict[str, Callable[[Image], dict[str, object]]]] = {
    "nbd": _nbd,
    "ssh": _ssh,
    "iscsi": _iscsi,
    "rbd": _rbd,
    "gluster": _gluster,
    "nfs": _nfs,
    "sheepdog": _sheepdog,
    **dict.fromkeys(("http", "https", "ftp", "ftps", "tftp"), _web),
}
"""By protocol: the options of the storage node."""
