"""``doctor``: looks at this machine and says what is missing, and what to do about it.

Each check is one function; none changes anything on the machine, but
that opening the host makes its folder.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path

import anyio

from aiovirt.cli.arguments import ContextArg
from aiovirt.cli.documents import GRAMMAR
from aiovirt.cli.failures import ChecksFailed
from aiovirt.cli.results import Column, Row, Rows
from aiovirt.cli.session import Context
from aiovirt.errors import AiovirtError

__all__ = ["Finding", "Verdict", "doctor"]

BOUND_S = 5.0
"""How long the host may take to open and answer."""


LEAST_FREE_MIB = 16
"""Room for the state and the logs of some domains."""


class Verdict(Enum):
    """What a check found."""

    OK = "ok"
    SLOW = "slow"
    OPTIONAL = "optional"
    MISSING = "missing"


_STYLES = {
    Verdict.OK.value: "green",
    Verdict.SLOW.value: "yellow",
    Verdict.OPTIONAL.value: "yellow",
    Verdict.MISSING.value: "bold red",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        name: What was looked at.
        verdict: How it is.
        detail: What was found.
        advice: What may be done, when it is not as it could be.
    """

    name: str
    verdict: Verdict
    detail: str
    advice: str | None = None


Look = Callable[[Context], Finding]


def _emulator(_context: Context) -> Finding:
    """Whether there is a QEMU for this machine's own architecture."""
    program = f"qemu-system-{platform.machine()}"
    path = shutil.which(program)
    if path is None:
        return Finding("QEMU", Verdict.MISSING, f"no {program}", "apt install qemu-system")
    return Finding("QEMU", Verdict.OK, path)


def _acceleration(_context: Context) -> Finding:
    """Whether guests can run on the processor itself."""
    device = Path("/dev/kvm")
    if not device.exists():
        advice = "switch virtualisation on in the firmware, then modprobe kvm"
        return Finding("KVM", Verdict.SLOW, f"no {device}: guests are emulated", advice)
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except PermissionError:
        advice = "usermod -aG kvm $USER, then log in again"
        return Finding("KVM", Verdict.SLOW, f"no access to {device}: guests are emulated", advice)
    except OSError as error:
        detail = f"{device}: {error.strerror}: guests are emulated"
        return Finding("KVM", Verdict.SLOW, detail, "modprobe kvm_intel, or kvm_amd")
    os.close(descriptor)
    return Finding("KVM", Verdict.OK, f"{device} is usable")


def _images(_context: Context) -> Finding:
    """Whether disk images can be made."""
    path = shutil.which("qemu-img")
    if path is None:
        return Finding("qemu-img", Verdict.OPTIONAL, "not found", "apt install qemu-utils")
    return Finding("qemu-img", Verdict.OK, path)


def _folder(context: Context) -> Finding:
    """Whether the state of domains can be written."""
    root = context.settings.uri.parameters.get("root")
    if root is None:
        return Finding("state folder", Verdict.OK, "kept by the host")
    nearest = next(path for path in (Path(root), *Path(root).absolute().parents) if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        advice = "choose another with -c qemu:///embed?root=DIR"
        return Finding("state folder", Verdict.MISSING, f"no right to write {nearest}", advice)
    free = shutil.disk_usage(nearest).free // 1024**2
    detail = f"{root}, {free} MiB free"
    if free < LEAST_FREE_MIB:
        return Finding(
            "state folder", Verdict.MISSING, detail, f"make room on the disk of {nearest}"
        )
    return Finding("state folder", Verdict.OK, detail)


def _grammar(_context: Context) -> Finding:
    """Whether ``define --validate`` can work."""
    if not GRAMMAR.exists():
        detail = "not installed: define --validate cannot work"
        return Finding("libvirt's grammar", Verdict.OPTIONAL, detail, "apt install libvirt0")
    return Finding("libvirt's grammar", Verdict.OK, str(GRAMMAR))


async def _host(context: Context) -> Finding:
    """Whether the host opens, all in all."""
    # Without its parameters: they are as long as a line, and one of them may hold a password.
    name = f"host {replace(context.settings.uri, parameters={})}"
    with anyio.move_on_after(BOUND_S):
        try:
            async with context.connect() as session:
                count = len(await session.host.domains.records())
                version = await session.host.version()
                return Finding(name, Verdict.OK, f"{version}, {count} domains")
        except AiovirtError as error:
            return Finding(name, Verdict.MISSING, str(error), error.hint)
    return Finding(name, Verdict.MISSING, f"no answer within {BOUND_S:g} s")


LOOKS: tuple[Look, ...] = (_emulator, _acceleration, _images, _folder, _grammar)

_COLUMNS = (
    Column("name", "Check"),
    Column("verdict", "Result", style=lambda row: _STYLES[str(row["verdict"])]),
    Column("detail", "Found"),
    Column("advice", "Advice", show=lambda row: str(row["advice"] or "")),
)


async def doctor(*, context: ContextArg) -> None:
    """Look whether this machine can run domains.

    Says what is missing and what to do about it; it fails if domains cannot run.

    For example:

        aiovirt doctor
        aiovirt doctor -o json
    """
    findings = [look(context) for look in LOOKS]
    findings.append(await _host(context))
    context.out.show(Rows(_COLUMNS, [_row(finding) for finding in findings]))
    missing = [finding.name for finding in findings if finding.verdict is Verdict.MISSING]
    if missing:
        raise ChecksFailed(f"domains cannot run here: see {', '.join(missing)}")


def _row(finding: Finding) -> Row:
    return {**asdict(finding), "verdict": finding.verdict.value}
