"""What can be set of a group: one row each, with where either version has it and in which form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.cgroups.group import Group, write
from aiovirt.host.files import host_error

__all__ = ["DEVICE_KNOBS", "KNOBS", "get", "get_devices", "put", "put_devices", "set_cpuset"]

_NO_LIMIT: Final = 1 << 62
"""Version 1 says the highest multiple of a page for no limit of memory."""


class Form(Protocol):
    """How a number stands in a file. None is no limit."""

    def encode(self, value: int | None) -> str:
        """What is written."""
        raise NotImplementedError

    def decode(self, text: str) -> int | None:
        """What was read."""
        raise NotImplementedError


@dataclass(frozen=True)
class Number:
    """A number by itself, with a word for no limit.

    Attributes:
        unlimited: The word.
        form: What is written, with the number in place of ``{}``.
        place: Which of the words that are read is the number.
    """

    unlimited: str = "-1"
    form: str = "{}"
    place: int = 0

    def encode(self, value: int | None) -> str:
        """See `Form`."""
        return self.form.format(self.unlimited if value is None else value)

    def decode(self, text: str) -> int | None:
        """See `Form`."""
        words = text.split()
        word = words[self.place] if len(words) > self.place else self.unlimited
        if word == self.unlimited or not word.lstrip("-").isdigit():
            return None
        value = int(word)
        return None if value < 0 or value >= _NO_LIMIT else value


class Spot(NamedTuple):
    """Where a version has something: the first of the files that is there."""

    files: tuple[str, ...]
    form: Form = Number()


class Knob(NamedTuple):
    """Something that can be set: its controller (by its name in version 1), and where it is."""

    controller: str
    split: Spot
    unified: Spot


_MAX: Final = Number("max")

KNOBS: Final[Mapping[str, Knob]] = {
    "shares": Knob("cpu", Spot(("cpu.shares",)), Spot(("cpu.weight",))),
    "period": Knob(
        "cpu", Spot(("cpu.cfs_period_us",)), Spot(("cpu.max",), Number("max", "{}", place=1))
    ),
    "quota": Knob("cpu", Spot(("cpu.cfs_quota_us",)), Spot(("cpu.max",), _MAX)),
    "memory": Knob("memory", Spot(("memory.limit_in_bytes",)), Spot(("memory.max",), _MAX)),
    "soft_memory": Knob(
        "memory", Spot(("memory.soft_limit_in_bytes",)), Spot(("memory.high",), _MAX)
    ),
    "swap": Knob(
        "memory", Spot(("memory.memsw.limit_in_bytes",)), Spot(("memory.swap.max",), _MAX)
    ),
    "weight": Knob(
        "blkio",
        Spot(("blkio.weight", "blkio.bfq.weight")),
        Spot(("io.weight", "io.bfq.weight"), Number("default", "default {}", place=1)),
    ),
}
"""What a number is set of, in microseconds, bytes, or without a unit."""


class DeviceKnob(NamedTuple):
    """Something that is set for each disk.

    Attributes:
        split: The files of version 1.
        unified: The files of version 2.
        key: The word before the number in version 2; empty where there is none.
        nothing: What takes it back.
    """

    split: tuple[str, ...]
    unified: tuple[str, ...]
    key: str
    nothing: str


DEVICE_KNOBS: Final[Mapping[str, DeviceKnob]] = {
    "weight": DeviceKnob(
        ("blkio.weight_device", "blkio.bfq.weight_device"),
        ("io.weight", "io.bfq.weight"),
        "",
        "default",
    ),
    "read_iops_sec": DeviceKnob(("blkio.throttle.read_iops_device",), ("io.max",), "riops", "max"),
    "write_iops_sec": DeviceKnob(
        ("blkio.throttle.write_iops_device",), ("io.max",), "wiops", "max"
    ),
    "read_bytes_sec": DeviceKnob(("blkio.throttle.read_bps_device",), ("io.max",), "rbps", "max"),
    "write_bytes_sec": DeviceKnob(("blkio.throttle.write_bps_device",), ("io.max",), "wbps", "max"),
}
"""What is set for each disk of the host, by libvirt's names; 0 takes it back."""


def _existing(group: Group, controller: str, files: tuple[str, ...]) -> Path:
    """The first of some files of a group that is there.

    Raises:
        ResourceUnavailable: None is: the kernel or its I/O scheduler has no such thing.
    """
    for name in files:
        path = group.file(controller, name)
        if path.exists():
            return path
    raise ResourceUnavailable(
        f"control groups of this host have no {files[0]}",
        hint="its kernel or disk scheduler lacks that: leave it out",
    )


def _spot(group: Group, name: str) -> tuple[Path, Form]:
    knob = KNOBS[name]
    spot = knob.unified if group.hosts.is_unified(knob.controller) else knob.split
    return _existing(group, knob.controller, spot.files), spot.form


def put(group: Group, name: str, value: int | None) -> None:
    """Set one of `KNOBS`; None for no limit.

    Raises:
        ResourceUnavailable: The host cannot.
        ConfigError: The kernel refuses the number.
        HostError: We may not.
    """
    path, form = _spot(group, name)
    if path.name == "cpu.max" and name == "period":
        quota = get(group, "quota")
        _write(path, f"{'max' if quota is None else quota} {value}")
        return
    _write(path, form.encode(value))


def get(group: Group, name: str) -> int | None:
    """What one of `KNOBS` is set to; None for no limit.

    Raises:
        ResourceUnavailable: The host cannot.
        HostError: It cannot be read.
    """
    path, form = _spot(group, name)
    return form.decode(_read(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error


def _write(path: Path, text: str) -> None:
    try:
        write(path, text)
    except PermissionError as error:
        raise host_error(error, f"cannot set {path} to {text!r}") from error
    except OSError as error:
        raise ConfigError(
            f"the kernel refuses {text!r} for {path.name}: {error.strerror}", field=path.name
        ) from error


# --- disks --------------------------------------------------------------------------------------


def _number_of(device: Path) -> str:
    """The numbers of a block device, as the files want them.

    Raises:
        ConfigError: It is none.
    """
    try:
        found = device.stat()
    except OSError as error:
        raise ConfigError(f"{device}: {error.strerror}", field="device") from error
    if not found.st_rdev:
        raise ConfigError(f"{device} is no disk of the host", field="device")
    return f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"


def put_devices(group: Group, name: str, values: Mapping[Path, int]) -> None:
    """Set one of `DEVICE_KNOBS` for some disks; errors as `put`."""
    knob = DEVICE_KNOBS[name]
    unified = group.hosts.is_unified("blkio")
    path = _existing(group, "blkio", knob.unified if unified else knob.split)
    for device, value in values.items():
        number = _number_of(device)
        if not unified:
            _write(path, f"{number} {value}")
            continue
        text = str(value) if value else knob.nothing
        _write(path, f"{number} {knob.key}={text}" if knob.key else f"{number} {text}")


def get_devices(group: Group, name: str, devices: list[Path]) -> dict[Path, int]:
    """What one of `DEVICE_KNOBS` is set to for these disks; those without it are left out."""
    knob = DEVICE_KNOBS[name]
    unified = group.hosts.is_unified("blkio")
    path = _existing(group, "blkio", knob.unified if unified else knob.split)
    rows: dict[str, str] = {}
    for line in _read(path).splitlines():
        number, _, text = line.partition(" ")
        rows[number] = text
    found: dict[Path, int] = {}
    for device in devices:
        words = rows.get(_number_of(device), "").split()
        wanted = [w.removeprefix(f"{knob.key}=") for w in words if w.startswith(f"{knob.key}=")]
        text = next(iter(wanted if knob.key and unified else words), "")
        if text.isdigit():
            found[device] = int(text)
    return found


# --- processors and memory nodes ----------------------------------------------------------------


def set_cpuset(
    group: Group, *, cpus: str | None = None, nodes: str | None = None, migrate: bool = False
) -> None:
    """Say on which processors and memory nodes a group is, in the kernel's lists (``0-3,8``).

    Args:
        group: Which.
        cpus: Its processors; None leaves them.
        nodes: Its memory's nodes; None leaves them.
        migrate: Whether memory that it has already goes to its new nodes.

    Raises:
        ResourceUnavailable: The host cannot.
        ConfigError: It has no such processors or nodes.
    """
    if migrate and not group.hosts.is_unified("cpuset"):  # version 2 always does
        _write(group.file("cpuset", "cpuset.memory_migrate"), "1")
    if cpus is not None:
        _write(group.file("cpuset", "cpuset.cpus"), cpus)
    if nodes is not None:
        _write(group.file("cpuset", "cpuset.mems"), nodes)
