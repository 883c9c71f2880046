"""Which of the host's processors a domain's parts may use, as its document has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lxml import etree

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.tree import node_of, put_node, remove_all
from aiovirt.errors import CallerError
from aiovirt.model.cpusets import format_cpus, parse_cpus

__all__ = ["HOST_CPUS", "check_cpus", "pin", "pinned"]

HOST_CPUS: Final = 8
"""How many processors the host has that domains may be bound to; libvirt's test driver has so."""


def check_cpus(cpus: Iterable[int]) -> frozenset[int]:
    """The host's processors of these numbers.

    Raises:
        CallerError: There is none, or none of them is there.
    """
    found = frozenset(cpus) & frozenset(range(HOST_CPUS))
    if not found:
        raise CallerError(f"the host has the processors 0-{HOST_CPUS - 1}, and none of these")
    return found


def pinned(config: DomainConfig, tag: str, **key: int) -> frozenset[int]:
    """The processors of a part: those that it is bound to, else all that the domain may use."""
    found = node_of(config).find(f"cputune/{tag}{_where(key)}")
    text = (found.get("cpuset") if found is not None else None) or config.vcpu.cpuset
    return parse_cpus(text) if text else frozenset(range(HOST_CPUS))


def pin(config: DomainConfig, tag: str, cpus: frozenset[int], **key: int) -> None:
    """Bind a part; all of the host's processors mean that it is bound to none."""
    remove_all(config, f"cputune/{tag}{_where(key)}")
    if len(cpus) < HOST_CPUS:
        words = {name: str(value) for name, value in key.items()}
        put_node(config, "cputune", etree.Element(tag, {**words, "cpuset": format_cpus(cpus)}))


def _where(key: dict[str, int]) -> str:
    return "".join(f"[@{name}='{value}']" for name, value in key.items())
