"""Tap devices and bridges: real ones in a network namespace of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiovirt.errors import ConfigError
from aiovirt.host.taps import check_bridge, open_tap

BRIDGED = """
import os
from pathlib import Path
from aiovirt.host.taps import add_to_bridge, check_bridge, open_tap, set_mac, set_up
check_bridge("br0")
handle, name = open_tap("vnet%d")
set_mac(name, bytes.fromhex("fe5400112233"))
add_to_bridge("br0", name)
set_up(name)
net = Path("/sys/class/net", name)
print(name, (net / "address").read_text().strip(), (net / "master").resolve().name,
      int((net / "flags").read_text(), 16) & 1)
os.close(handle)
print(net.exists())
"""


REMOVED = """
import os
from pathlib import Path
from aiovirt.host.taps import open_tap, remove_tap, taps_open_in
handle, name = open_tap("own")
kept, _ = open_tap("kept")
print(sorted(taps_open_in(os.getpid())))
for each in ("own", "kept", "none", "lo"):
    remove_tap(each)
print(sorted(path.name for path in Path("/sys/class/net").iterdir() if path.name != "br0"))
"""


def in_namespace(program: str) -> list[str]:
    """Run a program where there are a bridge and a persistent tap device; its lines."""
    script = (
        "mount -t sysfs sys /sys && ip link add br0 type bridge && ip link set br0 up && "
        "ip tuntap add kept mode tap vnet_hdr && "
        f'exec "{sys.executable}" -c "$1"'
    )
    done = subprocess.run(
        ["unshare", "-n", "-m", "sh", "-c", script, "sh", program],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_tap_on_a_bridge_lives_as_long_as_its_descriptor() -> None:
    assert in_namespace(BRIDGED) == ["vnet0 fe:54:00:11:22:33 br0 1", "False"]


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_a_tap_is_removed_while_it_is_open_and_a_persistent_one_stays() -> None:
    assert in_namespace(REMOVED) == ["['kept', 'own']", "['kept', 'lo']"]


@pytest.mark.parametrize("name", ["", "a/b", "sixteen-letters0", "two words", ".."])
def test_bad_name_is_refused_before_the_kernel_sees_it(name: str) -> None:
    with pytest.raises(ConfigError, match="no name of a network interface"):
        check_bridge(name)


def test_missing_bridge_tells_which_there_are() -> None:
    with pytest.raises(ConfigError, match="no bridge 'br-none'") as caught:
        check_bridge("br-none")
    assert "bridges here:" in (caught.value.hint or "")


def test_bad_name_leaves_no_descriptor() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    if Path("/dev/net/tun").exists():
        with pytest.raises(ConfigError):
            open_tap("a/b")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
