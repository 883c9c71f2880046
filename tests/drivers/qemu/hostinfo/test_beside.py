"""What domains may have here, beside the answer of a real libvirtd, in whatever order."""

from __future__ import annotations

from pathlib import Path

import counterparts
import pytest
from libvirtlab import Lab, run_virsh
from lxml import etree

from aiovirt.drivers.qemu.binaries import probe
from aiovirt.drivers.qemu.hostinfo import domain_capabilities_xml, read_offers

pytestmark = [pytest.mark.real, pytest.mark.anyio]

GONE = {("enum driverType", "handle")}
"""What libvirt 9.0 tells, though no QEMU since 4.0 has it."""

NO_FLOPPY = {("enum bus", "fdc"), ("enum diskDevice", "floppy")}
"""The same of machines without an ISA bus."""


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: libvirtd and QEMU are processes."""
    return "asyncio"


def told(document: str) -> set[tuple[str, str]]:
    """Every value with what it is of, and whether each thing is supported."""
    found = set()
    for node in etree.fromstring(document).iter("value", "model", "feature", "machine"):
        above = node.getparent()
        assert above is not None
        words = (above.tag, above.get("name"), node.get("name"), node.get("policy"))
        found.add((" ".join(filter(None, words)), (node.text or "") + node.get("usable", "")))
    for node in etree.fromstring(document).iter():
        if node.get("supported"):
            found.add((f"{node.tag} {node.get('name', '')}", node.get("supported", "")))
    return found


@pytest.mark.parametrize(
    ("arch", "machine", "kind", "known"),
    [
        ("x86_64", "pc", "qemu", GONE),
        ("x86_64", "q35", "qemu", GONE),
        ("aarch64", "virt", "qemu", GONE | NO_FLOPPY),
    ],
)
async def test_domains_may_have_what_libvirtd_says(
    lab: Lab, arch: str, machine: str, kind: str, known: set[tuple[str, str]]
) -> None:
    words = ("--arch", arch, "--machine", machine, "--virttype", kind)
    theirs = told(run_virsh(lab, "domcapabilities", *words))
    program: Path = counterparts.program(f"qemu-system-{arch}")
    binary = await probe(program)
    ours = told(domain_capabilities_xml(binary, machine, kind, await read_offers()))
    assert theirs - ours == known
    assert ours - theirs == set()
