"""A CPU as documents tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Cpu"]


@dataclass(frozen=True, slots=True)
class Cpu:
    """A CPU: a model, and what is different from it.

    Attributes:
        model: The model's name, or None.
        features: What is said of single features: ``require``, ``force``, ``optional``,
            ``disable``, ``forbid``.
        vendor: Who makes it, or None.
        arch: The architecture, or None.
        guest: Whether it is wished for a guest; else it is what a host has.
        strict: Whether a guest that wishes it must not have more.
        fallback: Whether another model may stand for it.
    """

    model: str | None
    features: Mapping[str, str] = field(default_factory=dict)
    vendor: str | None = None
    arch: str | None = None
    guest: bool = False
    strict: bool = False
    fallback: bool = True

    def named(self, *policies: str) -> frozenset[str]:
        """The features of which one of these is said."""
        return frozenset(name for name, policy in self.features.items() if policy in policies)
