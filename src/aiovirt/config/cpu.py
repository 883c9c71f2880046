"""The domain's processor: model, features, topology."""

from __future__ import annotations

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import FEATURE_NAME, shaped
from aiovirt.config._laws import With
from aiovirt.config._scalars import Number, Switch, Text, number, on_off, text
from aiovirt.config._view import View
from aiovirt.config.numa import NumaBandwidth, NumaCell, NumaLatency

_VENDOR_ID = shaped("[^,]{12}", "12 characters, no comma")

__all__ = ["CPU", "CPUFeature", "CPUTopology"]


class CPUTopology(View, tag="topology"):
    """How the virtual CPUs appear: their product is the number of CPUs."""

    sockets: Number = number("@sockets", low=1, high=MAX_UINT16, required=True)
    dies: Number = number("@dies", low=1, high=MAX_UINT16)
    clusters: Number = number("@clusters", low=1, high=MAX_UINT16)
    cores: Number = number("@cores", low=1, high=MAX_UINT16, required=True)
    threads: Number = number("@threads", low=1, high=MAX_UINT16, required=True)


class CPUFeature(View, tag="feature"):
    """A feature that differs from the model's."""

    policy: Text = text(
        "@policy", known=("force", "require", "optional", "disable", "forbid"), required=True
    )
    name: Text = text("@name", form=FEATURE_NAME, required=True)


class CPU(View, tag="cpu"):
    """The processor (``<cpu>``).

    Attributes:
        vendor_id: What the guest reads as the maker's name.
        maxphysaddr_mode: Whether the size of addresses is the host's or `maxphysaddr_bits`.
        numa: The guest's NUMA nodes.
        numa_latencies: How long their accesses to each other's memory take.
        numa_bandwidths: How much can be moved between them.
    """

    mode: Text = text("@mode", known=("custom", "host-model", "host-passthrough", "maximum"))
    match: Text = text("@match", known=("minimum", "exact", "strict"))
    check: Text = text("@check", known=("none", "partial", "full"))
    migratable: Switch = on_off("@migratable")
    model: Text = text("model")
    fallback: Text = text("model/@fallback", known=("allow", "forbid"))
    vendor_id: Text = text("model/@vendor_id", form=_VENDOR_ID)
    vendor: Text = text("vendor")
    topology: One[CPUTopology] = child("topology", CPUTopology)
    cache_mode: Text = text(
        "cache/@mode", known=("emulate", "passthrough", "disable"), required=True
    )
    cache_level: Number = number("cache/@level", low=1, high=3)
    maxphysaddr_mode: Text = text(
        "maxphysaddr/@mode", known=("emulate", "passthrough"), required=True
    )
    maxphysaddr_bits: Number = number("maxphysaddr/@bits")
    features: Many[CPUFeature] = children("feature", CPUFeature)
    numa: Many[NumaCell] = children("numa/cell", NumaCell)
    numa_latencies: Many[NumaLatency] = children("numa/interconnects/latency", NumaLatency)
    numa_bandwidths: Many[NumaBandwidth] = children("numa/interconnects/bandwidth", NumaBandwidth)

    _laws_ = (With(("numa_latencies", "numa_bandwidths"), "numa"),)
