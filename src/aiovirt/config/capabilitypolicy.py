"""Which of Linux's capabilities a container's processes have."""

from __future__ import annotations

from aiovirt.config._scalars import Switch, Text, switch, text
from aiovirt.config._view import View

__all__ = ["CapabilityPolicy"]


class CapabilityPolicy(View, tag="capabilities"):
    """The capabilities (capabilities(7)): what is on or off against the policy.

    Attributes:
        policy: What holds for those that are not named.
    """

    policy: Text = text("@policy", known=("default", "allow", "deny"), required=True)
    audit_control: Switch = switch("audit_control", required=True)
    audit_write: Switch = switch("audit_write", required=True)
    block_suspend: Switch = switch("block_suspend", required=True)
    chown: Switch = switch("chown", required=True)
    dac_override: Switch = switch("dac_override", required=True)
    dac_read_search: Switch = switch("dac_read_search", required=True)
    fowner: Switch = switch("fowner", required=True)
    fsetid: Switch = switch("fsetid", required=True)
    ipc_lock: Switch = switch("ipc_lock", required=True)
    ipc_owner: Switch = switch("ipc_owner", required=True)
    kill: Switch = switch("kill", required=True)
    lease: Switch = switch("lease", required=True)
    linux_immutable: Switch = switch("linux_immutable", required=True)
    mac_admin: Switch = switch("mac_admin", required=True)
    mac_override: Switch = switch("mac_override", required=True)
    mknod: Switch = switch("mknod", required=True)
    net_admin: Switch = switch("net_admin", required=True)
    net_bind_service: Switch = switch("net_bind_service", required=True)
    net_broadcast: Switch = switch("net_broadcast", required=True)
    net_raw: Switch = switch("net_raw", required=True)
    setgid: Switch = switch("setgid", required=True)
    setfcap: Switch = switch("setfcap", required=True)
    setpcap: Switch = switch("setpcap", required=True)
    setuid: Switch = switch("setuid", required=True)
    sys_admin: Switch = switch("sys_admin", required=True)
    sys_boot: Switch = switch("sys_boot", required=True)
    sys_chroot: Switch = switch("sys_chroot", required=True)
    sys_module: Switch = switch("sys_module", required=True)
    sys_nice: Switch = switch("sys_nice", required=True)
    sys_pacct: Switch = switch("sys_pacct", required=True)
    sys_ptrace: Switch = switch("sys_ptrace", required=True)
    sys_rawio: Switch = switch("sys_rawio", required=True)
    sys_resource: Switch = switch("sys_resource", required=True)
    sys_time: Switch = switch("sys_time", required=True)
    sys_tty_config: Switch = switch("sys_tty_config", required=True)
    syslog: Switch = switch("syslog", required=True)
    wake_alarm: Switch = switch("wake_alarm", required=True)
