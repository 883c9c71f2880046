"""Writes host/cpus/x86.txt: which features and models of CPUs there are, and by which bits.

The facts are those of libvirt's public CPU map, which Debian's libvirt0 installs; their form here
is our own: one line each, and a model told by what it has more or less than an earlier one.
With --check it writes nothing, and fails when the file is not what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).parent
MAP = Path("/usr/share/libvirt/cpu_map")
TARGET = HERE.parent / "src/aiovirt/host/cpus/x86.txt"

HEAD = """\
# What x86 CPUs can do: facts, written by tables/cpus.py from the CPU map of Debian's libvirt0.
#
# vendor NAME STRING               STRING is in CPUID leaf 0.
# feature NAME PLACE [stays] [qemu=NAME,...]
#                                  PLACE is cpuid LEAF.SUBLEAF REGISTER BIT, or msr NUMBER REGISTER
#                                  BIT; a guest with one that stays cannot be moved;
#                                  qemu has QEMU's own names for it.
# model NAME [key=value ...] [feature ...]
#   on=host,guest  of what it may be told;  by=VENDOR;  is=FAMILY/MODEL[/STEPPINGS],...
#   gone=feature,...  those that QEMU has taken out since;  like=MODEL  with its features, but for
#   those after a minus.
"""
REGISTERS = ("eax", "ebx", "ecx", "edx")


@dataclass
class Model:
    """A model as libvirt's map has it, with what it takes from another one."""

    name: str
    on: str = "host,guest"
    vendor: str = ""
    signatures: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def parse(name: str) -> ET.Element:
    """Read one document of the map."""
    return ET.parse(MAP / name).getroot()  # noqa: S314 -- Debian's own file


def included() -> Iterator[ET.Element]:
    """The documents of x86, in the map's order."""
    arch = parse("index.xml").find("arch[@name='x86']")
    for each in () if arch is None else arch.findall("include"):
        yield parse(each.get("filename", ""))


def place(feature: ET.Element) -> str:
    """Where the one bit of a feature is."""
    (node,) = (each for each in feature if each.tag != "alias")
    found = [(name, int(node.get(name, "0"), 0)) for name in REGISTERS]
    ((register, mask),) = [(name, mask) for name, mask in found if mask]
    if mask.bit_count() != 1:
        raise SystemExit(f"{feature.get('name')} has more than one bit")
    bit = mask.bit_length() - 1
    if node.tag == "msr":
        return f"msr {int(node.get('index', ''), 0):#x} {register} {bit}"
    leaf, sub = int(node.get("eax_in", ""), 0), int(node.get("ecx_in", "0"), 0)
    return f"cpuid {leaf:#x}.{sub} {register} {bit}"


def read_model(node: ET.Element, known: dict[str, Model]) -> Model:
    """A model, with what its ancestor has."""
    model = Model(node.get("name", ""))
    for each in node.findall("model"):
        ancestor = known[each.get("name", "")]
        model.vendor, model.signatures = ancestor.vendor, list(ancestor.signatures)
        model.features = list(ancestor.features)
    if (decode := node.find("decode")) is not None:
        model.on = ",".join(word for word in ("host", "guest") if decode.get(word) == "on")
    if (vendor := node.find("vendor")) is not None:
        model.vendor = vendor.get("name", "")
    signatures = node.findall("signature")
    if signatures:
        model.signatures = [
            "/".join(filter(None, map(each.get, ("family", "model", "stepping"))))
            for each in signatures
        ]
    for each in node.findall("feature"):
        gone = each.get("removed") == "yes"
        (model.gone if gone else model.features).append(each.get("name", ""))
    return model


def write_model(model: Model, known: dict[str, Model]) -> str:
    """A model's line, by the earlier one that makes it shortest."""
    own = set(model.features)
    best = min(known.values(), key=lambda each: len(own ^ set(each.features)), default=None)
    if best is None or len(own ^ set(best.features)) > len(own):
        best = Model("")
    words = ["model", model.name, f"on={model.on or '-'}"]
    words += [f"by={model.vendor}"] if model.vendor else []
    words += [f"is={','.join(each.replace(',', '+') for each in model.signatures)}"] * bool(
        model.signatures
    )
    words += [f"gone={','.join(model.gone)}"] if model.gone else []
    words += [f"like={best.name}"] if best.name else []
    words += sorted(own - set(best.features))
    words += [f"-{name}" for name in sorted(set(best.features) - own)]
    return " ".join(words)


def lines() -> Iterator[str]:
    """All lines of the file."""
    known: dict[str, Model] = {}
    for document in included():
        for vendor in document.findall("vendor"):
            yield f"vendor {vendor.get('name')} {vendor.get('string')}"
        for feature in document.findall("feature"):
            stays = " stays" if feature.get("migratable") == "no" else ""
            names = [each.get("name", "") for each in feature.findall("alias[@source='qemu']")]
            also = f" qemu={','.join(names)}" if names else ""
            yield f"feature {feature.get('name')} {place(feature)}{stays}{also}"
        for node in document.findall("model"):
            model = read_model(node, known)
            yield write_model(model, known)
            known[model.name] = model


def main(arguments: list[str]) -> str | None:
    """Write the file, or say that it is not fresh."""
    if not MAP.is_dir():
        return f"there is no {MAP}: install libvirt0"
    text = HEAD + "".join(f"{line}\n" for line in lines())
    if "--check" not in arguments:
        TARGET.write_text(text, encoding="ascii")
    elif TARGET.read_text(encoding="ascii") != text:
        return f"{TARGET} is not what {Path(__file__).name} writes: run it"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
