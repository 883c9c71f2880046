"""The facts about x86 CPUs, as the file beside this one tells them, and names of other models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

__all__ = ["CpuTable", "Feature", "Model", "Place", "names_of", "table"]

_POWER: Final = (
    "POWER6",
    "POWER7",
    "POWER8",
    "POWER9",
    "POWER10",
    "POWERPC_e5500",
    "POWERPC_e6500",
)
_OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "ppc64": _POWER,
    "ppc64le": _POWER,
    "aarch64": (),
    "armv7l": (),
    "armv6l": (),
    "s390x": (),
}
"""Other architectures whose models libvirt knows; where there are none, any name is taken."""
_X86: Final = ("x86_64", "i686")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bit of a feature is.

    Attributes:
        leaf: The leaf of CPUID, or the number of the model-specific register.
        sub: The leaf's part; None for a register.
        register: ``eax``, ``ebx``, ``ecx`` or ``edx``.
        bit: Its number.
    """

    leaf: int
    sub: int | None
    register: str
    bit: int


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that a CPU can do.

    Attributes:
        name: libvirt's name of it.
        place: Where a CPU tells it.
        stays: Whether it keeps a guest from being moved.
        qemu: QEMU's own names for it, beside libvirt's.
    """

    name: str
    place: Place
    stays: bool
    qemu: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of CPU.

    Attributes:
        name: Its name.
        on: Of whom it may be told: ``host``, ``guest``.
        vendor: Who makes it, or None.
        signatures: Family, model and steppings of the CPUs that are of this kind; no steppings
            are all of them.
        features: What it can do.
        gone: What it could do until QEMU took that out.
    """

    name: str
    on: frozenset[str]
    vendor: str | None
    signatures: tuple[tuple[int, int, frozenset[int]], ...]
    features: frozenset[str]
    gone: tuple[str, ...]

    def is_of(self, signature: tuple[int, int, int] | None) -> bool:
        """Whether CPUs of that family, model and stepping are of this kind."""
        if signature is None:
            return False
        family, number, stepping = signature
        return any(
            (family, number) == one[:2] and (not one[2] or stepping in one[2])
            for one in self.signatures
        )


@dataclass(frozen=True, slots=True)
class CpuTable:
    """All that is known, in libvirt's order, which decides between equals."""

    vendors: dict[str, str] = field(default_factory=dict)
    features: dict[str, Feature] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)

    def in_order(self, names: frozenset[str]) -> list[str]:
        """Names of features as libvirt lists them."""
        return [name for name in self.features if name in names]

    def by_qemu(self) -> Mapping[str, str]:
        """QEMU's names of features -> libvirt's."""
        own = {name.replace("_", "-"): name for name in self.features}
        also = {word: each.name for each in self.features.values() for word in each.qemu}
        return {**own, **also, **{name: name for name in self.features}}


def names_of(arch: str) -> tuple[str, ...] | None:
    """The names of an architecture's models, or None where nothing is known of it."""
    return tuple(table().models) if arch in _X86 else _OTHERS.get(arch)


@cache
def table() -> CpuTable:
    """The table; read once."""
    found = CpuTable()
    text = (files("aiovirt.host.cpus") / "x86.txt").read_text(encoding="ascii")
    for line in text.splitlines():
        kind, *words = line.split()
        if kind != "#":
            _READERS[kind](found, words)
    return found


def _vendor(found: CpuTable, words: Sequence[str]) -> None:
    name, string = words
    found.vendors[name] = string


def _feature(found: CpuTable, words: Sequence[str]) -> None:
    name, where, leaf, register, bit, *more = words
    number, _, sub = leaf.partition(".")
    place = Place(int(number, 0), int(sub) if where == "cpuid" else None, register, int(bit))
    also = next((word[5:].split(",") for word in more if word.startswith("qemu=")), [])
    found.features[name] = Feature(name, place, "stays" in more, tuple(also))


def _model(found: CpuTable, words: Sequence[str]) -> None:
    name, *rest = words
    keys = dict(word.split("=", 1) for word in rest if "=" in word)
    own = {word for word in rest if "=" not in word}
    base = found.models[keys["like"]].features if "like" in keys else frozenset()
    gone = {word[1:] for word in own if word.startswith("-")}
    found.models[name] = Model(
        name=name,
        on=frozenset(keys["on"].split(",")) - {"-"},
        vendor=keys.get("by"),
        signatures=tuple(_signatures(keys.get("is", ""))),
        features=(base - gone) | {word for word in own if not word.startswith("-")},
        gone=tuple(keys["gone"].split(",")) if "gone" in keys else (),
    )


def _signatures(text: str) -> Iterator[tuple[int, int, frozenset[int]]]:
    for one in text.split(",") if text else ():
        family, number, *steppings = one.split("/")
        yield int(family), int(number), frozenset(_numbers(steppings[0] if steppings else ""))


def _numbers(text: str) -> Iterator[int]:
    for part in text.split("+") if text else ():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


_READERS: Final[Mapping[str, Callable[[CpuTable, Sequence[str]], None]]] = {
    "vendor": _vendor,
    "feature": _feature,
    "model": _model,
}
