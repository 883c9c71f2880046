"""Numbers of PCI functions on S/390: a user's (UID) and the machine's own (FID) for each.

Source: libvirt's virDomainZPCIAddressReserveNextAddr: the lowest that nobody has.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from aiovirt.config import Controller, Device, DomainConfig, Node, element
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.model.addresses import PciAddress

__all__ = ["ZPCI", "Functions", "given_functions", "number_functions", "numbered"]

ZPCI: Final = "zpci"
"""QEMU's device that has the numbers of another one."""

_FIRST_UID: Final = 1


class _Numbers(NamedTuple):
    uid: int | None = None
    fid: int | None = None
    begun: bool = False


Functions = list[tuple[Node | None, _Numbers]]


def numbered(config: DomainConfig, family: Family) -> Iterator[Device]:
    """The devices that have such numbers: all on PCI but its root."""
    if family.transport != "ccw":
        return
    for device in config.devices.all():
        is_root = isinstance(device, Controller) and device.model == "pci-root"
        if isinstance(device.address, PciAddress) and not is_root:
            yield device


def given_functions(config: DomainConfig, family: Family) -> Functions:
    """What is given, before addresses are assigned: that takes all of the old ones away."""
    found: Functions = []
    for each in numbered(config, family):
        address, uid, fid = each.address, each.zpci_uid, each.zpci_fid
        placed = isinstance(address, PciAddress) and not address.is_unassigned
        begun = placed and (uid, fid) != (None, None)
        found.append((element(each), _Numbers(uid, fid, begun)))
    return found


def number_functions(config: DomainConfig, family: Family, given: Functions) -> None:
    """Give each function its numbers: first those whose address says one of them.

    Raises:
        XMLError: Two have the same.
    """
    found = [(each, _given(each, given)) for each in numbered(config, family)]
    found.sort(key=lambda pair: not pair[1].begun)
    uids = _free(_FIRST_UID, _once(found, "zpci_uid", (said.uid for _, said in found)))
    fids = _free(0, _once(found, "zpci_fid", (said.fid for _, said in found)))
    for device, said in found:
        device.zpci_uid = next(uids) if said.uid is None else said.uid
        device.zpci_fid = next(fids) if said.fid is None else said.fid


def _given(device: Device, given: Functions) -> _Numbers:
    node = element(device)
    return next((said for each, said in given if each is node), _Numbers())


def _once(
    found: list[tuple[Device, _Numbers]], field: str, numbers: Iterable[int | None]
) -> set[int]:
    taken: set[int] = set()
    for (device, _), number in zip(found, numbers, strict=True):
        if number in taken:
            raise Device.address.error(
                device, f"another device has the same {field.removeprefix('zpci_')} on PCI"
            )
        taken |= set() if number is None else {number}
    return taken


def _free(first: int, taken: set[int]) -> Iterator[int]:
    return (number for number in itertools.count(first) if number not in taken)
