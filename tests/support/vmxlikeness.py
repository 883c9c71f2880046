"""How many of libvirt's own ``.vmx`` files and domains are translated as libvirt translates them.

Run as a program it prints each difference and the part that is equal, but for order and white
space.  Fails below the bar.  What is told beyond libvirt is counted apart: there it may only add.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libvirtdata
from lxml import etree
from xmldifferences import differences

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx, domain_of, vmx_of
from aiovirt.errors import AiovirtError, ConfigError

__all__ = ["BAR", "Files", "from_native", "holds", "lines_apart", "to_native"]

BAR = 0.98
"""The part of the cases that must be equal."""

DATACENTER = "folder1/folder2/datacenter1"
HARDWARE = {
    "esx-in-the-wild-9": 10,
    "fusion-in-the-wild-1": 9,
    "serial-network-client": 7,
    "serial-network-server": 7,
    "ws-in-the-wild-1": 8,
    "ws-in-the-wild-2": 8,
}
"""The version of the virtual hardware in libvirt's tests (xml2vmxtest.c); 4 in all others."""


@dataclass(frozen=True)
class Files(DatastoreFiles):
    """The host of libvirt's tests: any datastore is there but one, any disk is lsilogic's."""

    def shown(self, name: str, /) -> str | None:
        """As libvirt's tests have it."""
        found = re.fullmatch(r"/vmfs/volumes/([^/]+)/(.+)", name)
        if found is None:
            return super().shown(name)
        missing = found[1] == "missing" or found[2].startswith("missing")
        return None if missing else f"[{found[1]}] {found[2]}"

    def stored(self, path: str, /) -> str:
        """As libvirt's tests have it."""
        found = re.fullmatch(r"\[([^\]]+)\] *(.*)", path)
        return super().stored(path) if found is None else f"/vmfs/volumes/{found[1]}/{found[2]}"

    def controller_model(self, _path: str, /) -> str | None:
        """As libvirt's tests have it."""
        return "lsilogic"


FILES = Files("[datastore] directory", {})


def from_native(data: bytes, name: str, *, extended: bool) -> str:
    """The document of one of libvirt's files.

    Raises:
        ConfigError: It is wrong.
    """
    config = domain_of(Vmx.parse(data), FILES, extended=extended)
    if name == "datacenterpath":
        config.vmware_datacenter_path = DATACENTER
    return config.to_xml(secure=True)


def to_native(xml: bytes, name: str) -> str:
    """The file of one of libvirt's domains.

    Raises:
        ConfigError: It is wrong.
    """
    hardware = HARDWARE.get(name, 4)
    return vmx_of(DomainConfig.parse(xml), FILES, hardware=hardware).to_text()


def _text(node: etree._Element) -> str:
    return (node.text or "").strip()


def xml_apart(theirs: str, ours: str) -> list[str]:
    """Where two documents differ, order aside."""
    return [f"{kind}: {detail}" for kind, detail in differences(theirs, ours)]


def lines_apart(theirs: str, ours: str) -> Iterator[str]:
    """The lines that only one of two files has, each with a sign; their order is no matter."""
    wanted, given = (Counter(map(str.strip, text.splitlines())) for text in (theirs, ours))
    yield from (f"- {line}" for line in (wanted - given).elements() if line)
    yield from (f"+ {line}" for line in (given - wanted).elements() if line)


def _from_native_cases(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(folder.glob("*.vmx")):
        answer = path.with_suffix(".xml")
        try:
            given = from_native(path.read_bytes(), path.stem, extended=False)
        except ConfigError as error:
            named = error.field is not None and error.field in str(error)
            yield path.stem, [] if named and not answer.exists() else [f"+ {error}"]
            continue
        if not answer.exists():
            yield path.stem, ["- an error"]
            continue
        yield path.stem, xml_apart(answer.read_text(encoding="utf-8"), given)


def _to_native_cases(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(folder.glob("*.xml")):
        name = path.stem.removeprefix("xml2vmx-")
        try:
            given = to_native(path.read_bytes(), name)
        except AiovirtError as error:
            yield name, [f"+ {error}"]
            continue
        wanted = path.with_suffix(".vmx").read_text(encoding="utf-8")
        yield name, list(lines_apart(wanted, given))


def _report(what: str, cases: Iterator[tuple[str, list[str]]]) -> tuple[int, int]:
    equal = count = 0
    for name, found in cases:
        count += 1
        equal += not found
        sys.stdout.writelines(f"{what} {name}: {line}\n" for line in found)
    sys.stdout.write(f"{what}: {equal} of {count} equal\n")
    return equal, count


def holds(given: etree._Element, wanted: etree._Element) -> bool:
    """Whether an element has all that another has, and perhaps more.

    The names of targets may be others: libvirt gives the first disks of SCSI and SATA the same.
    """
    named = {"dev"} if wanted.tag == "target" else set()
    same = all(given.get(str(key)) == text for key, text in wanted.items() if key not in named)
    rest = list(given)
    for child in wanted:
        found = next((each for each in rest if holds(each, child)), None)
        if found is None:
            return False
        rest.remove(found)
    return same and given.tag == wanted.tag and _text(given) == _text(wanted)


def _report_more(folder: Path) -> bool:
    """Whether nothing of libvirt's is lost where more is told."""
    more, lost = [], []
    for path in sorted(folder.glob("*.xml")):
        file = path.with_suffix(".vmx")
        if not file.exists():
            continue  # a document that several files stand for
        given = from_native(file.read_bytes(), path.stem, extended=True)
        wanted = path.read_text(encoding="utf-8")
        if differences(wanted, given):
            more.append(path.stem)
        if not holds(etree.fromstring(given), etree.fromstring(wanted)):
            lost.append(path.stem)
    sys.stdout.write(f"more is told than by libvirt in {len(more)}: {', '.join(more)}\n")
    sys.stdout.writelines(f"lost where more is told: {name}\n" for name in lost)
    return not lost


def main() -> int:
    """Compare them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="where libvirt's tests are, or are to be kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = arguments.data or Path(scratch, "data")
        data.mkdir(parents=True, exist_ok=True)
        tests = libvirtdata.fetch(data)
        native = tests / "vmx2xmldata"
        results = (
            _report("from native", _from_native_cases(native)),
            _report("to native", _to_native_cases(tests / "xml2vmxdata")),
        )
        nothing_lost = _report_more(native)
    equal, count = (sum(figures) for figures in zip(*results, strict=True))
    sys.stdout.write(f"{equal} of {count} equal: {equal / count:.1%} (bar {BAR:.0%})\n")
    return 0 if equal / count >= BAR and nothing_lost else 1


if __name__ == "__main__":
    sys.exit(main())
