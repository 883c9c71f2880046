"""Which devices the processes of a group may open: a list in version 1, a program in version 2.

Source: Documentation/admin-guide/cgroup-v1/devices.rst and bpf(2), linux/bpf.h of the kernel.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from aiovirt.errors import HostError
from aiovirt.host.cgroups.group import Group, write
from aiovirt.host.files import host_error

__all__ = ["PTY_SLAVES", "Allowed", "allow", "allow_only", "device_at"]


class Allowed(NamedTuple):
    """Devices that may be opened for reading and writing.

    Attributes:
        kind: ``c`` or ``b``.
        major: The major number.
        minor: The minor number; None for all.
    """

    kind: str
    major: int
    minor: int | None = None

    def rule(self) -> str:
        """As version 1 has it."""
        return f"{self.kind} {self.major}:{'*' if self.minor is None else self.minor} rw"


PTY_SLAVES: Final = Allowed("c", 136)
"""Terminals, whose numbers nobody knows beforehand."""


def device_at(path: Path) -> Allowed | None:
    """The device of a path, links followed; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    if not (stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode)):
        return None
    kind = "b" if stat.S_ISBLK(found.st_mode) else "c"
    return Allowed(kind, os.major(found.st_rdev), os.minor(found.st_rdev))


def allow_only(group: Group, devices: Iterable[Allowed]) -> None:
    """Refuse all devices to a group but these.

    Raises:
        HostError: The host cannot do it.
    """
    folder = group.folder("devices")
    if folder is not None:
        _write(folder / "devices.deny", "a")
        allow(group, devices)
    elif group.hosts.unified is not None:
        _attach(group.hosts.unified / group.path, program(devices))


def allow(group: Group, added: Iterable[Allowed], before: Iterable[Allowed] = ()) -> None:
    """Let a group open these devices beside those from `before`, which `allow_only` was told.

    Raises:
        HostError: The host cannot do it.
    """
    folder = group.folder("devices")
    if folder is None:
        allow_only(group, [*before, *added])
        return
    for device in added:
        _write(folder / "devices.allow", device.rule())


def _write(path: Path, text: str) -> None:
    try:
        write(path, text)
    except OSError as error:
        raise host_error(error, f"cannot write {text!r} to {path}") from error


# --- version 2: a program of the kernel's own machine ---------------------------------------------

_LOAD_CONTEXT: Final = 0x61  # BPF_LDX | BPF_MEM | BPF_W
_MOVE: Final = 0xB7  # BPF_ALU64 | BPF_MOV | BPF_K
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K: of 32 bits
_JUMP_UNLESS: Final = 0x55  # BPF_JMP | BPF_JNE | BPF_K
_EXIT: Final = 0x95
_KINDS: Final = {"b": 1, "c": 2}  # BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR
_RESULT, _CONTEXT, _KIND, _MAJOR, _MINOR = 0, 1, 2, 3, 4


def _instruction(code: int, to: int = 0, source: int = 0, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("=BBhi", code, to | source << 4, offset, value)


def program(devices: Iterable[Allowed]) -> bytes:
    """A program that says yes to these devices.

    It gets ``struct bpf_cgroup_dev_ctx``: access and kind in one word, major, minor.
    """
    words = [
        _instruction(_LOAD_CONTEXT, _KIND, _CONTEXT, 0),
        _instruction(_AND, _KIND, value=0xFFFF),  # the upper half is what is to be done with it
        _instruction(_LOAD_CONTEXT, _MAJOR, _CONTEXT, 4),
        _instruction(_LOAD_CONTEXT, _MINOR, _CONTEXT, 8),
    ]
    for device in devices:
        checks = [(_KIND, _KINDS[device.kind]), (_MAJOR, device.major)]
        if device.minor is not None:
            checks.append((_MINOR, device.minor))
        for number, (register, value) in enumerate(checks):
            skipped = len(checks) - number - 1 + 2
            words.append(_instruction(_JUMP_UNLESS, register, offset=skipped, value=value))
        words += [_instruction(_MOVE, _RESULT, value=1), _instruction(_EXIT)]
    words += [_instruction(_MOVE, _RESULT, value=0), _instruction(_EXIT)]
    return b"".join(words)


_NUMBERS: Final = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "s390x": 351, "ppc64le": 361}
_PROG_LOAD, _PROG_ATTACH = 5, 8
_PROG_TYPE_DEVICE, _ATTACH_DEVICE = 15, 6


def _bpf(command: int, attributes: bytes) -> int:
    """One bpf(2).

    Raises:
        OSError: The kernel refuses.
        HostError: The number of the call is not known on this machine.
    """
    number = _NUMBERS.get(os.uname().machine)
    if number is None:
        raise HostError(f"devices cannot be refused on {os.uname().machine}")
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result: int = ctypes.CDLL(None, use_errno=True).syscall(
        ctypes.c_long(number), ctypes.c_int(command), buffer, ctypes.c_uint(len(attributes))
    )
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _attach(folder: Path, words: bytes) -> None:
    """Let a group of version 2 be ruled by a program, in place of the one that it had."""
    code = ctypes.create_string_buffer(words, len(words))
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    load = struct.pack(
        "=IIQQIIQII",
        _PROG_TYPE_DEVICE,
        len(words) // 8,
        ctypes.addressof(code),
        ctypes.addressof(licence),
        0,
        0,
        0,
        0,
        0,
    )
    what = f"cannot refuse devices to {folder}"
    try:
        loaded = _bpf(_PROG_LOAD, load)
        try:
            group = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                _bpf(_PROG_ATTACH, struct.pack("=IIII", group, loaded, _ATTACH_DEVICE, 0))
            finally:
                os.close(group)
        finally:
            os.close(loaded)
    except OSError as error:
        raise host_error(error, what) from error
