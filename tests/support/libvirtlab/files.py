"""The files that a lab's daemons read, and the folders that stand in for the host's."""

from __future__ import annotations

import shutil
import textwrap
import uuid
from dataclasses import dataclass
from pathlib import Path

from libvirtlab import sasl as sasl_files

__all__ = ["BINDS", "Ports", "write_all"]

BINDS = {
    "run": "/run",
    "etc/libvirt": "/etc/libvirt",
    "etc/hosts": "/etc/hosts",
    "var/lib/libvirt": "/var/lib/libvirt",
    "var/log/libvirt": "/var/log/libvirt",
    "var/cache/libvirt": "/var/cache/libvirt",
}
"""What of the lab's folder is seen in place of which path of the host.

The whole of /run is the lab's, so that there is no D-Bus, systemd or polkit to talk to.
"""

FILTERS = Path("/etc/libvirt/nwfilter")
"""The network filters that libvirt's package brings."""


@dataclass(frozen=True)
class Ports:
    """Where the lab listens on the host's loopback."""

    tcp: int
    tls: int
    ssh: int


def _libvirtd(folder: Path, *, sasl: bool) -> str:
    pki = folder / "pki/server"
    auth = "sasl" if sasl else "none"
    # Two labs are two hosts: libvirt refuses to migrate between daemons with the same host UUID.
    return textwrap.dedent(f"""\
        log_outputs = "3:file:{folder}/var/log/libvirt/libvirtd.log"
        host_uuid = "{uuid.uuid4()}"
        auth_unix_ro = "none"
        auth_unix_rw = "{auth}"
        unix_sock_rw_perms = "0700"
        auth_tcp = "{auth}"
        auth_tls = "{auth}"
        ca_file = "{pki}/cacert.pem"
        cert_file = "{pki}/servercert.pem"
        key_file = "{pki}/serverkey.pem"
        """)


QEMU = """\
user = "root"
group = "root"
security_driver = "none"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
stdio_handler = "file"
"""
"""Guests run as who runs the tests, and without virtlogd."""


def _sshd(folder: Path, port: int) -> str:
    ssh = folder / "ssh"
    return textwrap.dedent(f"""\
        Port {port}
        ListenAddress 127.0.0.1
        HostKey {ssh}/host
        AuthorizedKeysFile {ssh}/authorized_keys
        PidFile {folder}/run/sshd.pid
        PermitRootLogin prohibit-password
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        StrictModes no
        UsePAM no
        UseDNS no
        MaxStartups 100:30:200
        MaxSessions 100
        """)


def _ssh_command(folder: Path) -> str:
    options = (
        f"-o UserKnownHostsFile={folder}/ssh/known_hosts -o GlobalKnownHostsFile=/dev/null"
        " -o IdentitiesOnly=yes -o IdentityAgent=none"
    )
    return f'#!/bin/sh\nexec ssh -F /dev/null {options} "$@"\n'


def write_all(folder: Path, ports: Ports, *, hostname: str, sasl: bool) -> None:
    """Make the lab's folders and configuration files."""
    for name in BINDS:
        if name != "etc/hosts":
            (folder / name).mkdir(parents=True)
    for name in ("run/sshd", "run/lock", "run/libvirt", "etc/libvirt/qemu"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "etc/hosts").write_text(
        f"127.0.0.1 localhost {hostname}\n::1 localhost\n", encoding="ascii"
    )
    etc = folder / "etc/libvirt"
    (etc / "libvirtd.conf").write_text(_libvirtd(folder, sasl=sasl), encoding="ascii")
    (etc / "qemu.conf").write_text(QEMU, encoding="ascii")
    if sasl:
        sasl_files.write_all(folder / "sasl", hostname)
    if FILTERS.is_dir():
        shutil.copytree(FILTERS, etc / "nwfilter")
    (folder / "sshd_config").write_text(_sshd(folder, ports.ssh), encoding="ascii")
    command = folder / "ssh/command"
    command.write_text(_ssh_command(folder), encoding="ascii")
    command.chmod(0o700)
    host_key = (folder / "ssh/host.pub").read_text(encoding="ascii").rsplit(" ", 1)[0]
    (folder / "ssh/known_hosts").write_text(
        "".join(f"[{name}]:{ports.ssh} {host_key}\n" for name in ("localhost", "127.0.0.1")),
        encoding="ascii",
    )
