"""What the virtual machine's hardware can do (``<features>``)."""

from __future__ import annotations

from aiovirt.config._children import One, child
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


class HypervFeatures(View, tag="hyperv"):
    """What is offered to Windows guests."""

    mode: Text = text("@mode", known=("custom", "passthrough"))
    relaxed: Switch = switch("relaxed")
    vapic: Switch = switch("vapic")
    spinlocks: Switch = switch("spinlocks")
    spinlocks_retries: Number = number("spinlocks/@retries", low=4095)
    vpindex: Switch = switch("vpindex")
    runtime: Switch = switch("runtime")
    synic: Switch = switch("synic")
    stimer: Switch = switch("stimer")
    reset: Switch = switch("reset")
    vendor_id: Switch = switch("vendor_id")
    vendor_id_value: Text = text("vendor_id/@value")
    frequencies: Switch = switch("frequencies")
    reenlightenment: Switch = switch("reenlightenment")
    tlbflush: Switch = switch("tlbflush")
    ipi: Switch = switch("ipi")
    evmcs: Switch = switch("evmcs")
    avic: Switch = switch("avic")


class KvmFeatures(View, tag="kvm"):
    """What KVM offers to Linux guests."""

    hidden: Switch = switch("hidden")
    hint_dedicated: Switch = switch("hint-dedicated")
    poll_control: Switch = switch("poll-control")
    pv_ipi: Switch = switch("pv-ipi")


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
    gic_version: Text = text("gic/@version")
    smm: Switch = switch("smm")
    ioapic_driver: Text = text("ioapic/@driver", known=("qemu", "kvm"))
    vmcoreinfo: Switch = switch("vmcoreinfo")
    htm: Switch = switch("htm")
    nested_hv: Switch = switch("nested-hv")
