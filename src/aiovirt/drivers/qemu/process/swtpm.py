"""A security chip by swtpm: its program, and its state, which belongs to the domain.

Its state lies below the root, in ``swtpm/UUID``, and survives until the domain is undefined.
Source: swtpm(8), swtpm_setup(8).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig, Node, element
from aiovirt.drivers.qemu.process.helpers import Helper
from aiovirt.drivers.qemu.store.settings import Owner
from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.files import make_private_folder
from aiovirt.processes import Argument, Command, Secret, run

__all__ = ["chips", "forget_chips", "make_state", "swtpm_helper"]

_BANKS: Final = ("sha1", "sha256", "sha384", "sha512")
_UNFINISHED: Final = ".unfinished"


def chips(config: DomainConfig) -> Iterator[tuple[str, Node]]:
    """The chips that swtpm is for: their aliases and back ends."""
    for device in config.devices.all():
        node = element(device) if device.kind == "tpm" else None
        backend = None if node is None else node.find("backend")
        if backend is not None and backend.get("type", "emulator") == "emulator":
            yield device.alias or "tpm0", backend


def forget_chips(config: DomainConfig, states: Path) -> None:
    """Remove the state of a domain's chips: it is gone for good, unless they are to outlive that.

    What cannot be removed stays.
    """
    if all(backend.get("persistent_state") != "yes" for _, backend in chips(config)):
        shutil.rmtree(states, ignore_errors=True)


def _version(backend: Node) -> str:
    """The version; libvirt's choice where none is said."""
    above = backend.getparent()
    model = "" if above is None else above.get("model", "")
    return backend.get("version") or ("1.2" if model in {"", "tpm-tis"} else "2.0")


def _state(states: Path, backend: Node) -> Path:
    return states / f"tpm{_version(backend).removesuffix('.0')}"


async def make_state(
    config: DomainConfig, backend: Node, states: Path, owner: Owner | None, key: bytes | None
) -> None:
    """Make a chip's state, as a factory would, if it has none yet.

    Args:
        config: The domain.
        backend: The chip's.
        states: The folder of the domain's chips.
        owner: Whom swtpm will run as, or None for us.
        key: What the state is encrypted with, or None.

    Raises:
        ResourceUnavailable: Registers are asked for, and swtpm_setup is not installed.
        ProcessFailed: It failed; its text is in the error. There is no state then.

    Cancellation: there is no state.
    """
    state = _state(states, backend)
    if state.exists():
        return
    ids = (owner.uid, owner.gid) if owner else None
    make_private_folder(states, passable=owner is not None)
    if owner is not None:
        make_private_folder(states.parent, passable=True)
    half = state.with_name(state.name + _UNFINISHED)
    with suppress(FileNotFoundError):
        shutil.rmtree(half)
    make_private_folder(half, owner=ids)
    command = _setup(config, backend, half, owner, key)
    if command is not None:
        await run(command)
    half.replace(state)


def _setup(
    config: DomainConfig, backend: Node, folder: Path, owner: Owner | None, key: bytes | None
) -> Command | None:
    """What makes a chip; None where swtpm makes one by itself, without keys and certificates."""
    banks = [bank for bank in _BANKS if backend.find(f"active_pcr_banks/{bank}") is not None]
    program = shutil.which("swtpm_setup")
    if program is None:
        if banks:
            raise ResourceUnavailable(
                "active_pcr_banks needs swtpm_setup, which is not installed",
                hint="install swtpm-tools",
            )
        return None
    words: list[Argument] = ["--tpm2"] if _version(backend) == "2.0" else []
    words += ["--tpmstate", str(folder), "--vmid", f"{config.name}:{config.uuid}"]
    words += ["--createek", "--lock-nvram", "--not-overwrite"]
    words += ["--pcr-banks", ",".join(banks)] if banks else []
    if key is not None:
        words += ["--pwdfile-fd", Secret(key, "{fd}"), "--cipher", "aes-256-cbc"]
    return Command(
        program,
        tuple(words),
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(folder)},
        user=owner.name if owner else None,
        group=owner.gid if owner else None,
    )


def swtpm_helper(
    alias: str, backend: Node, states: Path, folder: Path, key: bytes | None
) -> Helper:
    """The program for one chip.

    Args:
        alias: The chip's.
        backend: Its.
        states: The folder of the domain's chips.
        folder: QEMU's own folder, for the socket.
        key: What the state is encrypted with, or None.

    Raises:
        ConfigError: There is no such version.
    """
    version = _version(backend)
    if version not in {"1.2", "2.0"}:
        raise ConfigError(f"there is no TPM of version {version!r}", field="tpm/backend/@version")
    secrets = [] if key is None else [Secret(key, "pwdfd={fd},mode=aes-256-cbc") for _ in "12"]

    def command(socket: int) -> Command:
        words = [
            *("socket", "--ctrl", f"type=unixio,fd={socket}"),
            *("--tpmstate", f"dir={_state(states, backend)},mode=0600", "--terminate"),
        ]
        if version == "2.0":
            words.append("--tpm2")
        if not secrets:
            return Command.of("swtpm", *words)
        return Command.of("swtpm", *words, "--key", secrets[0], "--migration-key", secrets[1])

    return Helper(name=f"swtpm-{alias}", command=command, socket=folder / f"{alias}.sock")
