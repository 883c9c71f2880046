"""The daemon's settings: typed, documented where they are declared, read from a TOML file.

model.py    every key, its default, its bounds and what it means
reading.py  a TOML file -> `Settings`; what is wrong is named by file, line and key
writing.py  `Settings` -> the documented file that ``--print-config`` prints
"""

from __future__ import annotations

from aiovirt.daemon.settings.model import (
    AccessSettings,
    HostSettings,
    KeepaliveSettings,
    LimitSettings,
    LogSettings,
    Settings,
    SocketSettings,
    StateSettings,
    TcpSettings,
    TlsSettings,
)
from aiovirt.daemon.settings.reading import load_settings, read_settings
from aiovirt.daemon.settings.writing import print_settings

__all__ = [
    "AccessSettings",
    "HostSettings",
    "KeepaliveSettings",
    "LimitSettings",
    "LogSettings",
    "Settings",
    "SocketSettings",
    "StateSettings",
    "TcpSettings",
    "TlsSettings",
    "load_settings",
    "print_settings",
    "read_settings",
]
