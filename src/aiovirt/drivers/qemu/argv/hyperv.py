"""What is offered to Windows guests, as properties of their processors."""

from __future__ import annotations

from typing import Final

from aiovirt.config import DomainConfig

__all__ = ["SWITCHES", "hyperv"]

SWITCHES: Final = (
    "relaxed",
    "vapic",
    "vpindex",
    "runtime",
    "synic",
    "stimer",
    "reset",
    "frequencies",
    "reenlightenment",
    "tlbflush",
    "ipi",
    "evmcs",
    "avic",
)


def hyperv(config: DomainConfig) -> dict[str, object]:
    """The enlightenments, and whether the guest may say by them that it has crashed."""
    crash = any(panic.model == "hyperv" for panic in config.devices.panics)
    crashes: dict[str, object] = {"hv-crash": True} if crash else {}
    view = config.features.hyperv
    if not view:
        return crashes
    if view.mode == "passthrough":
        return {"hv-passthrough": True, **crashes}
    props: dict[str, object] = {f"hv-{name}": True for name in SWITCHES if getattr(view, name)}
    if view.stimer_direct:
        props["hv-stimer-direct"] = True
    if view.spinlocks:
        props["hv-spinlocks"] = view.spinlocks_retries
    if view.vendor_id:
        props["hv-vendor-id"] = view.vendor_id_value
    return props | crashes
