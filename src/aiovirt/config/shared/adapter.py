"""A SCSI host adapter, of a storage pool or of a device that a guest is given."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import One, child
from aiovirt.config._forms import WWN
from aiovirt.config._laws import Apart, Needed, Only
from aiovirt.config._scalars import Number, Switch, Text, number, text, yes_no
from aiovirt.config._view import View
from aiovirt.config.shared.pci import PciPlace
from aiovirt.errors import XMLError

__all__ = ["PoolAdapter"]


class PoolAdapter(View, tag="adapter"):
    """A SCSI host adapter, by its name or its PCI address, or a virtual one (NPIV).

    Attributes:
        parent: The adapter that a virtual one is made on; the ``parent_…`` name it otherwise.
        managed: Whether the virtual adapter goes when the pool is stopped.
    """

    type: Text = text("@type", known=("scsi_host", "fc_host"))
    name: Text = text("@name")
    parent: Text = text("@parent")
    managed: Switch = yes_no("@managed")
    parent_wwnn: Text = text("@parent_wwnn", form=WWN)
    parent_wwpn: Text = text("@parent_wwpn", form=WWN)
    parent_fabric_wwn: Text = text("@parent_fabric_wwn", form=WWN)
    wwnn: Text = text("@wwnn", form=WWN)
    wwpn: Text = text("@wwpn", form=WWN)
    unique_id: Number = number("parentaddr/@unique_id", low=1)
    address: One[PciPlace] = child("parentaddr/address", PciPlace)

    _laws_ = (
        Only(("scsi_host",), ("name", "unique_id", "address"), default="scsi_host"),
        Only(
            ("fc_host",),
            (
                "parent",
                "managed",
                "parent_wwnn",
                "parent_wwpn",
                "parent_fabric_wwn",
                "wwnn",
                "wwpn",
            ),
            default="scsi_host",
        ),
        Needed(("fc_host",), ("wwnn", "wwpn")),
        Apart(("name",), ("address", "unique_id")),
    )

    def _rules_(self) -> Iterator[XMLError]:
        """An adapter of the host is named in one way."""
        if self.type != "fc_host" and self.name is None and not self.address:
            yield PoolAdapter.name.error(self, "the adapter has no name", expected="name='host0'")
