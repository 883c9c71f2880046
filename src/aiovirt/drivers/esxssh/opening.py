"""What a URI says about the way to a host, and whether an ESX host is at its end."""

from __future__ import annotations

import math
from difflib import get_close_matches

from aiovirt.clients.libvirt.transports import read_parameters
from aiovirt.clients.libvirt.transports.shell import ssh_target
from aiovirt.drivers.esxssh.link import EsxLink
from aiovirt.drivers.esxssh.watcher import POLL_S
from aiovirt.errors import ConfigError, NotFound
from aiovirt.interfaces import OpenOptions
from aiovirt.model.uri import URI
from aiovirt.streams.ssh import SSHTarget

__all__ = ["PARAMETERS", "find_product", "poll_seconds", "target_of"]

PARAMETERS = (
    "keyfile",
    "known_hosts",
    "known_hosts_verify",
    "no_tty",
    "no_verify",
    "poll",
    "sshauth",
)
"""The parameters of a URI: those of libvirt's SSH transport that are about SSH, and ``poll``: the
seconds between two looks at the host while somebody listens to events."""


def target_of(uri: URI, options: OpenOptions) -> SSHTarget:
    """Where to log in, and how.

    Raises:
        ConfigError: The URI is wrong; its part is named.
    """
    if not uri.host:
        raise ConfigError(
            f"the connection URI {uri} names no host",
            field="host",
            hint="write esx+ssh://root@HOST/",
        )
    if uri.path.strip("/"):
        raise ConfigError(
            f"the connection URI {uri} has the path {uri.path}, but a host has no such parts",
            field="path",
            hint=f"write esx+ssh://{uri.host}/",
        )
    for name in uri.parameters:
        _check_parameter(uri, name)
    return ssh_target(uri, read_parameters(uri), options.credentials)


def _check_parameter(uri: URI, name: str) -> None:
    if name in PARAMETERS:
        return
    near = get_close_matches(name, PARAMETERS, n=1)
    raise ConfigError(
        f"the connection URI {uri} has the parameter {name!r}, which means nothing here",
        field=name,
        hint=f"did you mean {near[0]}?" if near else f"known: {', '.join(PARAMETERS)}",
    )


def poll_seconds(uri: URI) -> float:
    """The seconds between two looks.

    Raises:
        ConfigError: It is no such number.
    """
    text = uri.parameters.get("poll", str(POLL_S))
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if seconds > 0 and math.isfinite(seconds):
        return seconds
    raise ConfigError(
        f"the parameter 'poll' of the connection URI is {text!r}, and no number of seconds",
        field="poll",
        hint="write poll=10 for ten seconds",
    )


async def find_product(link: EsxLink) -> str:
    """What the host is, as ``VMware ESXi 8.0.2 build-22380479``.

    Raises:
        NotFound: It is no ESX host.
    """
    output = await link.run("vmware -v", "tell its version")
    product = output.text.strip()
    if output.status or "ESX" not in product:
        raise NotFound(
            f"{link.where} is no ESX host: it has no command vmware",
            hint="esx+ssh:// is for hosts with VMware ESX; qemu+ssh://HOST/system reaches libvirt",
        )
    return product
