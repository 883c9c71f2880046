"""The devices of a domain: one module for each family, and `Devices`, which holds them all."""

from __future__ import annotations

from aiovirt.config.devices.devices import Devices

__all__ = ["Devices"]
