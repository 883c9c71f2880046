"""How the documents of the host are written: as everywhere."""

from __future__ import annotations

from aiovirt.config.making import Element, choices, make, supported, to_text

__all__ = ["Element", "choices", "make", "supported", "to_text"]
