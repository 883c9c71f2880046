"""What a host has for guests beside QEMU, as far as domain capabilities tell of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio import to_thread

from aiovirt.drivers.qemu.binaries.firmwares import Firmware, firmware_folders, read_firmwares
from aiovirt.errors import AiovirtError
from aiovirt.processes import COMMON_ENV, Command, run

__all__ = ["NOTHING_BESIDE", "HostOffers", "read_offers"]

_SWTPM_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class HostOffers:
    """What there is beside QEMU.

    Attributes:
        firmwares: The firmwares that are described, the best first.
        vfio: Whether devices of the host can be given away.
        tpm_versions: What swtpm emulates; empty where it is not installed.
    """

    firmwares: Sequence[Firmware] = ()
    vfio: bool = False
    tpm_versions: tuple[str, ...] = ()


NOTHING_BESIDE: Final = HostOffers()
"""Of a host that has QEMU alone."""


class _Swtpm(msgspec.Struct):
    """What ``swtpm socket --print-capabilities`` prints."""

    features: list[str] = []


async def read_offers(root: Path = Path("/")) -> HostOffers:
    """Look what there is; a swtpm that does not answer is as none."""
    firmwares = await to_thread.run_sync(partial(read_firmwares, firmware_folders()))
    groups = root / "sys/kernel/iommu_groups"
    vfio = (root / "dev/vfio/vfio").exists() and groups.is_dir() and any(groups.iterdir())
    return HostOffers(firmwares, vfio, await _tpm_versions())


async def _tpm_versions() -> tuple[str, ...]:
    program = shutil.which("swtpm")
    if program is None:
        return ()
    command = Command(program, ("socket", "--print-capabilities"), env_pass=COMMON_ENV)
    try:
        with anyio.fail_after(_SWTPM_TIMEOUT_S):
            found = msgspec.json.decode((await run(command)).stdout, type=_Swtpm)
    except (AiovirtError, TimeoutError, msgspec.MsgspecError):
        return ()
    return tuple(version for version in ("1.2", "2.0") if f"tpm-{version}" in found.features)
