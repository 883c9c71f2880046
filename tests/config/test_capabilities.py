"""What hosts say that they can do is read as typed values."""

from __future__ import annotations

from uuid import UUID

import pytest
from documentkinds import Grammars
from lxml import etree

from aiovirt.config import CapabilitiesConfig, DomainCapabilitiesConfig, View, problems
from aiovirt.errors import XMLError
from aiovirt.model.units import KiB

CAPABLE = (
    "<capabilities><host><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid><cpu><arch>x86_64</arch><model>a</model>"
    '<vendor>b</vendor><topology sockets="1" dies="1" cores="1" threads="1"/>'
    '<feature name="c"/><pages unit="KiB" size="4"/></cpu>'
    '<iommu support="yes"/><migration_features><live/><uri_transports>'
    "<uri_transport>tcp</uri_transport></uri_transports></migration_features><topology>"
    '<cells num="1"><cell id="0"><memory unit="KiB">1</memory><pages unit="KiB" size="4">1</pages>'
    '<cpus num="1"><cpu id="0" '
    'socket_id="0" die_id="0" core_id="0" siblings="0"/></cpus></cell></cells></topology>'
    "<secmodel><model>dac</model><doi>0</doi></secmodel></host><guest><os_type>hvm</os_type>"
    '<arch name="x86_64"><wordsize>64</wordsize><emulator>/a</emulator>'
    '<machine canonical="a" maxCpus="1">b</machine><domain type="kvm"><emulator>/a</emulator>'
    "<machine>c</machine></domain></arch></guest></capabilities>"
)
DOMAIN_CAPABLE = (
    "<domainCapabilities><path>/a</path><domain>kvm</domain><machine>b</machine><arch>x86_64"
    '</arch><vcpu max="1"/><iothreads supported="yes"/><os supported="yes"><enum name="firmware">'
    '<value>efi</value></enum><loader supported="yes"><value>/a</value></loader></os><cpu>'
    '<mode name="host-passthrough" supported="yes"/><mode name="maximum" supported="yes"/>'
    '<mode name="host-model" supported="no"/><mode name="custom" supported="yes">'
    '<model usable="yes" vendor="a">b</model></mode></cpu><devices><disk supported="yes">'
    '<enum name="bus"><value>virtio</value></enum></disk></devices></domainCapabilities>'
)
EVERY: list[tuple[str, type[View], str]] = [
    ("capability", CapabilitiesConfig, CAPABLE),
    ("domaincaps", DomainCapabilitiesConfig, DOMAIN_CAPABLE),
]


@pytest.mark.parametrize(("grammar", "kind", "xml"), EVERY)
def test_the_samples_are_right(schemas: Grammars, grammar: str, kind: type[View], xml: str) -> None:
    schemas(grammar).assertValid(etree.fromstring(xml))
    view = kind.parse(xml)
    assert list(problems(view)) == []
    assert kind.parse(view.to_xml()) == view
    with pytest.raises(XMLError, match="another element"):
        kind.parse("<hologram/>")


def test_a_host() -> None:
    host = CapabilitiesConfig.parse(CAPABLE).host
    assert host.uuid == UUID("4dea22b3-1d52-d8f3-2516-782e98ab3fa0")
    assert (host.cpu.arch, host.cpu.cores, host.cpu.features) == ("x86_64", 1, ("c",))
    assert (host.iommu, host.live_migration, host.migration_transports) == (True, True, ("tcp",))
    assert (host.cells[0].memory, host.cells[0].cpus[0].siblings) == (KiB(1), "0")
    assert [each.model for each in host.security_models] == ["dac"]


def test_the_guests_of_a_host() -> None:
    capable = CapabilitiesConfig.parse(CAPABLE)
    guest = capable.guest("x86_64", "kvm")
    assert guest is not None
    assert (guest.os_type, guest.arch.wordsize, guest.arch.emulator) == ("hvm", 64, "/a")
    assert (guest.arch.machines[0].name, guest.arch.machines[0].canonical) == ("b", "a")
    assert guest.arch.domains[0].machines[0].name == "c"
    assert capable.guest("x86_64") == guest
    assert capable.guest("x86_64", "xen") is None
    assert capable.guest("s390x") is None


def test_a_hypervisor() -> None:
    capable = DomainCapabilitiesConfig.parse(DOMAIN_CAPABLE)
    assert (capable.path, capable.max_vcpus, capable.iothreads) == ("/a", 1, True)
    assert (capable.os.values("firmware"), capable.loaders) == (("efi",), ("/a",))
    assert capable.device("disk").values("bus") == ("virtio",)
    assert capable.device("disk").values("cache") == ()
    assert not capable.device("hologram")
    assert capable.feature("backup").supported is None


def test_the_processors_that_guests_may_have() -> None:
    capable = DomainCapabilitiesConfig.parse(DOMAIN_CAPABLE)
    custom = capable.cpu_mode("custom")
    assert custom is not None
    assert [(each.name, each.usable) for each in custom.models] == [("b", "yes")]
    assert capable.cpu_mode("hologram") is None
