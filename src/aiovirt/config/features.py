"""What the virtual machine's hardware can do (``<features>``)."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config._children import One, child
from aiovirt.config._forms import shaped
from aiovirt.config._laws import Only
from aiovirt.config._scalars import (
    Flag,
    Number,
    Size,
    Switch,
    Text,
    flag,
    number,
    on_off,
    size,
    switch,
    text,
)
from aiovirt.config._view import View, element
from aiovirt.config.capabilitypolicy import CapabilityPolicy
from aiovirt.errors import XMLError

__all__ = ["Features", "HypervFeatures", "KvmFeatures", "XenFeatures"]


_VENDOR_ID = shaped("[^,]{0,12}", "at most 12 characters, no comma")
_MITIGATIONS = ("broken", "workaround", "fixed")
_INDIRECT = ("broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na")
_HYPERV = (
    "relaxed",
    "vapic",
    "spinlocks",
    "spinlocks_retries",
    "vpindex",
    "runtime",
    "synic",
    "stimer",
    "stimer_direct",
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
    stimer_direct: Switch = switch("stimer/direct", required=True)
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
    dirty_ring: Switch = switch("dirty-ring", required=True)
    dirty_ring_size: Number = number("dirty-ring/@size")


class XenFeatures(View, tag="xen"):
    """What Xen offers."""

    e820_host: Switch = switch("e820_host", required=True)
    passthrough: Switch = switch("passthrough", required=True)
    passthrough_mode: Text = text("passthrough/@mode", known=("sync_pt", "share_pt"))


class Features(View, tag="features"):
    """Features of the virtual hardware.

    Flags are there or not; switches may also be left open (None).

    Attributes:
        smm_tseg: The memory of the system management mode.
        hpt_resizing: Whether the guest may resize its hash page table (POWER).
        msrs_unknown: What becomes of accesses to model-specific registers that are not there.
        cfpc: What the guest is told of the cache's state after privileged code (POWER).
        sbbc: What it is told of bounds of speculation (POWER).
        ibs: What it is told of indirect branches (POWER).
        tcg_tb_cache: The memory for code that emulation has translated.
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
    xen: One[XenFeatures] = child("xen", XenFeatures)
    pvspinlock: Switch = switch("pvspinlock")
    capabilities: One[CapabilityPolicy] = child("capabilities", CapabilityPolicy)
    pmu: Switch = switch("pmu")
    vmport: Switch = switch("vmport")
    gic: Flag = flag("gic")
    gic_version: Text = text("gic/@version", known=("host", "2", "3"))
    smm: Switch = switch("smm")
    smm_tseg: Size = size("smm/tseg", unit="MiB", written="KiB")
    ioapic_driver: Text = text("ioapic/@driver", known=("qemu", "kvm"), required=True)
    vmcoreinfo: Switch = switch("vmcoreinfo")
    htm: Switch = switch("htm", required=True)
    nested_hv: Switch = switch("nested-hv", required=True)
    hpt_resizing: Text = text("hpt/@resizing", known=("enabled", "disabled", "required"))
    hpt_maxpagesize: Size = size("hpt/maxpagesize")
    msrs_unknown: Text = text("msrs/@unknown", known=("ignore", "fault"), required=True)
    ccf_assist: Switch = switch("ccf-assist", required=True)
    cfpc: Text = text("cfpc/@value", known=_MITIGATIONS, required=True)
    sbbc: Text = text("sbbc/@value", known=_MITIGATIONS, required=True)
    ibs: Text = text("ibs/@value", known=_INDIRECT, required=True)
    tcg_tb_cache: Size = size("tcg/tb-cache")

    def _rules_(self) -> Iterator[XMLError]:
        """The size of SMM's memory is said beside its state only."""
        node = element(self)
        smm = None if node is None else node.find("smm")
        if smm is not None and self.smm_tseg is not None and smm.get("state") is None:
            yield Features.smm.error(self, "smm_tseg needs smm to be said", expected="smm=True")
