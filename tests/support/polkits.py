"""A real polkit for tests: polkitd on a bus of its own, with the rules of a test.

It sees folders of the test's in place of /etc/polkit-1 and /usr/share/polkit-1, by bind mounts in a
mount namespace that goes with it; nothing of the host is written.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import counterparts
import pytest

from aiovirt.clients.polkit import PolkitSubject
from aiovirt.daemon.access.peers import start_time

__all__ = ["RealPolkit", "bus", "real_polkit", "stranger"]

POLKITD = Path("/usr/lib/polkit-1/polkitd")
ACTIONS = Path("/usr/share/polkit-1/actions")
WANTED = ("org.libvirt.unix.policy", "org.libvirt.api.policy", "org.freedesktop.policykit.policy")
NOBODY = 65534

MOUNTS = """\
set -e
mount --make-rprivate /
mount --bind "$1/etc" /etc/polkit-1
mount --bind "$1/share" /usr/share/polkit-1
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$1/bus"
exec dbus-daemon --config-file="$1/bus.conf" --nofork --nopidfile --print-address=1
"""

PLAIN = 'exec dbus-daemon --config-file="$1/bus.conf" --nofork --nopidfile --print-address=1'


@dataclass(frozen=True)
class RealPolkit:
    """A running one.

    Attributes:
        address: Its bus.
    """

    address: str


def _write_bus(folder: Path) -> None:
    (folder / "services").mkdir()
    (folder / "bus.conf").write_text(
        textwrap.dedent(f"""\
            <busconfig>
              <type>session</type>
              <listen>unix:path={folder}/bus</listen>
              <auth>EXTERNAL</auth>
              <servicedir>{folder}/services</servicedir>
              <policy context="default">
                <allow user="*"/>
                <allow own="*"/>
                <allow send_destination="*"/>
                <allow receive_sender="*"/>
              </policy>
            </busconfig>
            """)
    )


@contextmanager
def bus(folder: Path, script: str = PLAIN) -> Iterator[str]:
    """Run a bus of its own; its address."""
    counterparts.program("dbus-daemon")
    if script is PLAIN:
        _write_bus(folder)
    command = ["sh", "-c", script, "sh", str(folder)]
    if script is not PLAIN:
        command = [str(counterparts.program("unshare")), "--mount", *command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
        try:
            assert daemon.stdout
            if not daemon.stdout.readline():
                counterparts.absent("a bus of its own", "util-linux, where unshare is allowed")
            yield f"unix:path={folder}/bus"
        finally:
            daemon.terminate()


@contextmanager
def real_polkit(rules: str) -> Iterator[RealPolkit]:
    """Run polkitd with rules, in JavaScript; the bus starts it when it is asked."""
    if not POLKITD.exists():
        counterparts.absent("polkitd", "polkitd")
    if os.geteuid():
        pytest.skip("a polkitd of the tests' own needs root")
    # Not in the folder of a test: polkitd gives up root, and may not enter that one.
    with tempfile.TemporaryDirectory(prefix="aiovirt-polkit-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("etc/rules.d", "share/rules.d", "share/actions"):
            (folder / part).mkdir(parents=True)
        for part in WANTED:
            shutil.copy(ACTIONS / part, folder / "share/actions")
        (folder / "etc/rules.d/10-test.rules").write_text(rules)
        _write_bus(folder)
        (folder / "services/polkit.service").write_text(
            f"[D-BUS Service]\nName=org.freedesktop.PolicyKit1\nExec={POLKITD} --no-debug\n"
        )
        with bus(folder, MOUNTS) as address:
            yield RealPolkit(address)


@contextmanager
def stranger() -> Iterator[PolkitSubject]:
    """A process of somebody without any rights."""
    setpriv = str(counterparts.program("setpriv"))
    ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    command = [setpriv, *ids, "sh", "-c", "echo; exec sleep 600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()  # it is who it is to be from here on
            begun = start_time(process.pid)
            assert begun is not None
            yield PolkitSubject(process.pid, begun, NOBODY)
        finally:
            process.kill()
