"""The tiny guest with the real guest agent in it: this host's, with the libraries it needs.

Linux takes several archives one behind the other as its first root (its documentation of
initramfs buffers), so the guest itself is used as it was built.
"""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from aiovirt.errors import ExecutableNotFound
from aiovirt.testing._cpio import Entry, archive, regular
from aiovirt.testing.tinyguest import TinyGuest

__all__ = ["AGENT", "PROGRAM", "agent_guest_xml", "initrd_with_agent"]

PROGRAM = Path("/usr/sbin/qemu-ga")
"""The agent, where Debian's package qemu-guest-agent has it."""

AGENT = "org.qemu.guest_agent.0"
"""The name of the port by which libvirt talks to the agent."""

LOADER = "/lib64/ld-linux-x86-64.so.2"

INITTAB = """\
::sysinit:/sbin/network
::respawn:/sbin/agent
"""

START = f"""\
#!/bin/sh
# There is no udev that would name the port by its name.
while [ -z "$port" ]; do
    for entry in /sys/class/virtio-ports/*; do
        [ "$(cat "$entry/name" 2>/dev/null)" = {AGENT} ] && port=/dev/${{entry##*/}}
    done
    usleep 20000
done
mkdir -p /var/run /usr/var/run
exec /sbin/qemu-ga -m virtio-serial -p "$port" -t /tmp -f /tmp/agent.pid
"""

SHUTDOWN = """\
#!/bin/sh
# As the agent calls it: -h -P +0, or -h -r +0.
case "$2" in
    -r) exec reboot ;;
    *) exec poweroff ;;
esac
"""

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\n",
    "etc/os-release": 'ID=tiny\nNAME="Tiny"\nVERSION_ID=1\n',
    "etc/inittab": INITTAB,
}


def _libraries(program: Path) -> list[Entry]:
    """Return the shared libraries that a program needs, at the paths where it finds them."""
    told = subprocess.run(
        ["/usr/bin/ldd", str(program)], capture_output=True, text=True, check=True
    ).stdout
    paths = {word for line in told.splitlines() for word in line.split() if word[:1] == "/"}
    return [
        regular(path.lstrip("/"), Path(path).read_bytes(), executable=True)
        for path in sorted({LOADER, *paths})
    ]


def initrd_with_agent(tiny: TinyGuest, target: Path, program: Path = PROGRAM) -> Path:
    """Write the guest's first root with the agent to `target`; return that.

    Args:
        tiny: The guest.
        target: The file.
        program: The agent's program.

    Raises:
        ExecutableNotFound: There is none; the hint names the package.
    """
    if not program.exists():
        raise ExecutableNotFound(
            f"there is no {program}",
            program=str(program),
            phase="exec",
            errno=errno.ENOENT,
            hint="install qemu-guest-agent",
        )
    entries = [
        *(regular(path, text.encode()) for path, text in FILES.items()),
        regular("sbin/agent", START.encode(), executable=True),
        # The guest's clock is not kept over its end: there is nothing to be done.
        regular("sbin/hwclock", b"#!/bin/sh\n", executable=True),
        regular("sbin/shutdown", SHUTDOWN.encode(), executable=True),
        regular("sbin/passwd", b"#!/bin/sh\nexec cat >/dev/null\n", executable=True),
        regular("sbin/chpasswd", b"#!/bin/sh\nexec cat >/tmp/passwords\n", executable=True),
        regular("sbin/qemu-ga", program.read_bytes(), executable=True),
        *_libraries(program),
    ]
    base = tiny.initrd.read_bytes()
    target.write_bytes(base + bytes(-len(base) % 4) + archive(entries))
    return target


def agent_guest_xml(tiny: TinyGuest, initrd: Path, name: str = "agent1") -> str:
    """Return a guest that boots it."""
    return (
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>256</memory><vcpu>2</vcpu>"
        f"<os><type arch='x86_64' machine='q35'>hvm</type><kernel>{tiny.kernel}</kernel>"
        f"<initrd>{initrd}</initrd><cmdline>{escape(tiny.cmdline)}</cmdline></os>"
        "<features><acpi/></features><pm><suspend-to-mem enabled='yes'/></pm><devices>"
        "<serial type='pty'/><controller type='virtio-serial' index='0'/>"
        f"<channel type='unix'><target type='virtio' name='{AGENT}'/></channel>"
        "</devices></domain>"
    )
