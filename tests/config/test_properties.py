"""Whatever is built is valid, stable and read back the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from documentkinds import KINDS, Grammars
from fieldwalk import kinds
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aiovirt.config import (
    CPU,
    Channel,
    Console,
    Disk,
    Document,
    DomainConfig,
    Graphics,
    Input,
    Interface,
    Memballoon,
    NetworkConfig,
    Rng,
    SecretConfig,
    Serial,
    SnapshotConfig,
    StoragePoolConfig,
    StorageVolumeConfig,
    Video,
)
from aiovirt.config._view import View, walk
from aiovirt.model.mac import MacAddress
from aiovirt.model.units import Bytes

words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
prose = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=30)
paths = st.lists(words, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
ports = st.integers(min_value=1, max_value=65535)
macs = st.binary(min_size=5, max_size=5).map(lambda tail: MacAddress(b"\x52" + tail))


def _named(disks: list[Disk]) -> list[Disk]:
    for disk, letter in zip(disks, "abcde", strict=False):
        disk.target.dev = f"vd{letter}"
    return disks


disks = st.lists(
    st.one_of(
        st.builds(Disk.file, paths),
        st.builds(Disk.block, paths),
        st.builds(Disk.cdrom, st.one_of(st.none(), paths)),
    ),
    max_size=5,
).map(_named)
interfaces = st.one_of(
    st.builds(Interface.user, mac=macs),
    st.builds(Interface.bridge, words, mac=macs),
    st.builds(Interface.network, words, mac=macs),
    st.builds(Interface.ethernet, words, mac=macs),
)
serials = st.one_of(
    st.builds(Serial.pty),
    st.builds(Serial.null),
    st.builds(Serial.unix, paths, listen=st.booleans()),
    st.builds(Serial.file, paths, append=st.one_of(st.none(), st.booleans())),
    st.builds(Serial.tcp, words, ports, listen=st.booleans()),
)
graphics = st.one_of(
    st.builds(Graphics.vnc, st.one_of(st.none(), ports), password=st.one_of(st.none(), words)),
    st.builds(Graphics.vnc, socket=paths),
    st.builds(Graphics.spice, st.one_of(st.none(), ports), listen=st.just("127.0.0.1")),
)
configs = st.builds(
    DomainConfig,
    type=st.sampled_from(["qemu", "kvm"]),
    name=words,
    uuid=st.one_of(st.none(), st.uuids()),
    description=st.one_of(st.none(), prose),
    memory=st.integers(min_value=1, max_value=2**50).map(Bytes),
    vcpus=st.integers(min_value=1, max_value=512),
    cpu=st.one_of(st.none(), st.builds(CPU, mode=st.just("host-model"))),
    on_reboot=st.sampled_from([None, "destroy", "restart"]),
    disks=disks,
    interfaces=st.lists(interfaces, max_size=3),
    serials=st.lists(serials, max_size=3),
    consoles=st.lists(st.builds(Console.pty), max_size=1),
    channels=st.lists(st.builds(Channel.agent), max_size=1),
    graphics=st.lists(graphics, max_size=2),
    videos=st.lists(st.builds(Video, st.sampled_from(["vga", "virtio", "qxl"])), max_size=2),
    inputs=st.lists(st.builds(Input.tablet), max_size=1),
    rngs=st.lists(st.builds(Rng.urandom), max_size=1),
    memballoon=st.one_of(st.none(), st.builds(Memballoon, model=st.just("virtio"))),
)


@given(config=configs)
def test_what_is_built_is_valid(schema: etree.RelaxNG, config: DomainConfig) -> None:
    config.check()
    schema.assertValid(etree.fromstring(config.to_xml(secure=True)))


@given(configs)
def test_what_is_written_reads_back_equal(config: DomainConfig) -> None:
    assert DomainConfig.parse(config.to_xml(secure=True)) == config


@given(configs)
def test_formatting_twice_is_formatting_once(config: DomainConfig) -> None:
    once = config.to_xml(secure=True)
    assert DomainConfig.parse(once).to_xml(secure=True) == once


@given(configs)
def test_no_password_is_written_unasked(config: DomainConfig) -> None:
    assert "passwd" not in config.to_xml() + repr(config.devices)


@given(words, st.one_of(st.none(), st.uuids()), prose.filter(bool))
def test_values_read_as_they_were_set(name: str, uuid: UUID | None, title: str) -> None:
    config = DomainConfig(name=name, uuid=uuid, title=title)
    assert (config.name, config.uuid, config.title) == (name, uuid, title)


@given(paths)
def test_paths_are_kept(path: str) -> None:
    assert Disk.parse(Disk.file(path).to_xml()).path == str(Path(path))


def _vocabulary() -> tuple[list[str], list[str]]:
    assert KINDS  # so that all documents' views are there
    mine = [kind for kind in kinds(View) if kind.__module__.startswith("aiovirt.")]
    fields = [field for kind in mine for field in kind._fields_.values()]
    tags = {step for field in fields for step in field.steps if "{" not in step}
    return sorted(tags), sorted({field.attribute for field in fields if field.attribute})


TAGS, ATTRIBUTES = _vocabulary()
values = st.sampled_from(["", "0", "-1", "1", "99999999999999999999", "yes", "pci", "0x1", "é "])
texts = st.one_of(values, st.sampled_from(["a<!-- b -->", "<?c d?>1", "<![CDATA[<]]>"]))


def _element(tag: str, attributes: dict[str, str], inner: list[str]) -> str:
    shown = "".join(f" {name}='{value}'" for name, value in attributes.items())
    return f"<{tag}{shown}>{''.join(inner)}</{tag}>"


trees = st.recursive(
    texts,
    lambda inner: st.builds(
        _element,
        st.sampled_from(TAGS),
        st.dictionaries(st.sampled_from(ATTRIBUTES), values, max_size=3),
        st.lists(inner, max_size=3),
    ),
    max_leaves=30,
)


@given(st.lists(trees, max_size=4), st.lists(trees, max_size=4))
def test_any_tree_can_be_looked_at(top: list[str], devices: list[str]) -> None:
    config = DomainConfig.parse(_element("domain", {}, [*top, _element("devices", {}, devices)]))
    found = config.problems()
    assert len([repr(view) for view in walk(config)]) > 1
    assert all(problem.element for problem in found)
    again = DomainConfig.parse(config.to_xml(secure=True))
    assert again == config
    assert [repr(view) for view in walk(again)] == [repr(view) for view in walk(config)]


@given(st.sampled_from([*KINDS.values()]), st.lists(trees, max_size=4))
def test_any_document_can_be_looked_at(kind: type[Document], inner: list[str]) -> None:
    document = kind.parse(_element(kind._tag_, {}, inner))
    found = document.problems()
    assert len([repr(view) for view in walk(document)]) > 0
    assert all(problem.element for problem in found)
    assert kind.parse(document.to_xml(secure=True)) == document


networks = st.ip_addresses().flatmap(
    lambda address: st.integers(1, address.max_prefixlen - 2).map(
        lambda prefix: f"{address}/{prefix}"
    )
)
times = st.integers(0, 2**37).map(lambda second: datetime.fromtimestamp(second, UTC))
built = st.one_of(
    st.tuples(st.just("network"), st.builds(NetworkConfig.nat, words, networks)),
    st.tuples(st.just("network"), st.builds(NetworkConfig.routed, words, networks, dev=words)),
    st.tuples(st.just("network"), st.builds(NetworkConfig.direct, words, words, words)),
    st.tuples(st.just("storagepool"), st.builds(StoragePoolConfig.directory, words, paths)),
    st.tuples(st.just("storagepool"), st.builds(StoragePoolConfig.nfs, words, words, paths, paths)),
    st.tuples(
        st.just("storagevol"),
        st.builds(
            StorageVolumeConfig.qcow2,
            words,
            st.integers(0, 2**60).map(Bytes),
            backing=st.one_of(st.none(), paths),
        ),
    ),
    st.tuples(st.just("secret"), st.builds(SecretConfig.volume, paths, uuid=st.uuids())),
    st.tuples(
        st.just("domainsnapshot"),
        st.builds(SnapshotConfig, name=words, created=times),
    ),
)


@given(pair=built)
def test_what_is_built_of_other_kinds_is_valid(
    schemas: Grammars, pair: tuple[str, Document]
) -> None:
    grammar, document = pair
    document.check()
    schemas(grammar).assertValid(etree.fromstring(document.to_xml()))
    assert type(document).parse(document.to_xml()) == document
