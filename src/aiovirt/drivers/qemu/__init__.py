"""The QEMU driver. `open_driver` runs it inside this process: ``qemu:///embed?root=DIR``.

abilities/   what the objects call: thin faces of the engine
engine/      running domains: starting, watching, stopping, adopting
store/       what is kept on disk
argv/        from a configuration to a command line
devices/     defaults, aliases and addresses
binaries/    what is known of a QEMU binary
hostinfo/    capabilities documents
"""

from __future__ import annotations

from aiovirt.drivers.qemu.driver import open_driver

__all__ = ["open_driver"]
