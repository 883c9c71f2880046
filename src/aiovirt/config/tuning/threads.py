"""Single virtual CPUs and I/O threads."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._scalars import Number, Switch, number, yes_no
from aiovirt.config._view import View

__all__ = ["DefaultIothread", "Iothread", "IothreadIds", "VcpuState", "VcpuStates"]


class VcpuState(View, tag="vcpu"):
    """One virtual CPU.

    Attributes:
        enabled: Whether the guest has it.
        hotpluggable: Whether it can be taken out while the guest runs.
        order: When it was put in, beside the others.
    """

    id: Number = number("@id", required=True)
    enabled: Switch = yes_no("@enabled", required=True)
    hotpluggable: Switch = yes_no("@hotpluggable")
    order: Number = number("@order")


class VcpuStates(View, tag="vcpus"):
    """The virtual CPUs one by one."""

    vcpus: Many[VcpuState] = children("vcpu", VcpuState)


class PooledThread(View):
    """A thread, and the bounds of the pool of workers that it keeps."""

    thread_pool_min: Number = number("@thread_pool_min")
    thread_pool_max: Number = number("@thread_pool_max")


class Iothread(PooledThread, tag="iothread"):
    """An I/O thread."""

    id: Number = number("@id", required=True)


class IothreadIds(View, tag="iothreadids"):
    """The I/O threads one by one."""

    iothreads: Many[Iothread] = children("iothread", Iothread)


class DefaultIothread(PooledThread, tag="defaultiothread"):
    """The hypervisor's main loop, seen as the I/O thread that it is."""
