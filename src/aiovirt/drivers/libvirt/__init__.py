"""The driver for hosts that run a libvirt daemon: ``qemu+ssh://host/system`` and its like.

link          the connection, which heals
opening       from a line to an open session
driver        what the objects hold
abilities/    what the rows of `aiovirt.bindings` do not do by themselves
"""

from __future__ import annotations

from aiovirt.drivers.libvirt.driver import open_driver

__all__ = ["open_driver"]
