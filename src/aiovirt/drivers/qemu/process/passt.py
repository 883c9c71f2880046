"""A user network by passt, which needs no rights: one for each interface. Source: passt(1)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig, Interface, PortForward, element
from aiovirt.drivers.qemu.process.helpers import Helper
from aiovirt.processes import Command

__all__ = ["passt_helpers", "passt_socket"]


def passt_socket(folder: Path, alias: str) -> Path:
    """Where the passt of an interface is reached, in QEMU's own folder."""
    return folder / f"{alias}-passt.sock"


def passt_helpers(config: DomainConfig, folder: Path, *, as_root: bool = False) -> Iterator[Helper]:
    """The programs for the interfaces of a live configuration.

    Args:
        config: The configuration.
        folder: QEMU's own folder.
        as_root: Whether QEMU runs as root, and they with it.
    """
    for interface in config.interfaces:
        if interface.type == "user" and interface.backend_type == "passt":
            alias = interface.alias or ""
            socket, pidfile = passt_socket(folder, alias), folder / f"{alias}-passt.pid"
            yield Helper(
                name=f"passt-{alias}",
                command=partial(_command, interface, socket, pidfile, as_root),
                socket=socket,
                listens=False,
                ready=partial(_has_written, pidfile),
            )


def _has_written(pidfile: Path) -> bool:
    """Whether passt has written its pid, which it does when it listens."""
    try:
        return bool(pidfile.read_bytes().strip())
    except OSError:
        return False


def _command(
    interface: Interface,
    socket: Path,
    pidfile: Path,
    as_root: bool,  # noqa: FBT001  bound beforehand
    _descriptor: int,
) -> Command:
    # It runs in the folder of both, so that no path is too long for it.
    words = ["--foreground", "--one-off", "--socket", socket.name, "--pid", pidfile.name]
    # By itself it would become nobody, who gets at nothing here.
    words += ["--runas", "0:0"] if as_root else []
    words += ["--mac-addr", str(interface.mac)] if interface.mac else []
    words += ["--mtu", str(interface.mtu)] if interface.mtu else []
    words += ["--interface", interface.source.dev] if interface.source.dev else []
    node = element(interface)
    backend = None if node is None else node.find("backend")
    log_file = None if backend is None else backend.get("logFile")
    words += ["--log-file", log_file] if log_file else ["--stderr"]
    for ip in interface.ips:
        words += ["--address", str(ip.address)]
        if ip.prefix and ip.family != "ipv6":
            words += ["--netmask", str(ip.prefix)]
    for forward in interface.port_forwards:
        words += [_PORTS[forward.proto or "tcp"], _ports(forward)]
    return Command.of("passt", *words)


_PORTS: Final = {"tcp": "--tcp-ports", "udp": "--udp-ports"}


def _ports(forward: PortForward) -> str:
    """passt's words for the ports of one element: ``ADDRESS%DEVICE/2000-2010:3000-3010,~2005``."""
    place = str(forward.address or "") + (f"%{forward.dev}" if forward.dev else "")
    return (f"{place}/" if place else "") + (",".join(_ranges(forward)) or "all")


def _ranges(forward: PortForward) -> Iterator[str]:
    for ports in forward.ranges:
        start, end, to = ports.start or 0, ports.end, ports.to
        text = f"{'~' if ports.exclude else ''}{start}" + (f"-{end}" if end else "")
        if to:
            text += f":{to}" + (f"-{end + to - start}" if end else "")
        yield text
