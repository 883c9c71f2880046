"""Verbs about models of CPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import ContextArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document, source_name
from aiovirt.cli.failures import ChecksFailed, UsageError
from aiovirt.cli.results import Column, Plain, Rows
from aiovirt.model.host import CpuComparison

__all__ = [
    "cpu_baseline",
    "cpu_compare",
    "cpu_models",
    "hypervisor_cpu_baseline",
    "hypervisor_cpu_compare",
]

ErrorArg = Annotated[
    bool, Parameter(name="--error", help="Say what is missing if it is incompatible.")
]
ValidateArg = Annotated[bool, about("Let libvirt check it against its grammar.")]
FeaturesArg = Annotated[bool, about("Name the features that belong to the model, too.")]
MigratableArg = Annotated[bool, about("Without features that keep a guest from being moved.")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Hypervisor:
    """Which hypervisor of the host; its first when nothing is said."""

    virttype: Annotated[str | None, about("kvm, or qemu for emulation.")] = None
    emulator: Annotated[str | None, about("The path of the emulator.")] = None
    arch: Annotated[str | None, about("The guest's architecture, such as aarch64.")] = None
    machine: Annotated[str | None, about("The machine type, such as q35.")] = None


THE_FIRST = Hypervisor()


async def _cpus(file: Path) -> list[str]:
    """The CPUs in a file.

    Raises:
        ConfigError: There is none.
    """
    found: list[str] = import_module("aiovirt.cli.cpu_documents").cpus_in(
        await read_document(file), source_name(file)
    )
    return found


async def cpu_models(
    arch: Annotated[str, about("The architecture, such as x86_64.")], *, session: SessionArg
) -> Rows:
    """List the models of CPUs that libvirt knows of an architecture.

    For example:

        aiovirt cpu-models x86_64
    """
    rows = [{"name": name} for name in await session.host.cpu_models(arch)]
    return Rows([Column("name", "Name")], rows, bare=True)


_HOST: Mapping[CpuComparison, str] = {
    CpuComparison.INCOMPATIBLE: "CPU described in {file} is incompatible with host CPU",
    CpuComparison.IDENTICAL: "CPU described in {file} is identical to host CPU",
    CpuComparison.SUPERSET: "Host CPU is a superset of CPU described in {file}",
}
_OURS = "the CPU provided by hypervisor on the host"
_HYPERVISOR: Mapping[CpuComparison, str] = {
    CpuComparison.INCOMPATIBLE: f"CPU described in {{file}} is incompatible with {_OURS}",
    CpuComparison.IDENTICAL: f"CPU described in {{file}} is identical to {_OURS}",
    CpuComparison.SUPERSET: f"T{_OURS[1:]} is a superset of CPU described in {{file}}",
}


def _verdict(result: CpuComparison, file: Path, words: Mapping[CpuComparison, str]) -> Plain:
    """How they compare.

    Raises:
        ChecksFailed: They are incompatible.
    """
    text = words.get(result, "{file}: " + str(result)).format(file=source_name(file))
    if not result.compatible:
        raise ChecksFailed(text, hint="aiovirt cpu-compare --error says what is missing")
    return Plain(text, {"result": result.name.lower()}, [result.name.lower()])


async def cpu_compare(
    file: FileArg, *, error: ErrorArg = False, validate: ValidateArg = False, context: ContextArg
) -> Plain:
    """Compare a CPU with the host's: fails when they are incompatible.

    The file has a <cpu>, or a domain or capabilities with one. For example:

        aiovirt cpu-compare web1.xml
    """
    cpu, *_ = await _cpus(file)
    async with context.connect() as session:
        result = await session.host.compare_cpu(cpu, fail_incompatible=error, validate=validate)
    return _verdict(result, file, _HOST)


async def cpu_baseline(
    file: FileArg,
    *,
    features: FeaturesArg = False,
    migratable: MigratableArg = False,
    context: ContextArg,
) -> Plain:
    """Print the best CPU that several hosts can offer, as XML.

    The file has their <cpu>s or capabilities, one after the other. For example:

        aiovirt cpu-baseline all-hosts.xml
    """
    cpus = await _cpus(file)
    async with context.connect() as session:
        xml = await session.host.baseline_cpu(cpus, expand=features, migratable=migratable)
    return Plain(xml.rstrip("\n"), {"xml": xml}, [])


async def hypervisor_cpu_compare(
    file: FileArg,
    *,
    hypervisor: Hypervisor = THE_FIRST,
    error: ErrorArg = False,
    validate: ValidateArg = False,
    context: ContextArg,
) -> Plain:
    """Compare a CPU with what a hypervisor of the host offers: fails when they are incompatible.

    For example:

        aiovirt hypervisor-cpu-compare web1.xml
        aiovirt hypervisor-cpu-compare --virttype qemu cpu.xml
    """
    cpu, *_ = await _cpus(file)
    async with context.connect() as session:
        result = await session.host.compare_hypervisor_cpu(
            cpu,
            emulator=hypervisor.emulator,
            arch=hypervisor.arch,
            machine=hypervisor.machine,
            virt_type=hypervisor.virttype,
            fail_incompatible=error,
            validate=validate,
        )
    return _verdict(result, file, _HYPERVISOR)


async def hypervisor_cpu_baseline(
    file: Annotated[Path | None, about("Their CPUs; - is standard input.")] = None,
    *,
    hypervisor: Hypervisor = THE_FIRST,
    features: FeaturesArg = False,
    migratable: MigratableArg = False,
    model: Annotated[str | None, about("This model alone, instead of a file.")] = None,
    context: ContextArg,
) -> Plain:
    """Print the best CPU that a hypervisor can offer on several hosts, as XML.

    The file has their domain capabilities, one after the other. For example:

        aiovirt hypervisor-cpu-baseline all-hosts.xml
        aiovirt hypervisor-cpu-baseline --model Skylake-Client --features
    """
    if (file is None) is (model is None):
        raise UsageError("of what: give either a file or --model")
    cpus = [f"<cpu><model>{model}</model></cpu>"] if file is None else await _cpus(file)
    async with context.connect() as session:
        xml = await session.host.baseline_hypervisor_cpu(
            cpus,
            emulator=hypervisor.emulator,
            arch=hypervisor.arch,
            machine=hypervisor.machine,
            virt_type=hypervisor.virttype,
            expand=features,
            migratable=migratable,
        )
    return Plain(xml.rstrip("\n"), {"xml": xml}, [])
