"""How the host's network interfaces are set up, as the kernel tells in /sys/class/net."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiovirt.config import HostInterfaceConfig
from aiovirt.config.hostinterface import LINK_STATES, BridgePort, HostBridge
from aiovirt.model.keys import HostInterfaceKey
from aiovirt.model.network import HostInterfaceRecord

__all__ = ["read_interface", "read_interfaces"]

_NET: Final = Path("/sys/class/net")
_IFF_UP: Final = 0x1
_DELAYS: Final = 100
"""The kernel counts a bridge's delays in hundredths of seconds."""


def read_interfaces(folder: Path = _NET) -> list[HostInterfaceRecord]:
    """All of them, by name."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        up = bool(int(_text(path / "flags") or "0", 16) & _IFF_UP)
        found.append(HostInterfaceRecord(HostInterfaceKey(path.name, _text(path / "address")), up))
    return found


def read_interface(name: str, folder: Path = _NET) -> HostInterfaceConfig:
    """One, as it is now: a bridge with what is below it, anything else as a card."""
    path = folder / name
    is_bridge = (path / "bridge").is_dir()
    config = HostInterfaceConfig(type="bridge" if is_bridge else "ethernet", name=name)
    mtu = _text(path / "mtu")
    config.mtu = int(mtu) if mtu.isdecimal() else None
    if is_bridge:
        config.bridge = _bridge(path)
    else:
        _say_link(config, path)
    return config


def _bridge(path: Path) -> HostBridge:
    delay = _text(path / "bridge/forward_delay")
    ports = [BridgePort.of(each.name) for each in sorted(path.glob("brif/*"))]
    for port in ports:
        _say_link(port, path.parent / (port.name or ""))
    return HostBridge(
        stp=_text(path / "bridge/stp_state") not in {"", "0"},
        delay=f"{int(delay) / _DELAYS:g}" if delay.isdecimal() else None,
        ports=ports,
    )


def _say_link(config: HostInterfaceConfig | BridgePort, path: Path) -> None:
    state = _text(path / "operstate")
    config.link_state = state if state in LINK_STATES else None
    config.mac = _text(path / "address") or None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
