"""How a file is changed: what two files that are made of domains differ in is carried over."""

from __future__ import annotations

import re

from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.common.vmx.text import Vmx

__all__ = ["merged"]

_SWITCH = re.compile(r"(.+)\.(present|enabled)", re.IGNORECASE)


def merged(original: Vmx, old: Vmx, new: Vmx) -> Vmx:
    """The original with what is new.

    Args:
        original: The file as it is.
        old: What the domain in it is written as.
        new: What the domain that it shall become is written as.
    """
    result = original.copy()
    for key in {*old, *new}:
        _clear_device(key, result, old, new)
    for key in set(old).difference(new):
        result.discard(key)
    for key in new:
        value = new.get(key) or ""
        if old.get(key) != value:
            result.set(key, value)
    return result


def _clear_device(key: str, result: Vmx, old: Vmx, new: Vmx) -> None:
    """Take out what is left of a device that goes, or that was there before one that comes."""
    found = _SWITCH.fullmatch(key)
    if found is None or _is_on(old, key) == _is_on(new, key):
        return
    # what holds nothing is in no domain, and is there all the same
    stale = not _is_on(result, key) or _is_on(result, f"{found[1]}.clientDevice")
    if _is_on(old, key) or stale:
        _remove_all(result, found[1])


def _is_on(vmx: Vmx, key: str) -> bool:
    return Section(vmx).switch(key)


def _remove_all(vmx: Vmx, prefix: str) -> None:
    """Take out all keys of a device, and of its limits."""
    lower = prefix.lower()
    for key in vmx:
        if key.lower().startswith((f"{lower}.", f"sched.{lower}.")):
            vmx.discard(key)
