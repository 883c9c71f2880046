"""Why a start failed, from what QEMU said: the error a user can act on."""

from __future__ import annotations

import re

from aiovirt.errors import AiovirtError, HostError, PermissionDenied, ResourceUnavailable

__all__ = ["explain"]

# What QEMU says -> the error, and what may be done about it. The first that matches counts.
_KNOWN: tuple[tuple[re.Pattern[str], type[HostError], str], ...] = (
    (
        re.compile(r"Address already in use|Failed to find an available port", re.IGNORECASE),
        ResourceUnavailable,
        "another program has that port or socket: choose another, or let one be chosen",
    ),
    (
        re.compile(r"Permission denied", re.IGNORECASE),
        PermissionDenied,
        "the account that QEMU runs as must be able to open it; check the folders above it too",
    ),
    (
        re.compile(r"No space left on device", re.IGNORECASE),
        ResourceUnavailable,
        "the disk is full",
    ),
    (
        re.compile(r"Failed to get \"(write|consistent read|shared \w+)\" lock", re.IGNORECASE),
        ResourceUnavailable,
        "another QEMU has that image open",
    ),
    (
        re.compile(r"cannot set up guest memory|Cannot allocate memory", re.IGNORECASE),
        ResourceUnavailable,
        "the host has not that much memory left",
    ),
    (
        re.compile(r"Could not access KVM|failed to initialize kvm", re.IGNORECASE),
        ResourceUnavailable,
        "use <domain type='qemu'> where the host has no KVM",
    ),
)


def explain(name: str, said: str, error: AiovirtError) -> HostError:
    """The error of a domain that did not start.

    Args:
        name: The domain's name.
        said: What QEMU wrote to its log since it was started.
        error: What was seen of it.
    """
    lines = [line for line in said.splitlines() if "warning:" not in line]
    words = _plain(lines[-1]) if lines else str(error)
    text = f"domain {name!r} did not start: {words}"
    for pattern, kind, hint in _KNOWN:
        if pattern.search(said):
            return kind(text, hint=hint)
    return HostError(text, hint=error.hint if not lines else None)


def _plain(line: str) -> str:
    """QEMU's line without its program name and without the argument it quotes whole."""
    line = re.sub(r"^\S*qemu-system-\S+: ", "", line)
    return re.sub(r"^-\w+ \{.*?\}: |^-\w+ \S+: ", "", line)
