"""What hosts are asked about CPUs, with documents for questions and answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from aiovirt.errors import CallerError, ConfigError, with_number
from aiovirt.host.cpus.choose import baseline, compare, expanded, lacking, offered
from aiovirt.host.cpus.documents import cpu_xml, read_cpu
from aiovirt.host.cpus.values import Cpu
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.host import CpuComparison

__all__ = ["common_cpu", "compared"]


def compared(host: Cpu | None, document: str, *, fail_incompatible: bool) -> CpuComparison:
    """How the CPU of a document compares with a host's.

    Args:
        host: The host's; None if it is not known.
        document: See `read_cpu`.
        fail_incompatible: Raise an error that says what is missing.

    Raises:
        ConfigError: It is incompatible and that is to be told so; or the document is wrong.
    """
    cpu = read_cpu(document)
    why = "unknown host CPU" if host is None else lacking(host, cpu)
    if why is not None and fail_incompatible:
        error = ConfigError(f"the CPU is incompatible with host CPU: {why}", field="cpu")
        raise with_number(error, ErrorNumber.ERR_CPU_INCOMPATIBLE, ErrorDomain.CPU)
    if host is None or why is not None:
        return CpuComparison.INCOMPATIBLE
    return compare(host, cpu)


def common_cpu(
    documents: Sequence[str],
    *,
    expand: bool,
    migratable: bool,
    hosts: bool = True,
    models: Mapping[str, Collection[str]] | None = None,
    features: frozenset[str] | None = None,
) -> str:
    """The best CPU that all of these can be, as a document.

    Args:
        documents: See `read_cpu`.
        expand: Name the features that belong to the model, too.
        migratable: Leave out what keeps a guest from being moved.
        hosts: They are CPUs of hosts, not of hypervisors.
        models: As `Chosen.models`.
        features: What the hypervisor can do; None for all.

    Raises:
        ConfigError: They have nothing in common, or a document is wrong.
        CallerError: There are none.
    """
    if not documents:
        raise CallerError("no CPUs are given")
    cpus = [read_cpu(document, host=hosts) for document in documents]
    found = baseline(cpus, models=models, features=features, migratable=migratable)
    found = offered(found) if hosts else replace(found, fallback=False)
    return cpu_xml(expanded(found) if expand else found)
