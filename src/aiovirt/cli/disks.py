"""Verbs about the disks of a domain: their sizes, limits and errors."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.affects import AFFECTS, Affects
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Row, Rows, done
from aiovirt.cli.storage import amount, pretty
from aiovirt.errors import ConfigError
from aiovirt.model.units import Bytes

if TYPE_CHECKING:
    from aiovirt.objects import Domain

__all__ = ["blkdeviotune", "blockresize", "domblkerror", "domblkinfo", "domblkthreshold"]

DiskArg = Annotated[str, about("The disk's target, such as vda, or its image.")]
SIZES = ("capacity", "allocation", "physical")
HUMAN_DIGITS = 3


async def domblkinfo(
    domain: DomainArg,
    device: Annotated[str | None, about("The disk's target, such as vda, or its image.")] = None,
    *,
    human: Annotated[bool, about("Amounts for people.")] = False,
    everything: Annotated[bool, Parameter(name="--all", help="All disks.")] = False,
    session: SessionArg,
) -> Rows | Plain:
    """Show the sizes of a disk in bytes, or of all.

    For example:

        aiovirt domblkinfo web1 vda
        aiovirt domblkinfo web1 --all --human
    """
    if everything is (device is not None):
        raise UsageError("name a disk, or use --all", hint="not both")
    vm = await session.domain(domain)
    if device is None:
        columns = [Column(name, name.capitalize(), _cell(name, human=human)) for name in SIZES]
        return Rows([Column("name", "Target"), *columns], await _all_sizes(vm))
    row = await _sizes(vm, device)
    lines = [f"{name.capitalize() + ':':<15} {_cell(name, human=human)(row)}" for name in SIZES]
    return Plain("\n".join(lines), row, [device])


async def _all_sizes(vm: Domain) -> list[Row]:
    """The sizes of every disk; those of an empty drive are not known."""
    names = [(disk.target.dev or "", disk.source) for disk in (await vm.config()).disks]
    nothing: Row = dict.fromkeys(SIZES)
    return [
        await _sizes(vm, name) if source else {"name": name, **nothing} for name, source in names
    ]


async def _sizes(vm: Domain, disk: str) -> Row:
    info = await vm.block_info(disk)
    return {"name": disk, **{name: getattr(info, name) for name in SIZES}}


class _Cell:
    """How a size is shown."""

    def __init__(self, name: str, *, human: bool) -> None:
        self._name = name
        self._human = human

    def __call__(self, row: Row) -> str:
        size = row[self._name]
        if not isinstance(size, int):
            return "-"
        return pretty(size, HUMAN_DIGITS) if self._human else str(size)


def _cell(name: str, *, human: bool) -> _Cell:
    return _Cell(name, human=human)


async def blockresize(
    domain: DomainArg,
    path: DiskArg,
    size: Annotated[str, about("The new size; without a unit in KiB.")],
    *,
    session: SessionArg,
) -> Plain:
    """Give a disk of a running domain another size.

    For example:

        aiovirt blockresize web1 vda 20G
    """
    try:
        wanted = Bytes.parse(size, default="KiB")
    except ConfigError as error:
        raise ConfigError(f"SIZE: {error}", field="size", hint=error.hint) from error
    vm = await session.domain(domain)
    await vm.block_resize(path, wanted)
    text = f"Block device '{path}' is resized"
    return done(vm.key, "resized", text, device=path, size=int(wanted))


async def domblkerror(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Show which disks of a running domain have errors.

    For example:

        aiovirt domblkerror web1
    """
    vm = await session.domain(domain)
    errors = await vm.disk_errors()
    lines = [f"{disk}: {error}" for disk, error in errors.items()]
    text = "\n".join(lines) or "No errors found"
    data = {"name": vm.name, "uuid": str(vm.uuid), "errors": dict(errors)}
    return Plain(text, data, list(errors))


async def domblkthreshold(
    domain: DomainArg,
    dev: DiskArg,
    threshold: Annotated[str, about("How much; without a unit in bytes.")],
    *,
    session: SessionArg,
) -> Plain:
    """Have an event sent, once, when so much of a disk's image is used.

    For example:

        aiovirt domblkthreshold web1 vda 10G
        aiovirt event --event block-threshold
    """
    vm = await session.domain(domain)
    wanted = int(amount(threshold, "THRESHOLD"))
    await vm.set_block_threshold(dev, wanted)
    text = f"Threshold of '{dev}' set to {wanted} bytes"
    return done(vm.key, "set", text, device=dev, threshold=wanted)


# --- limits -------------------------------------------------------------------------------------

BytesArg = Annotated[str | None, about("In bytes a second, or with a unit.")]
CountArg = Annotated[int | None, about("Operations a second.")]
MostBytesArg = Annotated[str | None, about("For a short time: bytes a second, or with a unit.")]
MostArg = Annotated[int | None, about("For a short time: operations a second.")]
LengthArg = Annotated[int | None, about("How many seconds the short time lasts.")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a disk; 0 is none."""

    total_bytes_sec: BytesArg = None
    read_bytes_sec: BytesArg = None
    write_bytes_sec: BytesArg = None
    total_iops_sec: CountArg = None
    read_iops_sec: CountArg = None
    write_iops_sec: CountArg = None
    total_bytes_sec_max: MostBytesArg = None
    read_bytes_sec_max: MostBytesArg = None
    write_bytes_sec_max: MostBytesArg = None
    total_iops_sec_max: MostArg = None
    read_iops_sec_max: MostArg = None
    write_iops_sec_max: MostArg = None
    size_iops_sec: Annotated[int | None, about("Bytes that count as one operation.")] = None
    group_name: Annotated[str | None, about("Share the limits with disks of this group.")] = None
    total_bytes_sec_max_length: LengthArg = None
    read_bytes_sec_max_length: LengthArg = None
    write_bytes_sec_max_length: LengthArg = None
    total_iops_sec_max_length: LengthArg = None
    read_iops_sec_max_length: LengthArg = None
    write_iops_sec_max_length: LengthArg = None

    def given(self) -> dict[str, int | str]:
        """Those that were set, by libvirt's names.

        Raises:
            ConfigError: An amount is none; the option is named.
        """
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            name: int(amount(value, f"--{name.replace('_', '-')}"))
            if isinstance(value, str) and name != "group_name"
            else value
            for name, value in values.items()
            if value is not None
        }


NO_LIMITS = Limits()


async def blkdeviotune(
    domain: DomainArg,
    device: DiskArg,
    *,
    limits: Limits = NO_LIMITS,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Show the limits of a disk, or set some.

    For example:

        aiovirt blkdeviotune web1 vda
        aiovirt blkdeviotune web1 vda --total-iops-sec 500 --live --config
    """
    affects.check()
    given = limits.given()
    vm = await session.domain(domain)
    if given:
        await vm.set_io_tune(device, given, **affects.meant)
        return done(vm.key, "set", f"Limits of disk '{device}' set", device=device, **given)
    known = await vm.io_tune(device, **affects.meant)
    text = "\n".join(f"{name:<15}: {value}" for name, value in known.items())
    data = {"name": vm.name, "uuid": str(vm.uuid), "device": device, **known}
    return Plain(text, data, [device])
