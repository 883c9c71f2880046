"""What libvirtd makes of domain XML: the command line of each input, asked once and kept.

The lab is given what many inputs want of a host: secrets, pages of huge size, TLS.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from libvirtlab import Lab, LabError, run_virsh
from libvirtlab.fixtures import run_new_lab
from lxml import etree

__all__ = ["X86", "answers", "inputs"]

X86 = ("x86_64", "i686")
"""The architectures that are asked for."""

_SETTINGS = """\
spice_tls = 1
hugetlbfs_mount = "/dev/shm"
"""
_HUGE_PAGES = "mount -t hugetlbfs hugetlbfs /dev/shm"
_SECRET = (
    "<secret ephemeral='yes' private='no'>{uuid}<usage type='{kind}'>"
    "<{name}>{usage}</{name}></usage></secret>"
)
_USAGES = {"ceph": "name", "iscsi": "target", "volume": "volume", "tls": "name", "vtpm": "name"}


def inputs(tests: Path) -> Iterator[tuple[str, str]]:
    """The name and the text of each domain of libvirt's that is to become an x86 command line."""
    for path in sorted((tests / "qemuxml2argvdata").glob("*.xml")):
        text = path.read_text(encoding="utf-8")
        found = re.search(r"<type[^>]*\barch=['\"](\w+)", text)
        if found is None or found.group(1) in X86:
            yield path.stem, text


def answers(tests: Path, kept: Path) -> Mapping[str, str]:
    """The command line of each input that libvirt turns into one; asked where none are kept.

    Args:
        tests: libvirt's test data.
        kept: The file that the answers are kept in.
    """
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            lab = run_new_lab(stack)
            _set_up(lab)
            found = dict(_asked(lab, tests))
        kept.write_text(json.dumps(found, indent=1), encoding="utf-8")
    read: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
    return read


def _set_up(lab: Lab) -> None:
    config = lab.folder / "etc/libvirt/qemu.conf"
    config.write_text(config.read_text(encoding="ascii") + _SETTINGS, encoding="ascii")
    lab.inside(*_HUGE_PAGES.split())
    lab.restart()


def _asked(lab: Lab, tests: Path) -> Iterator[tuple[str, str]]:
    known: set[tuple[str, str]] = set()
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in inputs(tests):
            wanted = set(_secrets(text)) - known
            known |= wanted
            _define_all(lab, Path(scratch, "secret.xml"), wanted)
            path = Path(scratch, "domain.xml")
            path.write_text(text, encoding="utf-8")
            try:
                yield name, run_virsh(lab, "domxml-to-native", "qemu-argv", os.fspath(path)).strip()
            except LabError:
                if not lab.alive:  # libvirt 9.0 crashes at some of them
                    lab.restart()
                    known.clear()


def _define_all(lab: Lab, path: Path, secrets: Iterable[tuple[str, str]]) -> None:
    for secret in secrets:
        with suppress(LabError):  # an input that wants none of the kind may have it
            _define(lab, path, *secret)


def _secrets(text: str) -> Iterator[tuple[str, str]]:
    """The type of use, and the name or UUID, of each secret that a document refers to."""
    with suppress(etree.XMLSyntaxError):
        for node in etree.fromstring(text.encode()).iter("secret"):
            name = node.get("usage") or node.get("uuid")
            if name:
                yield _usage_of(node), name


def _usage_of(node: etree._Element) -> str:
    kind = node.get("type") or "volume"
    return kind if kind in _USAGES else "volume"


def _define(lab: Lab, path: Path, kind: str, name: str) -> None:
    by_uuid = re.fullmatch(r"[0-9a-f-]{36}", name)
    uuid = f"<uuid>{name}</uuid>" if by_uuid else ""
    xml = _SECRET.format(uuid=uuid, kind=kind, name=_USAGES[kind], usage=name)
    path.write_text(xml, encoding="utf-8")
    run_virsh(lab, "secret-define", os.fspath(path))
    wanted = name
    if not by_uuid:
        table = run_virsh(lab, "secret-list")
        wanted = next(line.split()[0] for line in table.splitlines() if line.endswith(f" {name}"))
    run_virsh(lab, "secret-set-value", wanted, "--base64", "c2VjcmV0")
