"""How much memory and how many processors a ``.vmx`` file gives a machine, changed in place."""

from __future__ import annotations

from typing import Final

from aiovirt.drivers.common.vmx.machine import DEFAULT_MEMORY_MIB, MAX_MEMORY_MIB, MEMORY_STEP
from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.common.vmx.text import Vmx
from aiovirt.errors import CallerError
from aiovirt.model.units import Bytes, MiB

__all__ = ["give_memory", "give_processors", "limit_memory"]

_SIZE: Final = "memsize"
_LIMIT: Final = "sched.mem.max"
_GUARANTEE: Final = "sched.mem.minsize"
_CORES: Final = "cpuid.coresPerSocket"


def give_memory(vmx: Vmx, memory: int) -> None:
    """Let a machine have so much memory, rounded up to the steps that there are.

    What the host guarantees it of that becomes no more than that.

    Args:
        vmx: The file, which is changed.
        memory: Bytes.

    Raises:
        CallerError: No machine can have so much.
        ConfigError: The file cannot be understood.
    """
    own = Section(vmx)
    size = _mebibytes(Bytes(memory).round_up(MEMORY_STEP))
    if not 0 < size <= MAX_MEMORY_MIB:
        raise CallerError(f"no machine can have {memory} bytes of memory")
    own.put(_SIZE, size)
    if own.number(_GUARANTEE, 0) > size:
        own.put(_GUARANTEE, size)


def limit_memory(vmx: Vmx, memory: int) -> None:
    """Let a machine get so much of the host's memory at most; all that it has is no limit.

    Args:
        vmx: The file, which is changed.
        memory: Bytes.

    Raises:
        CallerError: It is more than the machine has, or less than it is guaranteed.
        ConfigError: The file cannot be understood.
    """
    own = Section(vmx)
    limit, size = _mebibytes(Bytes(memory)), own.number(_SIZE, DEFAULT_MEMORY_MIB)
    least = max(own.number(_GUARANTEE, 0), 1)
    if limit > size:
        raise CallerError(
            f"{limit} MiB are more than the machine's memory: {size} MiB",
            hint="give it more by setmaxmem first",
        )
    if limit < least:
        raise CallerError(f"the host guarantees the machine {least} MiB: {limit} MiB are less")
    if limit == size:
        vmx.discard(_LIMIT)
    else:
        own.put(_LIMIT, limit)


def give_processors(vmx: Vmx, count: int) -> None:
    """Let a machine have so many processors.

    Args:
        vmx: The file, which is changed.
        count: How many.

    Raises:
        CallerError: They do not fill its sockets.
        ConfigError: The file cannot be understood.
    """
    own = Section(vmx)
    cores = max(own.number(_CORES, 1), 1)
    if count < 1 or count % cores:
        raise CallerError(
            f"a machine of sockets with {cores} cores each cannot have {count} processors",
            hint=f"give it a multiple of {cores}, or change <topology> in its definition",
        )
    own.put("numvcpus", count)


def _mebibytes(size: Bytes) -> int:
    return int(size.round_up(MiB(1))) // int(MiB(1))
