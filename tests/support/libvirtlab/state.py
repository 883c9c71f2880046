"""What is defined and what runs in a lab: read from libvirtd's own files, ended by virsh.

The files tell at once, and also of a daemon that is dead or frozen.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import counterparts

from libvirtlab.lab import Lab, LabError, Transport

__all__ = ["clean", "objects", "run_virsh", "virsh_uri"]

VIRSH_S = 55
"""Bound of one virsh."""


@dataclass(frozen=True)
class Kind:
    """Where libvirtd keeps one kind of object, and what ends one."""

    pattern: str
    word: str
    verb: str
    options: tuple[str, ...] = ()
    driver: str = "qemu:///system"


FORGET = ("--managed-save", "--snapshots-metadata", "--checkpoints-metadata", "--nvram")

KINDS = (
    Kind("run/libvirt/qemu/*.xml", "running domain", "destroy"),
    Kind("etc/libvirt/qemu/*.xml", "domain", "undefine", FORGET),
    Kind("run/libvirt/lxc/*.xml", "running container", "destroy", driver="lxc:///system"),
    Kind("etc/libvirt/lxc/*.xml", "container", "undefine", driver="lxc:///system"),
    Kind("run/libvirt/network/*.xml", "active network", "net-destroy"),
    Kind("etc/libvirt/qemu/networks/*.xml", "network", "net-undefine"),
    Kind("run/libvirt/storage/*.xml", "active pool", "pool-destroy"),
    Kind("etc/libvirt/storage/*.xml", "pool", "pool-undefine"),
    Kind("etc/libvirt/secrets/*.xml", "secret", "secret-undefine"),
    Kind("run/libvirt/nwfilter-binding/*.xml", "filter binding", "nwfilter-binding-delete"),
    Kind("etc/libvirt/nwfilter/*.xml", "network filter", "nwfilter-undefine"),
)
"""In the order in which they can be ended."""

Found = frozenset[tuple[Kind, str]]


def objects(lab: Lab) -> Found:
    """Return what is defined or active, by kind and name."""
    return frozenset((kind, path.stem) for kind in KINDS for path in lab.folder.glob(kind.pattern))


def clean(lab: Lab, left: Found) -> list[str]:
    """End what a test has left; return its names, and those of what would not end."""
    names = []
    for kind, name in sorted(left, key=lambda each: KINDS.index(each[0])):
        names.append(f"{kind.word} {name}")
        try:
            run_virsh(lab, kind.verb, name, *kind.options, driver=kind.driver)
        except LabError as error:
            names.append(str(error))
    return names


def virsh_uri(lab: Lab, transport: Transport, driver: str, **params: str) -> str:
    """Return the URI for virsh, whose ssh is told by a script what ours is told by the URI."""
    if transport == "ssh":
        params = {"command": str(lab.ssh_command), **params}
    return lab.uri(transport, driver, **params)


def run_virsh(
    lab: Lab,
    *args: str,
    driver: str = "qemu:///system",
    transport: Transport = "unix",
    cwd: Path | None = None,
    **params: str,
) -> str:
    """Run the real virsh against a lab; return what it printed.

    Args:
        lab: Where.
        *args: The command and its arguments.
        driver: The driver, as its URI is on the host itself.
        transport: How to get there.
        cwd: The folder that file names of the command are relative to.
        **params: Parameters of the URI, as of `Lab.uri`.

    Raises:
        LabError: It failed; says with what.
    """
    uri = virsh_uri(lab, transport, driver, **params)
    auth = {"LIBVIRT_AUTH_FILE": str(lab.auth_file)} if lab.sasl else {}
    done = subprocess.run(
        [str(counterparts.program("virsh")), "--quiet", "--connect", uri, *args],
        env={**os.environ, "LC_ALL": "C", "HOME": str(lab.folder), "EDITOR": "true", **auth},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=VIRSH_S,
        cwd=cwd,
    )
    if done.returncode:
        raise LabError(f"virsh {' '.join(args)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
