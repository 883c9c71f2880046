"""How many of libvirt's own inputs become the command line that libvirt makes of them.

Run as a program it prints each difference, the differences by how often they occur, and the part
of the inputs that mean the same.  Fails below the bar.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import anyio
import libvirtdata
from argvanswers import answers, inputs
from argvmade import certificates
from argvstarts import reason_of, start
from argvwords import Part, meaning
from lxml import etree

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv import Resources, build
from aiovirt.drivers.qemu.binaries import BinaryCapabilities, find_emulator, probe
from aiovirt.drivers.qemu.devices import assign_aliases, complete
from aiovirt.errors import AiovirtError

__all__ = ["BAR", "as_exported", "compare", "ours"]

BAR = 0.98
"""The part of the inputs that must mean the same."""

OUR_FOLDER = Path("/run/guest")
THEIR_FOLDERS = (
    r"/var/lib/libvirt/qemu/(channel/target/)?domain--1-[^/]*",
    r"/run/libvirt/qemu/[^/]*",
    r"/var/lib/libvirt/qemu",
    r"/tmp/channel/domain-[^/]*",
)
_WITHOUT_PLACE = {"null,id=chrtpm": "socket,id=chrtpm,path=/run/libvirt/qemu/0"}
"""What libvirt gives a place only when it starts a swtpm, with what it is then."""
KEPT_OF_INTERFACES = ("mac", "model", "script")


def as_exported(text: str) -> str:
    """Do to an input what libvirt does before it makes a command line that nobody runs.

    Interfaces become plain taps of which only model, address and place in the boot order are
    kept: qemuConnectDomainXMLToNative of libvirt.
    """
    root = etree.fromstring(text.encode())
    for interface in root.iterfind("devices/interface"):
        if interface.get("type") == "vdpa" and interface.find("model") is None:
            etree.SubElement(interface, "model", {"type": "virtio"})
        interface.set("type", "ethernet")
        for name in set(interface.attrib) - {"type"}:
            del interface.attrib[name]
        for child in list(interface):
            if child.tag not in KEPT_OF_INTERFACES:
                interface.remove(child)
    return etree.tostring(root).decode()


@cache
def _binary(arch: str) -> BinaryCapabilities:
    return anyio.run(probe, find_emulator(arch))


def ours(text: str) -> tuple[str, ...]:
    """The command line that aiovirt makes of an input.

    Raises:
        AiovirtError: It refuses the input.
    """
    config = DomainConfig.parse(text)
    wide = "x86_64" in (config.emulator or "") or config.os.arch != "i686"
    binary = _binary("x86_64" if wide else "i686")
    complete(config, binary)
    assign_aliases(config)
    return build(config, binary, Resources.imagined(config, OUR_FOLDER))


def compare(theirs: str, text: str) -> Iterator[tuple[str, str]]:
    """Each difference: of what kind it is, and what stands there."""
    exported = as_exported(text)
    try:
        argv = ours(exported)
    except AiovirtError as error:
        message = re.sub(r"'[^']*'|\d+", "X", str(error))
        yield f"refused: {message.splitlines()[0][:120]}", str(error).splitlines()[0]
        return
    wanted = meaning(_words(theirs), given=text, folders=THEIR_FOLDERS)
    given = meaning(argv[1:], given=text, folders=(str(OUR_FOLDER), *THEIR_FOLDERS))
    yield from _differences(wanted, given)


def _words(command: str) -> list[str]:
    """A command line as libvirt prints it, without environment and program."""
    words = [_WITHOUT_PLACE.get(word, word) for word in shlex.split(command.replace("\\\n", " "))]
    return words[next(n for n, word in enumerate(words) if word.startswith("/")) + 1 :]


def _differences(wanted: list[Part], given: list[Part]) -> Iterator[tuple[str, str]]:
    theirs, own = _by_key(wanted), _by_key(given)
    for key in sorted({*theirs, *own}):
        left, right = _unequal(theirs.get(key, []), own.get(key, []))
        for one, other in zip(left, right, strict=False):
            yield from _of_values(one, other)
        for part in left[len(right) :]:
            yield f"lacks {part.label}", part.text()
        for part in right[len(left) :]:
            yield f"has   {part.label}", part.text()


def _by_key(parts: list[Part]) -> Mapping[tuple[str, str], list[Part]]:
    found: defaultdict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in parts:
        found[part.option, part.name].append(part)
    return found


def _unequal(left: list[Part], right: list[Part]) -> tuple[list[Part], list[Part]]:
    both = Counter(p.text() for p in left) & Counter(p.text() for p in right)
    rest = []
    for parts in (left, right):
        open_ = both.copy()
        kept = []
        for part in parts:
            if open_[part.text()]:
                open_[part.text()] -= 1
            else:
                kept.append(part)
        rest.append(sorted(kept, key=Part.text))
    return rest[0], rest[1]


def _of_values(theirs: Part, own: Part) -> Iterator[tuple[str, str]]:
    if theirs.label != own.label:
        yield f"is    {own.label} for {theirs.label}", theirs.name
        return
    for key in sorted({*theirs.values, *own.values}):
        wanted, given = theirs.values.get(key), own.values.get(key)
        if wanted != given:
            kind = "lacks" if given is None else "has  " if wanted is None else "other"
            detail = f"{theirs.name} {key}: {wanted!r}, here {given!r}"
            yield f"{kind} {theirs.label} {key}", detail


def main() -> int:
    """Compare them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="where libvirt's tests are, or are to be kept")
    parser.add_argument(
        "--kept",
        type=Path,
        default=Path(tempfile.gettempdir(), "aiovirt-argv"),
        help="where libvirt's answers are kept",
    )
    parser.add_argument("--starts", action="store_true", help="start what can be started here")
    parser.add_argument("names", nargs="*", help="only these inputs")
    arguments = parser.parse_args()
    data = arguments.data or arguments.kept / "data"
    data.mkdir(parents=True, exist_ok=True)
    tests = libvirtdata.fetch(data)
    asked = answers(tests, arguments.kept / "answers.json")
    same, kinds = 0, Counter[str]()
    examples: dict[str, str] = {}
    chosen = {n: t for n, t in inputs(tests) if n in asked and n in (arguments.names or asked)}
    for name, text in chosen.items():
        found = list(compare(asked[name], text))
        same += not found
        for kind, detail in found:
            sys.stdout.write(f"{name}: {kind}: {detail}\n")
        for kind in {kind for kind, _ in found}:
            kinds[kind] += 1
            examples.setdefault(kind, name)
    sys.stdout.write("\n")
    for kind, count in kinds.most_common():
        sys.stdout.write(f"{count:4} {kind} ({examples[kind]})\n")
    started = _starts(chosen) if arguments.starts else True
    part = same / len(chosen)
    sys.stdout.write(f"{same} of {len(chosen)} mean the same: {part:.1%} (bar {BAR:.0%})\n")
    return 0 if part >= BAR and started else 1


def _starts(chosen: Mapping[str, str]) -> bool:
    """Start the guests whose files can be made here; whether QEMU took them all."""
    came: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        pki = certificates(Path(scratch))
        for name, text in chosen.items():
            said = _start(text, pki)
            reason = reason_of(said) if said else "started"
            came[f"want {reason}" if reason and said else reason or "failed"] += 1
            if said:
                sys.stdout.write(f"{name} did not start ({reason or 'no reason'}): {said}\n")
    sys.stdout.writelines(f"{count:4} {what}\n" for what, count in came.most_common())
    made = came["started"] + came["failed"]
    sys.stdout.write(f"{came['started']} of {made} whose files can be made here start\n")
    return not came["failed"]


def _start(text: str, pki: Path) -> str:
    try:
        argv = ours(re.sub("type=.ethernet.", "type='user'", as_exported(text)))
    except AiovirtError as error:
        return f"refused: {error}"
    return start(argv, pki)


if __name__ == "__main__":
    sys.exit(main())
