"""The domain's processor: model, features, topology."""

from __future__ import annotations

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT16
from aiovirt.config._forms import CPUSET, FEATURE_NAME
from aiovirt.config._scalars import Number, Size, Switch, Text, number, on_off, size, text, yes_no
from aiovirt.config._view import View

__all__ = ["CPU", "CPUFeature", "CPUTopology", "NumaCell"]


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


class NumaCell(View, tag="cell"):
    """A NUMA node of the guest."""

    id: Number = number("@id")
    cpus: Text = text("@cpus", form=CPUSET)
    memory: Size = size("@memory", required=True)
    mem_access: Text = text("@memAccess", known=("shared", "private"))
    discard: Switch = yes_no("@discard")


class CPU(View, tag="cpu"):
    """The processor (``<cpu>``)."""

    mode: Text = text("@mode", known=("custom", "host-model", "host-passthrough", "maximum"))
    match: Text = text("@match", known=("minimum", "exact", "strict"))
    check: Text = text("@check", known=("none", "partial", "full"))
    migratable: Switch = on_off("@migratable")
    model: Text = text("model")
    fallback: Text = text("model/@fallback", known=("allow", "forbid"))
    vendor: Text = text("vendor")
    topology: One[CPUTopology] = child("topology", CPUTopology)
    cache_mode: Text = text(
        "cache/@mode", known=("emulate", "passthrough", "disable"), required=True
    )
    cache_level: Number = number("cache/@level", low=1, high=3)
    features: Many[CPUFeature] = children("feature", CPUFeature)
    numa: Many[NumaCell] = children("numa/cell", NumaCell)
