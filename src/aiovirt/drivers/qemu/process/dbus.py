"""A D-Bus of a guest's own, for a display of the type ``dbus``. Source: dbus-daemon(1)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from aiovirt.config import DomainConfig, element
from aiovirt.drivers.qemu.process.helpers import Helper, answers
from aiovirt.host.files import write_durably
from aiovirt.processes import Command

__all__ = ["dbus_helpers"]

_SETTINGS: Final = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>org.libvirt.qemu</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def dbus_helpers(config: DomainConfig, folder: Path, sockets: Path) -> Iterator[Helper]:
    """The bus of a live configuration whose display is on one that nobody else gives.

    Args:
        config: The configuration.
        folder: The guest's folder, for the bus's settings, which are written at once.
        sockets: QEMU's own folder.

    Raises:
        HostError: The disk is full.
    """
    nodes = (element(each) for each in config.graphics if each.type == "dbus")
    if any(
        node.get("p2p") != "yes" and not node.get("address") for node in nodes if node is not None
    ):
        socket, settings = sockets / "dbus.sock", folder / "dbus.conf"
        write_durably(settings, _SETTINGS.format(path=escape(str(socket))).encode(), 0o644)
        yield Helper(
            name="dbus",
            command=partial(_command, settings),
            socket=socket,
            listens=False,
            ready=partial(answers, socket),
        )


def _command(settings: Path, _descriptor: int) -> Command:
    return Command.of("dbus-daemon", "--nofork", "--nopidfile", f"--config-file={settings}")
