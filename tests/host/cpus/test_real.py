"""CPUs as a real libvirtd tells, compares and combines them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress

import pytest
from libvirtlab import Lab
from lxml import etree

import aiovirt
from aiovirt.drivers.qemu.binaries import find_emulator, probe
from aiovirt.drivers.qemu.hostinfo.cpus import host_model
from aiovirt.errors import AiovirtError, ConfigError
from aiovirt.host.cpus import common_cpu, compared, cpu_element, read_cpu, read_host_cpu, table
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real, pytest.mark.timeout(120)]

POLICIES = ("require", "disable", "forbid", "optional", "force")
MODELS, FEATURES = list(table().models), list(table().features)


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: it is about what a daemon answers."""
    return "asyncio"


@pytest.fixture
async def host(lab: Lab) -> AsyncIterator[Connection]:
    """Return QEMU's driver of the lab."""
    async with aiovirt.open(lab.uri("unix", "qemu:///system")) as host:
        yield host


def words(document: str) -> list[str]:
    """What a document says, whatever its white space."""
    found = etree.fromstring(document).iter()
    return [f"{each.tag} {sorted(each.items())} {(each.text or '').strip()}" for each in found]


async def test_the_host_is_told_alike(host: Connection) -> None:
    theirs = read_cpu(await host.capabilities())
    found = read_host_cpu()
    if found is None:
        pytest.skip("the kernel lets no program make code")
    assert (found.cpu.model, found.cpu.vendor) == (theirs.model, theirs.vendor)
    assert list(found.cpu.features) == list(theirs.features)


async def test_what_qemu_gives_to_guests_is_told_alike(host: Connection) -> None:
    binary = await probe(find_emulator("x86_64"))
    for kind in binary.offers:
        with suppress(AiovirtError):  # the lab may have no KVM
            document = await host.domain_capabilities(virt_type=kind, arch="x86_64")
            (theirs,) = etree.fromstring(document).iterfind("cpu/mode[@name='host-model']")
            ours = host_model(binary, kind)
            assert ours is not None
            made = cpu_element(ours, "mode", name="host-model", supported="yes")
            assert words(etree.tostring(made, encoding="unicode")) == words(
                etree.tostring(theirs, encoding="unicode")
            )


def guests(chance: random.Random) -> Iterator[str]:
    """CPUs that guests may wish: each model, most with features."""
    for model in MODELS:
        picked = chance.sample(FEATURES, chance.randrange(3))
        said = "".join(f"<feature policy='{chance.choice(POLICIES)}' name='{n}'/>" for n in picked)
        match = chance.choice(["exact", "strict"])
        yield f"<cpu match='{match}'><model>{model}</model>{said}</cpu>"


async def test_cpus_compare_alike(host: Connection) -> None:
    own = read_cpu(await host.capabilities())
    for document in guests(random.Random(1)):  # noqa: S311 -- samples
        theirs = await host.compare_cpu(document)
        assert compared(own, document, fail_incompatible=False) is theirs, document


def hosts(chance: random.Random) -> list[str]:
    """A few CPUs of hosts."""
    found = []
    for model in chance.sample(MODELS, chance.choice([1, 2, 2, 3])):
        vendor = table().models[model].vendor if chance.random() < 0.7 else None
        said = "".join(f"<feature name='{n}'/>" for n in chance.sample(FEATURES, 3))
        told = f"<vendor>{vendor}</vendor>" if vendor else ""
        found.append(f"<cpu><arch>x86_64</arch><model>{model}</model>{told}{said}</cpu>")
    return found


async def test_cpus_combine_alike(host: Connection) -> None:
    chance = random.Random(2)  # noqa: S311 -- samples
    for round_ in range(60):
        documents = hosts(chance)
        expand, migratable = round_ % 3 == 0, round_ % 2 == 0
        theirs = await answer(host, documents, expand=expand, migratable=migratable)
        if isinstance(theirs, AiovirtError):
            with pytest.raises(ConfigError) as caught:
                common_cpu(documents, expand=expand, migratable=migratable)
            assert str(caught.value) in str(theirs), documents
        else:
            ours = common_cpu(documents, expand=expand, migratable=migratable)
            assert words(ours) == words(theirs), documents


async def answer(
    host: Connection, documents: Sequence[str], *, expand: bool, migratable: bool
) -> str | AiovirtError:
    try:
        return await host.baseline_cpu(documents, expand=expand, migratable=migratable)
    except AiovirtError as error:
        return error
