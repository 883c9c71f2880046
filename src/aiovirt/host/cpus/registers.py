"""What the processor of this host says of itself, by the instruction CPUID and its registers.

The kernel tells only what it uses itself (/proc/cpuinfo), under names of its own; libvirt tells
what the processor has. So it is asked: the instruction is harmless, and any program may use it.
Where the kernel lets no program make code, or the host is no x86_64, nothing is known.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import platform
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiovirt.host.cpus.choose import Chosen, decode
from aiovirt.host.cpus.table import Place, table
from aiovirt.host.cpus.values import Cpu

__all__ = ["HostCpu", "read_host_cpu"]

_CODE: Final = bytes.fromhex(
    "53"  # push rbx, which is the caller's
    "89f8"  # mov eax, edi: the leaf
    "89f1"  # mov ecx, esi: its part
    "4989d0"  # mov r8, rdx: where the answer goes
    "0fa2"  # cpuid
    "418900"  # mov [r8], eax
    "41895804"  # mov [r8+4], ebx
    "41894808"  # mov [r8+8], ecx
    "4189500c"  # mov [r8+12], edx
    "5b"  # pop rbx
    "c3"  # ret
)
"""A function of System V's calling convention: (leaf, part, four words to write)."""

Ask = Callable[[int, int], tuple[int, int, int, int]]
_REGISTERS: Final = ("eax", "ebx", "ecx", "edx")
_EXTENDED: Final = 0x80000000


@dataclass(frozen=True, slots=True)
class HostCpu:
    """The processor of a host.

    Attributes:
        cpu: What it is, by a model, and what it can do.
        features: All that it can do.
        signature: Family, model and stepping.
        address_bits: How many bits its physical addresses have; 0 if that is not known.
        microcode: The version of its microcode; 0 if that is not known.
        tsc: The frequency in hertz of its counter of time, where that always runs, and whether a
            guest's can run at another; None if KVM does not tell.
    """

    cpu: Cpu
    features: frozenset[str]
    signature: tuple[int, int, int]
    address_bits: int = 0
    microcode: int = 0
    tsc: tuple[int, bool] | None = None


def read_host_cpu() -> HostCpu | None:
    """The processor of this host; None if it cannot be asked."""
    if platform.machine() != "x86_64":
        return None
    with suppress(OSError), _asking() as ask:
        return _read(ask)
    return None


class _asking:  # noqa: N801 -- used as a function
    """Code that asks, for the length of a block."""

    def __enter__(self) -> Ask:
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        self._page.write(_CODE)
        where = ctypes.c_char.from_buffer(self._page)
        self._address = ctypes.addressof(where)
        del where
        _protect(self._address, mmap.PROT_READ | mmap.PROT_EXEC)
        words = ctypes.c_uint32 * 4
        call = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.POINTER(words))(
            self._address
        )

        def ask(leaf: int, part: int) -> tuple[int, int, int, int]:
            answer = words()
            call(leaf, part, ctypes.byref(answer))
            eax, ebx, ecx, edx = answer
            return eax, ebx, ecx, edx

        return ask

    def __exit__(self, *_error: object) -> None:
        self._page.close()


def _protect(address: int, how: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(mmap.PAGESIZE), how):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _read(ask: Ask) -> HostCpu | None:
    most = {0: ask(0, 0)[0], _EXTENDED: ask(_EXTENDED, 0)[0]}
    string = struct.pack("<3I", *(ask(0, 0)[place] for place in (1, 3, 2))).decode("latin-1")
    vendor = next((name for name, each in table().vendors.items() if each == string), None)
    signature = _signature(ask(1, 0)[0])
    features = frozenset(_features(ask, most))
    cpu = decode(features, vendor, Chosen(signature=signature))
    tsc = _tsc() if "invtsc" in features else None
    return HostCpu(cpu, features, signature, *_kernel(), tsc)


def _signature(word: int) -> tuple[int, int, int]:
    """Family, model and stepping out of leaf 1 (Intel's and AMD's manuals of CPUID)."""
    family, model = word >> 8 & 15, word >> 4 & 15
    if family == 15:  # noqa: PLR2004 -- four bits were not enough
        family += word >> 20 & 255
    if family >= 15 or family == 6:  # noqa: PLR2004 -- likewise
        model += (word >> 16 & 15) << 4
    return family, model, word & 15


def _features(ask: Ask, most: dict[int, int]) -> Iterator[str]:
    """The features whose bits are set."""
    answers: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    registers: dict[int, int | None] = {}
    for name, feature in table().features.items():
        place = feature.place
        if place.sub is None:
            if place.leaf not in registers:
                registers[place.leaf] = _register(place.leaf)
            value = registers[place.leaf]
            if value is not None and value >> _bit(place) & 1:
                yield name
        elif place.leaf <= most[place.leaf & _EXTENDED]:
            key = (place.leaf, place.sub)
            if key not in answers:
                answers[key] = ask(*key)
            if answers[key][_REGISTERS.index(place.register)] >> place.bit & 1:
                yield name


def _bit(place: Place) -> int:
    """The bit of a model-specific register, whose upper half is called ``edx``."""
    return place.bit + 32 * (place.register == "edx")


def _register(number: int) -> int | None:
    """A model-specific register, where the kernel shows it (msr(4)) and the processor has it."""
    with suppress(OSError):
        handle = os.open("/dev/cpu/0/msr", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return int.from_bytes(os.pread(handle, 8, number), "little")
        finally:
            os.close(handle)
    return None


def _kernel() -> tuple[int, int]:
    """The bits of physical addresses, and the microcode's version, as the kernel tells them."""
    rows: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split("\n"):
            name, _, text = line.partition(":")
            rows.setdefault(name.strip(), text.strip())
    bits, microcode = rows.get("address sizes", ""), rows.get("microcode", "")
    return int(bits.split()[0]) if bits else 0, int(microcode, 0) if microcode else 0


# Requests of KVM and what it may have (linux/kvm.h).
_CREATE_VM, _CREATE_VCPU, _TSC_KHZ, _HAS = 0xAE01, 0xAE41, 0xAEA3, 0xAE03
_TSC_SCALES, _TELLS_TSC = 60, 61


def _tsc() -> tuple[int, bool] | None:
    """Ask KVM, by a machine that never runs, how fast the counter of time is."""
    with ExitStack() as opened, suppress(OSError):
        kvm = _opened(opened, os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
        if fcntl.ioctl(kvm, _HAS, _TELLS_TSC) <= 0:
            return None
        machine = _opened(opened, fcntl.ioctl(kvm, _CREATE_VM, 0))
        processor = _opened(opened, fcntl.ioctl(machine, _CREATE_VCPU, 0))
        hertz = fcntl.ioctl(processor, _TSC_KHZ, 0) * 1000
        return hertz, fcntl.ioctl(kvm, _HAS, _TSC_SCALES) > 0
    return None


def _opened(opened: ExitStack, descriptor: int) -> int:
    opened.callback(os.close, descriptor)
    return descriptor
