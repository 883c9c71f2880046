"""What this host's processor says, beside what the kernel says of it."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from aiovirt.host.cpus import HostCpu, read_host_cpu
from aiovirt.host.cpus.registers import _signature

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="CPUID is of x86")


@pytest.fixture
def processor() -> HostCpu:
    """Return this host's."""
    found = read_host_cpu()
    if found is None:
        pytest.skip("the kernel lets no program make code")
    return found


def cpuinfo() -> dict[str, str]:
    text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    rows = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in rows}


def test_it_is_the_processor_that_the_kernel_sees(processor: HostCpu) -> None:
    told = cpuinfo()
    numbers = tuple(int(told[name]) for name in ("cpu family", "model", "stepping"))
    assert processor.signature == numbers
    same = {"fpu", "lm", "nx", "syscall", "avx", "aes", "rdtscp", "popcnt"}
    assert processor.features & same == set(told["flags"].split()) & same
    assert processor.cpu.model is not None


def test_family_and_model_have_more_than_four_bits() -> None:
    assert _signature(0x000306C3) == (6, 60, 3)
    assert _signature(0x00A00F11) == (25, 1, 1)
    assert _signature(0x00000F29) == (15, 2, 9)
