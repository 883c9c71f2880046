"""The machine itself: name, UUIDs, memory, processors, and what it shows of the firmware."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from uuid import UUID

from aiovirt.config import (
    CPU,
    VCPU,
    Clock,
    CPUTopology,
    CpuTune,
    DomainConfig,
    FirmwareFeature,
    MemTune,
    OperatingSystem,
)
from aiovirt.drivers.common.vmx.escapes import escape_name, unescape_name
from aiovirt.drivers.common.vmx.section import UNLIMITED, Section, uuid_text
from aiovirt.drivers.common.vmx.translation import Reading, Writing, wrong
from aiovirt.model.units import Bytes, MiB

__all__ = ["memory_limit", "read", "write"]

NOBODY = UUID(int=0)
"""What libvirt shows where the file has no UUID."""

DEFAULT_MEMORY_MIB = 32
MEMORY_STEP = MiB(4)
MAX_MEMORY_MIB = 2**40
MAX_VCPUS = 2**16 - 1
MAX_CPUS = 16384  # VIR_DOMAIN_CPUMASK_LEN
SHARES = {"low": 500, "normal": 1000, "high": 2000}
"""The shares of each virtual CPU (vSphere API, SharesInfo.Level)."""

ARCHITECTURES = {"i686": "other", "x86_64": "other-64", "aarch64": "arm-other-64"}
"""The kind of guest that a new machine says it has."""

_LIST = re.compile(r"\s*[0-9]{1,5}(\s*,\s*[0-9]{1,5})*\s*")
_MASK = 2**64 - 1
_SIGN = 2**63


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of the machine.

    Raises:
        ConfigError: A value cannot be.
    """
    own = reading.section()
    config.uuid = own.uuid("uuid.bios") or NOBODY
    name = own.text("displayName")
    config.name = None if name is None else unescape_name(name)
    config.genid = _genid(own)
    config.description = own.text("annotation")
    _read_memory(own, config)
    _read_processors(own, config)
    _read_os(own, config, extended=reading.extended)
    config.clock = Clock(offset="utc")
    config.on_poweroff, config.on_reboot, config.on_crash = "destroy", "restart", "destroy"


def _genid(own: Section) -> str | None:
    high, low = own.number("vm.genid", 0), own.number("vm.genidX", 0)
    return str(UUID(int=(high & _MASK) << 64 | low & _MASK)) if high or low else None


def memory_limit(own: Section, memory: Bytes) -> Bytes:
    """How much of a machine's memory the host gives it at most.

    Args:
        own: The machine's own keys.
        memory: Its memory.

    Raises:
        ConfigError: The limit cannot be.
    """
    most = own.number("sched.mem.max", UNLIMITED)
    return memory if most < 0 else min(MiB(most), memory)


def _read_memory(own: Section, config: DomainConfig) -> None:
    size = own.number("memsize", DEFAULT_MEMORY_MIB, low=1, high=MAX_MEMORY_MIB)
    if size % _mebibytes(MEMORY_STEP):
        own.refuse_value("memsize", str(size), "a multiple of 4")
    memory = MiB(size)
    config.memory, config.current_memory = memory, memory_limit(own, memory)
    least = own.number("sched.mem.minsize", 0)
    if least > 0:
        config.memtune = MemTune(min_guarantee=min(MiB(least), memory))


def _read_processors(own: Section, config: DomainConfig) -> None:
    count = own.number("numvcpus", 1, low=1, high=MAX_VCPUS)
    config.vcpu = VCPU(max=count, placement="static", cpuset=_affinity(own, count))
    cores = own.number("cpuid.coresPerSocket", 1)
    if cores > 1:
        if cores > count:
            own.refuse_value("cpuid.coresPerSocket", str(cores), f"at most numvcpus, {count}")
        parts = CPUTopology(sockets=count // cores, dies=1, cores=cores, threads=1)
        config.cpu = CPU(topology=parts)
    shares = _shares(own, count)
    if shares is not None:
        config.cputune = CpuTune(shares=shares)


def _affinity(own: Section, count: int) -> str | None:
    said = own.word("sched.cpu.affinity") or "all"
    if said == "all":
        return None
    numbers = [int(part) for part in said.split(",")] if _LIST.fullmatch(said) else []
    if len(numbers) < count or max(numbers) >= MAX_CPUS:
        expected = f"as many numbers as numvcpus at least, {count}, all below {MAX_CPUS}"
        own.refuse_value("sched.cpu.affinity", said, expected)
    return ",".join(_runs(numbers))


def _runs(numbers: Iterable[int]) -> Iterator[str]:
    """Numbers as libvirt writes them: ``0-3``, ``6``."""
    for _, pairs in groupby(enumerate(sorted(set(numbers))), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in pairs]
        yield f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}"


def _shares(own: Section, count: int) -> int | None:
    name = "sched.cpu.shares"
    word = own.word(name)
    if word is None:
        return None
    if word in SHARES:
        return SHARES[word] * count
    if not re.fullmatch("[0-9]{1,10}", word):
        own.refuse_value(name, word, "a number, or one of 'low', 'normal', 'high'")
    return int(word)


def _read_os(own: Section, config: DomainConfig, *, extended: bool) -> None:
    guest = own.text("guestOS") or ""
    config.os.type = "hvm"
    config.os.arch = _arch(guest if extended else guest.removeprefix("arm-"))
    if own.switch("smbios.reflecthost"):
        config.os.smbios = "host"
    config.os.firmware = own.choice("firmware", {"efi": "efi", "bios": None})
    if extended and own.switch("uefi.secureBoot.enabled"):
        feature = FirmwareFeature(name="secure-boot", enabled=True)
        config.os.firmware_features = [feature]


def _arch(guest: str) -> str:
    """The processor of a kind of guest; libvirt does not know those of Arm."""
    if guest.startswith("arm-"):
        return "aarch64"
    return "x86_64" if guest.endswith("-64") else "i686"


def write(writing: Writing, config: DomainConfig) -> None:
    """Write the machine.

    Raises:
        XMLError: VMware has no such machine.
    """
    own = writing.section()
    own.put("guestOS", _guest(config))
    if config.uuid is None or config.uuid == NOBODY:
        own.put("uuid.action", "create")
    else:
        own.put("uuid.bios", uuid_text(config.uuid))
    own.put("displayName", escape_name(config.name or ""))
    own.say(annotation=config.description)
    _write_genid(own, config)
    _write_memory(own, config)
    _write_processors(own, config)
    _write_firmware(own, config)


def _guest(config: DomainConfig) -> str:
    arch = config.os.arch or "i686"
    if arch not in ARCHITECTURES:
        expected = " or ".join(map(repr, ARCHITECTURES))
        raise wrong(config, f"the processor cannot be {arch!r}", expected=expected)
    return ARCHITECTURES[arch]


def _write_genid(own: Section, config: DomainConfig) -> None:
    if config.genid:
        value = UUID(config.genid).int
        for name, half in (("vm.genid", value >> 64), ("vm.genidX", value & _MASK)):
            own.put(name, (half ^ _SIGN) - _SIGN)


def _write_memory(own: Section, config: DomainConfig) -> None:
    memory = config.memory
    if not memory:
        raise wrong(config, "the machine has no memory", expected="<memory unit='MiB'>…</memory>")
    size = memory.round_up(MEMORY_STEP)
    own.put("memsize", _mebibytes(size))
    current = config.current_memory or memory
    if current < size:
        own.put("sched.mem.max", _mebibytes(current))
    if least := config.memtune.min_guarantee:
        own.put("sched.mem.minsize", _mebibytes(least))


def _mebibytes(size: Bytes) -> int:
    return int(size.round_up(MiB(1))) // int(MiB(1))


def _write_processors(own: Section, config: DomainConfig) -> None:
    count = config.vcpus or 1
    if config.vcpu.current not in {None, count}:
        raise wrong(config.vcpu, "VMware starts a guest with all its processors, always")
    own.put("numvcpus", count)
    if config.cpu.topology:
        own.put("cpuid.coresPerSocket", _cores(config.cpu, count))
    if config.vcpu.cpuset:
        own.put("sched.cpu.affinity", _affinity_of(config.vcpu, count))
    if config.cputune.shares is not None:
        own.put("sched.cpu.shares", _shares_of(config.cputune.shares, count))


def _shares_of(shares: int, count: int) -> str:
    words = {each * count: word for word, each in SHARES.items()}
    return words.get(shares, str(shares))


def _affinity_of(vcpu: VCPU, count: int) -> str:
    numbers = _numbers(vcpu.cpuset or "")
    if len(numbers) < count:
        raise wrong(vcpu, f"the cpuset has fewer processors than the guest's {count}")
    return ",".join(map(str, numbers))


def _cores(cpu: CPU, count: int) -> int:
    parts = cpu.topology
    if cpu.mode not in {None, "custom"}:
        raise wrong(cpu, f"the mode of the processor cannot be {cpu.mode!r}", expected="'custom'")
    if {parts.dies, parts.clusters, parts.threads} - {None, 1}:
        raise wrong(parts, "VMware's processors have one die, and their cores one thread")
    sockets, cores = (number or 1 for number in (parts.sockets, parts.cores))
    if sockets * cores != count:
        raise wrong(parts, f"the topology is not that of {count} processors")
    return cores


def _numbers(cpuset: str) -> list[int]:
    """The processors of ``0-3,^2``."""
    found: set[int] = set()
    for part in cpuset.split(","):
        low, _, high = part.lstrip("^").partition("-")
        numbers = range(int(low), min(int(high or low), MAX_CPUS) + 1)
        found = found.difference(numbers) if part.startswith("^") else found.union(numbers)
    return sorted(found)


def _write_firmware(own: Section, config: DomainConfig) -> None:
    system = config.os
    if system.smbios not in {None, "emulate", "host"}:
        raise wrong(system, f"smbios cannot be {system.smbios!r}", expected="'emulate' or 'host'")
    own.say(
        smbios_reflecthost=system.smbios == "host" or None,
        firmware="efi" if system.firmware == "efi" else None,
        uefi_secureBoot_enabled=_has_secure_boot(system) or None,
    )


def _has_secure_boot(system: OperatingSystem) -> bool:
    return any(each.name == "secure-boot" and each.enabled for each in system.firmware_features)
