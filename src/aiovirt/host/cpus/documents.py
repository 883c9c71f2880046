"""``<cpu>`` elements: reading them out of documents that have one, and writing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiovirt.config import CPU, CapabilitiesConfig, DomainConfig, View, element
from aiovirt.config.making import Element, make, to_text
from aiovirt.errors import ConfigError, XMLError
from aiovirt.host.cpus.values import Cpu

__all__ = ["cpu_element", "cpu_xml", "read_cpu"]

_PLACES: Final[tuple[tuple[type[View], Callable[[View], View]], ...]] = (
    (CPU, lambda view: view),
    (DomainConfig, lambda view: view.cpu if isinstance(view, DomainConfig) else view),
    (
        CapabilitiesConfig,
        lambda view: view.host.cpu if isinstance(view, CapabilitiesConfig) else view,
    ),
)
"""Documents that have a CPU, and where."""


def read_cpu(document: str, *, host: bool = False) -> Cpu:
    """The CPU of a document.

    Args:
        document: A ``<cpu>``, or a domain or capabilities with one.
        host: It is a host's, whatever it looks like: what it names it has.

    Raises:
        XMLError: It is no XML.
        ConfigError: It has no CPU.
    """
    node = element(_find(document))
    if node is None:
        raise ConfigError("there is no CPU in the document", field="cpu")
    arch = node.findtext("arch")
    guest = not host and arch is None
    found = node.find("model")
    return Cpu(
        model=(found.text or "").strip() or None if found is not None else None,
        features={
            each.get("name") or "": (each.get("policy") or "require") if guest else "require"
            for each in node.iterfind("feature")
        },
        vendor=node.findtext("vendor"),
        arch=arch,
        guest=guest,
        strict=node.get("match") == "strict",
        fallback=found is None or found.get("fallback") != "forbid",
    )


def _find(document: str) -> View:
    wrong: XMLError | None = None
    for kind, cpu in _PLACES:
        try:
            return cpu(kind.parse(document))
        except XMLError as error:
            wrong = wrong or error
    raise wrong or ConfigError("there is no CPU in the document", field="cpu")


def cpu_element(cpu: Cpu, tag: str = "cpu", **attributes: str) -> Element:
    """A guest's CPU as an element."""
    return make(
        tag,
        make("model", cpu.model, fallback="allow" if cpu.fallback else "forbid"),
        make("vendor", cpu.vendor) if cpu.vendor else None,
        *(make("feature", policy=word, name=name) for name, word in cpu.features.items()),
        **attributes,
    )


def cpu_xml(cpu: Cpu) -> str:
    """A CPU for a guest, as a document."""
    return to_text(cpu_element(cpu, mode="custom", match="exact"))
