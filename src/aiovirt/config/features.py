"""What the virtual machine's hardware can do (``<features>``)."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._forms import shaped
from aiovirt.config._laws import Only
from aiovirt.config._scalars import (
    Flag,
    Number,
    Switch,
    Text,
    flag,
    number,
    on_off,
    switch,
    text,
)
from aiovirt.config._view import View

__all__ = ["Features", "HypervFeatures", "KvmFeatures"]


_VENDOR_ID = shaped("[^,]{0,12}", "at most 12 characters, no comma")
_HYPERV = (
    "relaxed",
    "vapic",
    "spinlocks",
    "spinlocks_retries",
    "vpindex",
    "runtime",
    "synic",
    "stimer",
    "reset",
    "vendor_id",
    "vendor_id_value",
    "frequencies",
    "reenlightenment",
    "tlbflush",
    "ipi",
    "evmcs",
    "avic",
)


class HypervFeatures(View, tag="hyperv"):
    """What is offered to Windows guests."""

    mode: Text = text("@mode", known=("custom", "passthrough"))
    relaxed: Switch = switch("relaxed", required=True)
    vapic: Switch = switch("vapic", required=True)
    spinlocks: Switch = switch("spinlocks", required=True)
    spinlocks_retries: Number = number("spinlocks/@retries", low=4095)
    vpindex: Switch = switch("vpindex", required=True)
    runtime: Switch = switch("runtime", required=True)
    synic: Switch = switch("synic", required=True)
    stimer: Switch = switch("stimer")
    reset: Switch = switch("reset", required=True)
    vendor_id: Switch = switch("vendor_id", required=True)
    vendor_id_value: Text = text("vendor_id/@value", form=_VENDOR_ID)
    frequencies: Switch = switch("frequencies", required=True)
    reenlightenment: Switch = switch("reenlightenment", required=True)
    tlbflush: Switch = switch("tlbflush", required=True)
    ipi: Switch = switch("ipi", required=True)
    evmcs: Switch = switch("evmcs", required=True)
    avic: Switch = switch("avic", required=True)

    _laws_ = (Only(("custom",), _HYPERV, by="mode"),)


class KvmFeatures(View, tag="kvm"):
    """What KVM offers to Linux guests."""

    hidden: Switch = switch("hidden", required=True)
    hint_dedicated: Switch = switch("hint-dedicated", required=True)
    poll_control: Switch = switch("poll-control", required=True)
    pv_ipi: Switch = switch("pv-ipi", required=True)


class Features(View, tag="features"):
    """Features of the virtual hardware.

    Flags are there or not; switches may also be left open (None).
    """

    acpi: Flag = flag("acpi")
    apic: Flag = flag("apic")
    apic_eoi: Switch = on_off("apic/@eoi")
    pae: Flag = flag("pae")
    hap: Switch = switch("hap")
    viridian: Flag = flag("viridian")
    privnet: Flag = flag("privnet")
    hyperv: One[HypervFeatures] = child("hyperv", HypervFeatures)
    kvm: One[KvmFeatures] = child("kvm", KvmFeatures)
    pvspinlock: Switch = switch("pvspinlock")
    pmu: Switch = switch("pmu")
    vmport: Switch = switch("vmport")
    gic: Flag = flag("gic")
    gic_version: Text = text("gic/@version", known=("host", "2", "3"))
    smm: Switch = switch("smm")
    ioapic_driver: Text = text("ioapic/@driver", known=("qemu", "kvm"), required=True)
    vmcoreinfo: Switch = switch("vmcoreinfo")
    htm: Switch = switch("htm", required=True)
    nested_hv: Switch = switch("nested-hv", required=True)
