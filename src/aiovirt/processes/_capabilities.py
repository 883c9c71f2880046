"""The names of Linux capabilities, in the order of their numbers (linux/capability.h)."""

from __future__ import annotations

import struct
from pathlib import Path

__all__ = ["CAPABILITIES", "capability_sets", "mask_of", "own_capabilities"]

_NAMES = """
    chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
    net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio
    sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time
    sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
    wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
"""
CAPABILITIES = {name: number for number, name in enumerate(_NAMES.split())}

_VERSION_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3: two 32-bit words a set


def mask_of(names: frozenset[str]) -> int:
    """Return the bits of the named capabilities."""
    return sum(1 << CAPABILITIES[name] for name in names)


def capability_sets(mask: int) -> tuple[bytes, bytes]:
    """Return capset(2)'s header and data that make a mask the whole of all three sets."""
    low, high = mask & 0xFFFFFFFF, mask >> 32
    return struct.pack("=Ii", _VERSION_3, 0), struct.pack("=6I", low, low, low, high, high, high)


def own_capabilities() -> int:
    """Return our effective capabilities, as bits."""
    status = Path("/proc/thread-self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return int(line.split()[1], 16)
