"""A fake ESX host for tests: its folder, its programs, and the SSH server before them."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import counterparts
import sshds

from esxshell import machines, snapshots
from esxshell.state import Host, Record, opened, put

APPLETS = """
awk cat chmod cp cut date dd df dirname du echo find grep gzip head hostname kill ln ls md5sum mkdir
mv od printf readlink rm rmdir sed sha1sum sha256sum sleep sort stat sync tail tee test touch
true uname uniq wc which xargs
"""
"""Programs of busybox that a host has, too."""

STORES = {
    "datastore1": ("5f3e8a52-9d3f1b2c-8d5e-246e96a1b2c3", "VMFS-6"),
    "nfs store": ("95e378c2-863dd2b4-0000-000000000000", "NFS"),
}


@dataclass(frozen=True, slots=True)
class EsxLab:
    """A running host.

    Attributes:
        folder: Its state.
        server: Its SSH server.
    """

    folder: Path
    server: sshds.SSHD

    @property
    def uri(self) -> str:
        """The URI that opens it; the host is looked at often while somebody listens."""
        files = f"keyfile={self.server.key}&known_hosts={self.server.known_hosts}"
        where = f"{sshds.user()}@127.0.0.1:{self.server.port}"
        return f"esx+ssh://{where}/?{files}&sshauth=privkey&poll=0.05"

    @property
    def journal(self) -> list[str]:
        """The commands that were run, oldest first."""
        path = self.folder / "journal"
        return path.read_text().splitlines() if path.exists() else []

    @contextmanager
    def state(self) -> Iterator[Host]:
        """Look at the host, or change it behind the back of whoever is connected."""
        with opened(self.folder) as host:
            yield host

    def store(self, name: str = "datastore1") -> Path:
        """The folder of a datastore."""
        with self.state() as host:
            return host.mount(name)

    def machine(self, name: str) -> Record:
        """A machine's state, by its name."""
        with self.state() as host:
            for machine in host.machines.values():
                if machines.name_of(machine) == name:
                    return machine
        raise LookupError(name)

    def add(self, name: str, **settings: str) -> str:
        """Register a machine that somebody else made; its number."""
        folder = self.store() / name.replace("/", "_").replace("\n", "_")
        folder.mkdir()
        lines = {
            ".encoding": "UTF-8",
            "config.version": "8",
            "virtualHW.version": "14",
            "displayName": name,
            "memSize": "256",
            "numvcpus": "2",
            "guestOS": "debian10-64",
            **settings,
        }
        text = "".join(f'{key} = "{_escaped(value)}"\n' for key, value in lines.items())
        (folder / "machine.vmx").write_text(text, encoding="utf-8")
        with self.state() as host:
            return machines.register(host, str(folder / "machine.vmx")).strip()

    def power(self, number: str, power: str) -> None:
        """Bring a machine into a state behind everybody's back."""
        with self.state() as host:
            host.machine(number)["power"] = power

    def snapshot(self, number: str, name: str) -> None:
        """Make a snapshot behind everybody's back."""
        with self.state() as host:
            snapshots.create(host, number, name)

    @contextmanager
    def hold(self, command: str) -> Iterator[Path]:
        """Let commands that have a text in them stand still.

        Yields the file that is there once one of them stands; the process's number is in it.
        """
        put(self.folder / "hold", command)
        try:
            yield self.folder / "holding"
        finally:
            (self.folder / "hold").unlink(missing_ok=True)


def _escaped(value: str) -> str:
    return "".join(f"|{ord(sign):02X}" if sign in '"|\n' else sign for sign in value)


def furnish(folder: Path, version: str) -> None:
    """Make an empty host."""
    volumes = folder / "vmfs" / "volumes"
    stores = {}
    for name, (uuid, kind) in STORES.items():
        (volumes / uuid).mkdir(parents=True)
        (volumes / name).symlink_to(uuid)
        stores[name] = {"uuid": uuid, "type": kind, "mounted": True}
    stores["nfs store"] |= {"host": "192.0.2.10", "share": "/exports/vms"}
    state = {
        "version": version,
        "hostname": "esx1",
        "next": 1,
        "machines": {},
        "stores": stores,
        "autostart": {},
        "autostarts": False,
        "maintenance": False,
        "switches": {"vSwitch0": {"mtu": 1500, "uplinks": ["vmnic0"], "ports": 128}},
        "portgroups": {
            "VM Network": {"switch": "vSwitch0", "vlan": 0},
            "Management Network": {"switch": "vSwitch0", "vlan": 0},
        },
        "vmknics": {"vmk0": "Management Network"},
        "nics": {
            "vmnic0": {"mac": "24:6e:96:a1:b2:c3", "link": "Up"},
            "vmnic1": {"mac": "24:6e:96:a1:b2:c4", "link": "Down"},
        },
    }
    (folder / "state.json").write_text(json.dumps(state))


def _programs(folder: Path) -> Path:
    """Make the folder of programs, which is all that the shell finds."""
    programs = folder / "bin"
    programs.mkdir()
    busybox = counterparts.program("busybox")
    for name in APPLETS.split():
        (programs / name).symlink_to(busybox)
    main = Path(__file__).parent / "main.py"
    for name in ("vim-cmd", "esxcli", "vmkfstools", "vmware"):
        words = shlex.join([sys.executable, "-I", "-S", str(main), name])
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        script.chmod(0o755)
    return programs


@contextmanager
def run_esx(folder: Path, version: str = "8.0.2") -> Iterator[EsxLab]:
    """Run a fake host for the length of the scope.

    Args:
        folder: An empty folder for its state and the server's files.
        version: Which ESX it is: before 6 commands refuse in other words.
    """
    state = folder / "esx"
    state.mkdir(parents=True)
    furnish(state, version)
    programs = _programs(state)
    shell = state / "login"
    shell.write_text(
        f"#!/bin/sh\nexport PATH={shlex.quote(str(programs))} "
        f'ESX_STATE={shlex.quote(str(state))}\nexec /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    shell.chmod(0o755)
    # The account's own shell would read its settings for each command, but at a deeper level.
    settings = (f"ForceCommand exec {shell}", "MaxSessions 10", "SetEnv SHLVL=2")
    with sshds.sshd(folder / "sshd", *settings) as server:
        yield EsxLab(state, server)
