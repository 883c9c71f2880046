"""What machines may have of their hosts, by libvirt's names: how each is asked and said.

It asks nobody.  libvirt's driver calls the three levels of shares -1, -2 and -3; a positive number
is a weight of one's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from aiovirt.errors import CallerError
from aiovirt.model.params import ParamType, ParamValue, Typed, TypedParams, plain
from aiovirt.protocols.vsphere.tables.base import SharesInfo
from aiovirt.protocols.vsphere.tables.enums import SharesLevel
from aiovirt.protocols.vsphere.tables.inventory import ResourceAllocationInfo

__all__ = ["MEMORY", "SCHEDULER", "Setting", "allocation_from", "params_of", "shares_from"]

_KIB: Final = 1024
_UNLIMITED: Final = -1
"""The server's number for no limit."""

_NO_LIMIT_KIB: Final = 9007199254740991
"""libvirt's number for no limit of memory, in KiB: VIR_DOMAIN_MEMORY_PARAM_UNLIMITED."""

_LEVELS: Final[Mapping[int, SharesLevel]] = {
    -1: SharesLevel.LOW,
    -2: SharesLevel.NORMAL,
    -3: SharesLevel.HIGH,
}
_NUMBERS: Final = {str(level): number for number, level in _LEVELS.items()}


class Setting(NamedTuple):
    """One parameter.

    Attributes:
        field: The field of `ResourceAllocationInfo` that has it.
        type: How libvirt's clients send it; None where its name tells.
        low: The lowest that it may be.
        told: libvirt's number of what the server has.
        said: The server's of libvirt's.
    """

    field: str
    type: ParamType | None
    low: int
    told: Callable[[int], int]
    said: Callable[[int], int]


def _same(number: int) -> int:
    return number


def _kib(mib: int) -> int:
    return _NO_LIMIT_KIB if mib == _UNLIMITED else mib * _KIB


def _mib(kib: int) -> int:
    return _UNLIMITED if kib >= _NO_LIMIT_KIB else -(-kib // _KIB)


SCHEDULER: Final[Mapping[str, Setting]] = {
    "reservation": Setting("reservation", ParamType.LLONG, 0, _same, _same),
    "limit": Setting("limit", ParamType.LLONG, _UNLIMITED, _same, _same),
    "shares": Setting("shares", ParamType.INT, min(_LEVELS), _same, _same),
}
"""Processor time, as libvirt's driver has it: MHz, -1 for no limit, and a weight."""

MEMORY: Final[Mapping[str, Setting]] = {
    "hard_limit": Setting("limit", None, 0, _kib, _mib),
    "min_guarantee": Setting("reservation", None, 0, _kib, _mib),
}
"""Memory, in KiB."""


def params_of(
    settings: Mapping[str, Setting], allocation: ResourceAllocationInfo
) -> dict[str, ParamValue]:
    """What a machine has, by libvirt's names; what the server does not tell is left out."""
    found: dict[str, ParamValue] = {}
    for name, setting in settings.items():
        value = getattr(allocation, setting.field)
        if isinstance(value, SharesInfo):
            value = _NUMBERS.get(str(value.level), value.shares)
        if value is not None:
            told = setting.told(value)
            found[name] = told if setting.type is None else Typed(setting.type, told)
    return found


def allocation_from(settings: Mapping[str, Setting], params: TypedParams) -> ResourceAllocationInfo:
    """What the server is told; what is not among the parameters stays.

    Raises:
        CallerError: A parameter is unknown, or its number cannot be.
    """
    numbers = {name: _number(name, given, settings) for name, given in params.items()}
    said = {settings[name].field: settings[name].said(value) for name, value in numbers.items()}
    shares = said.pop("shares", None)
    return ResourceAllocationInfo(
        reservation=said.get("reservation"),
        limit=said.get("limit"),
        shares=None if shares is None else shares_from(shares),
    )


def _number(name: str, given: ParamValue, settings: Mapping[str, Setting]) -> int:
    setting = settings.get(name)
    if setting is None:
        known = ", ".join(settings)
        raise CallerError(f"there is no parameter {name!r}", hint=f"there are: {known}")
    value = plain(given)
    if not isinstance(value, int) or value < setting.low:
        raise CallerError(f"{name} cannot be {value!r}: it is a number from {setting.low} on")
    return value


def shares_from(number: int) -> SharesInfo:
    """The weight of libvirt's number."""
    level = _LEVELS.get(number, SharesLevel.CUSTOM)
    # The number counts for weights of one's own only, and must be there all the same.
    return SharesInfo(level=level, shares=max(number, 0))
