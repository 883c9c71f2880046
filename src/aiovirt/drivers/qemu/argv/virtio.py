"""What all virtio devices can be told."""

from __future__ import annotations

from aiovirt.config.devices.base import VirtioDriver

__all__ = ["virtio_props"]


def virtio_props(driver: VirtioDriver) -> dict[str, object]:
    """The properties of a device's front end; those that are None are not set."""
    return {
        "iommu_platform": driver.iommu,
        "ats": driver.ats,
        "packed": driver.packed,
        "page-per-vq": driver.page_per_vq,
    }
