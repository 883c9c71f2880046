"""All the programs beside a guest's QEMU, started in its start."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from aiovirt.config import DomainConfig, Node
from aiovirt.drivers.qemu.process.dbus import dbus_helpers
from aiovirt.drivers.qemu.process.helpers import Helper, Surroundings, start_helpers
from aiovirt.drivers.qemu.process.passt import passt_helpers
from aiovirt.drivers.qemu.process.prhelper import reservation_helpers
from aiovirt.drivers.qemu.process.swtpm import chips, make_state, swtpm_helper
from aiovirt.drivers.qemu.process.virtiofsd import virtiofsd_helpers
from aiovirt.errors import ConfigError
from aiovirt.host.files import host_error

__all__ = ["chip_states", "start_beside"]


def chip_states(root: Path, uuid: UUID) -> Path:
    """Where the chips of a domain keep their state."""
    return root / "swtpm" / str(uuid)


async def start_beside(
    config: DomainConfig, around: Surroundings, sockets: Path, root: Path
) -> None:
    """Start what a live configuration needs beside QEMU.

    Args:
        config: The configuration.
        around: Where they run.
        sockets: QEMU's own folder.
        root: The driver's folder.

    Raises:
        ConfigError: A folder or a secret that is named is not there.
        ExecutableNotFound: A program is not installed.
        HostError: One failed, in its own words.

    Cancellation: as `start_helpers`.
    """
    helpers: list[Helper] = []
    states = chip_states(root, config.uuid or UUID(int=0))
    for alias, backend in chips(config):
        key = _key_of(backend, root)
        await make_state(config, backend, states, around.owner, key)
        helpers.append(swtpm_helper(alias, backend, states, sockets, key))
    helpers += virtiofsd_helpers(config, sockets)
    as_root = around.owner is None and os.geteuid() == 0
    helpers += passt_helpers(config, sockets, as_root=as_root)
    helpers += reservation_helpers(config, sockets)
    helpers += dbus_helpers(config, around.folder, sockets)
    await start_helpers(helpers, around)


def _key_of(backend: Node, root: Path) -> bytes | None:
    """The value of the secret that a chip's state is encrypted with."""
    found = backend.find("encryption")
    if found is None:
        return None
    uuid = found.get("secret", "")
    path = root / "secrets" / f"{UUID(uuid)}.value"
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(
            f"the secret {uuid} has no value on this host",
            field="tpm/backend/encryption/@secret",
            hint="define it, not as ephemeral, and set its value",
        ) from error
    except OSError as error:
        raise host_error(error, f"cannot read the secret {uuid}") from error
