"""Whole files: what they must say, and that a domain leads back to its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vmxsamples import FILES, vmx, written, xml

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import Vmx, domain_of, hardware_of, merge, vmx_of
from aiovirt.errors import ConfigError, XMLError

SAMPLES = sorted(Path(__file__).with_name("samples").glob("*.vmx"))
names = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)

KEYS = sorted({key for sample in SAMPLES for key in Vmx.parse(sample.read_bytes())})
VALUES = [
    "",
    "TRUE",
    "0",
    "7",
    "-1",
    "unlimited",
    "a.vmdk",
    "a.iso",
    "nat",
    "|",
    "%",
    "9" * 25,
    "é\n",
]
wild = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES) | st.text(), max_size=12)


@pytest.mark.parametrize(
    ("head", "key"),
    [
        ('virtualHW.version = "8"', "config.version"),
        ('config.version = "7"\nvirtualHW.version = "8"', "config.version"),
        ('config.version = "8"', "virtualHW.version"),
        ('config.version = "8"\nvirtualHW.version = "3"', "virtualHW.version"),
    ],
)
def test_a_file_says_its_versions(head: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key}: ") as caught:
        domain_of(Vmx.parse(head), FILES)
    assert caught.value.field == key


def test_a_domain_of_another_kind_is_refused() -> None:
    config = xml()
    config.type = "kvm"
    with pytest.raises(XMLError, match="the type cannot be 'kvm'"):
        vmx_of(config, FILES, hardware=8)


def test_a_new_file_says_what_every_file_must() -> None:
    found = written(hardware=4)
    assert (found.get(".encoding"), found.get("config.version")) == ("UTF-8", "8")
    assert hardware_of(found) == 4
    assert "vmci0.present" not in found
    assert written(hardware=7).get("vmci0.present") == "true"


def test_newer_hardware_has_bridges_for_what_needs_them() -> None:
    disk = "<disk type='file'><source file='/a.vmdk'/><target dev='sda' bus='scsi'/></disk>"
    assert written(devices=disk, hardware=7).get("pciBridge7.functions") == "8"
    assert "pciBridge4.present" not in written(devices=disk, hardware=4)
    assert "pciBridge4.present" not in written(hardware=7)


@names
def test_a_domain_leads_back_to_what_was_told_of(sample: Path) -> None:
    original = Vmx.parse(sample.read_bytes())
    once = written_again(domain_of(original, FILES), hardware_of(original))
    assert written_again(once, hardware_of(original)) == once
    if sample.stem not in {"cards", "console"}:  # what they leave open is written down
        assert once == domain_of(original, FILES)


def written_again(config: DomainConfig, hardware: int) -> DomainConfig:
    """The domain of the file of a domain."""
    return domain_of(vmx_of(config, FILES, hardware=hardware), FILES)


@names
@pytest.mark.parametrize("extended", [True, False])
def test_a_file_that_says_all_already_stays_to_the_byte(sample: Path, *, extended: bool) -> None:
    original = Vmx.parse(sample.read_bytes())
    config = domain_of(original, FILES, extended=extended)
    assert merge(original, config, FILES, extended=extended).to_bytes() == sample.read_bytes()


@given(wild)
def test_any_values_make_a_domain_or_an_error(values: dict[str, str]) -> None:
    found = vmx()
    for key, value in values.items():
        found.set(key, value)
    try:
        config = domain_of(found, FILES)
        again = merge(found, config, FILES)
    except ConfigError as error:
        assert str(error)  # noqa: PT017 - it may also be none
        return
    assert again == found
