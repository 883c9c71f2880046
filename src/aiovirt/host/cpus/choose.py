"""Which model tells best what a CPU can do; how CPUs compare, and what several of them can do.

Pure: sets of the names of features, no documents, no host.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiovirt.errors import ConfigError
from aiovirt.host.cpus.table import Model, table
from aiovirt.host.cpus.values import Cpu
from aiovirt.model.host import CpuComparison

__all__ = ["Chosen", "baseline", "compare", "decode", "expanded", "lacking", "offered"]

_X86: Final = (None, "x86_64", "i686")
_PENALTY: Final = 2
"""What the first feature costs that a model has and the CPU has not."""
_BROKEN_TSX: Final = ((60, 16), (69, 16), (70, 16), (63, 4))
"""Models of Intel's family 6, and the stepping from which on ``hle`` and ``rtm`` work."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """How decode is to choose.

    Attributes:
        guest: For a guest: features of the model may be switched off.
        signature: Family, model and stepping of the CPU, where they are known.
        models: The models that there are for it, with what the hypervisor says keeps it from
            running each; None for all.
        preferred: Models to take if one may.
    """

    guest: bool = False
    signature: tuple[int, int, int] | None = None
    models: Mapping[str, Collection[str]] | None = None
    preferred: Sequence[str] = ()


def has(cpu: Cpu) -> frozenset[str]:
    """All that a CPU can do.

    Raises:
        ConfigError: Its model, or a feature, is not known.
    """
    _check(cpu)
    own = table().models[cpu.model].features if cpu.model else frozenset()
    return (own | cpu.named("require", "force")) - cpu.named("disable", "forbid")


def _check(cpu: Cpu) -> None:
    if cpu.model is not None and cpu.model not in table().models:
        raise ConfigError(f"Unknown CPU model {cpu.model}", field="model")
    for name in cpu.features:
        if name not in table().features:
            raise ConfigError(f"Unknown CPU feature {name}", field="feature")


# --- comparing ------------------------------------------------------------------------------------


def compare(host: Cpu, cpu: Cpu) -> CpuComparison:
    """How a CPU compares with a host's.

    Raises:
        ConfigError: A model or a feature is not known.
    """
    if lacking(host, cpu) is not None:
        return CpuComparison.INCOMPATIBLE
    said = _required(cpu) | cpu.named("optional", "disable", "force")
    return CpuComparison.SUPERSET if has(host) - said else CpuComparison.IDENTICAL


def lacking(host: Cpu, cpu: Cpu) -> str | None:
    """Why a host's CPU cannot do for another; None if it can. Errors as `compare`."""
    _check(cpu)
    if cpu.arch not in _X86:
        return f"CPU arch {cpu.arch} does not match host arch"
    if cpu.vendor and cpu.vendor != host.vendor:
        return f"host CPU vendor does not match required CPU vendor {cpu.vendor}"
    own = has(host)
    if found := cpu.named("forbid") & own:
        return f"Host CPU provides forbidden features: {_listed(found)}"
    if found := _required(cpu) - own:
        return f"Host CPU does not provide required features: {_listed(found)}"
    more = own - _required(cpu) - cpu.named("optional", "disable", "force")
    if more and cpu.guest and cpu.strict:
        return f"Host CPU does not strictly match guest CPU: Extra features: {_listed(more)}"
    return None


def _required(cpu: Cpu) -> frozenset[str]:
    own = table().models[cpu.model].features if cpu.model else frozenset()
    return (own | cpu.named("require")) - cpu.named("force", "optional", "disable")


def _listed(names: frozenset[str]) -> str:
    return ", ".join(table().in_order(names))


# --- telling --------------------------------------------------------------------------------------


def decode(features: frozenset[str], vendor: str | None, how: Chosen) -> Cpu:
    """The CPU that has these features, by the model that tells it best.

    Raises:
        ConfigError: There is no such model.
    """
    features -= _broken(vendor, how.signature)
    best: tuple[Model, Cpu] | None = None
    for model in _candidates(vendor, how):
        cpu = _told(features, vendor, model, how)
        if not how.guest and cpu.named("disable"):
            continue
        if list(how.preferred) == [model.name]:
            return cpu
        if best is None or _is_better(cpu, model, best, how):
            best = model, cpu
    if best is None:
        raise ConfigError("Cannot find suitable CPU model for given data", field="cpu")
    return best[1]


def _candidates(vendor: str | None, how: Chosen) -> Iterator[Model]:
    """The models that may be told at all, the newest first."""
    for model in reversed(table().models.values()):
        there = how.models is None or model.name in how.models
        others = vendor and model.vendor and model.vendor != vendor
        if there and not others and ("guest" if how.guest else "host") in model.on:
            yield model


def _broken(vendor: str | None, signature: tuple[int, int, int] | None) -> frozenset[str]:
    """What a CPU says that it can do, and cannot."""
    if vendor != "Intel" or signature is None or signature[0] != 6:  # noqa: PLR2004 -- the family
        return frozenset()
    broken = any(signature[1] == model and signature[2] < good for model, good in _BROKEN_TSX)
    return frozenset({"hle", "rtm"} if broken else ())


def _told(features: frozenset[str], vendor: str | None, model: Model, how: Chosen) -> Cpu:
    """A CPU by one model: what it has beside it, and what of it it has not."""
    known = table()
    more, less = features - model.features, model.features - features
    blockers = frozenset(how.models[model.name]) if how.models is not None else frozenset()
    less |= {name for name in blockers if name in known.features and name not in more}
    words = dict.fromkeys(known.in_order(more), "require")
    words |= dict.fromkeys(known.in_order(less), "disable")
    if how.guest:
        words |= dict.fromkeys((name for name in model.gone if name not in words), "disable")
    return Cpu(model.name, words, vendor=vendor, guest=how.guest)


def _is_better(cpu: Cpu, model: Model, best: tuple[Model, Cpu], how: Chosen) -> bool:
    """Whether a model tells a CPU better than the best until now: its own kind, then fewer words.

    What must be switched off counts more than what must be added, the more so the more it is.
    """
    before, after = best[0].is_of(how.signature), model.is_of(how.signature)
    if before is not after:
        return after
    (cost, off), (best_cost, best_off) = _cost(cpu), _cost(best[1])
    if cost < best_cost or (cost == best_cost and off < best_off):
        return True
    return model.name in how.preferred and off < best_off


def _cost(cpu: Cpu) -> tuple[int, int]:
    """What a CPU costs to tell, and what of that is for features that are switched off.

    libvirt looks at half of those only, and so do we: the same model must come out.
    """
    if not cpu.guest:
        return len(cpu.features), 0
    seen = (len(cpu.named("disable")) + 1) // 2
    off = sum(range(_PENALTY, _PENALTY + seen))
    return len(cpu.features) - seen + off, off


# --- what several can do --------------------------------------------------------------------------


def baseline(
    cpus: Sequence[Cpu],
    *,
    models: Mapping[str, Collection[str]] | None = None,
    features: frozenset[str] | None = None,
    migratable: bool = False,
) -> Cpu:
    """The best CPU that all of these can be.

    Args:
        cpus: CPUs, at least one, each with a model.
        models: As `Chosen.models`.
        features: What the hypervisor can do; None for all.
        migratable: Leave out what keeps a guest from being moved.

    Raises:
        ConfigError: They have nothing in common, or are of several vendors.
    """
    if not cpus:
        raise ConfigError("no CPUs given", field="cpu")
    for place, cpu in enumerate(cpus):
        if cpu.model is None:
            raise ConfigError(f"no CPU model specified at index {place}", field="model")
    common = frozenset.intersection(*map(has, cpus))
    vendor = _vendor_of(cpus)
    if features is not None:
        common &= features
    if not common:
        raise ConfigError("CPUs are incompatible", field="cpu")
    names = list(dict.fromkeys(cpu.model for cpu in cpus if cpu.model))
    found = decode(common, vendor, Chosen(guest=True, models=models, preferred=names))
    if migratable:
        # what is switched off stays so: without the word the model itself would have it
        staying = {name for name in found.named("require") if table().features[name].stays}
        kept = {n: word for n, word in found.features.items() if n not in staying}
        found = replace(found, features=kept)
    return replace(
        found,
        vendor=vendor if all(cpu.vendor for cpu in cpus) else None,
        fallback=names != [found.model],
    )


def _vendor_of(cpus: Sequence[Cpu]) -> str | None:
    """The vendor of all; None if nobody says it. libvirt believes the first one's words alone."""
    found = cpus[0].vendor
    if found is not None and found not in table().vendors:
        raise ConfigError(f"Unknown CPU vendor {found}", field="vendor")
    for cpu in cpus[1:]:
        made = table().models[cpu.model or ""].vendor
        if cpu.vendor and made and cpu.vendor != made:
            raise ConfigError(
                f"CPU vendor {made} of model {cpu.model} differs from vendor {cpu.vendor}",
                field="vendor",
            )
        told = cpu.vendor or made
        if told and found and told != found:
            raise ConfigError("CPU vendors do not match", field="vendor")
        found = found or told
    return found


_UNOFFERED: Final = frozenset({"cmt", "mbm_total", "mbm_local", "osxsave", "ospke"})
"""What only the host's system has: QEMU cannot give it to a guest, or gives it by itself."""


def offered(cpu: Cpu) -> Cpu:
    """The same CPU without what QEMU cannot be asked for."""
    kept = {name: word for name, word in cpu.features.items() if name not in _UNOFFERED}
    return replace(cpu, features=kept)


def expanded(cpu: Cpu) -> Cpu:
    """The same CPU, with the features named that belong to its model.

    Raises:
        ConfigError: The model is not known.
    """
    _check(cpu)
    if cpu.model is None:
        return cpu
    model = table().models[cpu.model]
    words = dict.fromkeys(table().in_order(model.features), "require")
    words |= {n: word for n, word in cpu.features.items() if word in {"require", "disable"}}
    return replace(cpu, features=dict(sorted(words.items())))
