"""Which of the host's performance events are counted for a domain."""

from __future__ import annotations

from lxml import etree

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.tree import node_of, put_node, remove_all

__all__ = ["perf_on", "set_perf"]


def perf_on(config: DomainConfig, name: str) -> bool:
    """Whether an event is counted."""
    return node_of(config).find(f"perf/event[@name='{name}'][@enabled='yes']") is not None


def set_perf(config: DomainConfig, name: str, *, on: bool) -> None:
    """Let an event be counted, or not."""
    remove_all(config, f"perf/event[@name='{name}']")
    put_node(
        config, "perf", etree.Element("event", {"name": name, "enabled": "yes" if on else "no"})
    )
