"""Which firmware a guest gets that says no more than what kind it wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from qemuvalues import ARM, X86, arguments, completed, small

from aiovirt.config import DomainConfig, FirmwareFeature
from aiovirt.drivers.qemu.binaries.firmwares import Firmware, read_firmwares
from aiovirt.drivers.qemu.devices.firmware import choose_firmware, name_variables
from aiovirt.errors import XMLError


def _described(name: str, *features: str, arch: str = "x86_64", mode: str = "split") -> object:
    flash = {"filename": f"/fw/{name}_CODE.fd", "format": "raw"}
    mapping = {"device": "flash", "mode": mode, "executable": flash}
    if mode == "split":
        mapping["nvram-template"] = {"filename": f"/fw/{name}_VARS.fd", "format": "raw"}
    machines = ["virt-*"] if arch == "aarch64" else ["pc-q35-*"]
    return {
        "description": name,
        "interface-types": ["uefi"],
        "mapping": mapping,
        "targets": [{"architecture": arch, "machines": machines}],
        "features": list(features),
        "tags": [],
    }


DESCRIBED: Mapping[str, object] = {
    "10-plain.json": _described("PLAIN", "acpi-s3"),
    "20-secure.json": _described("SECURE", "secure-boot", "requires-smm"),
    "30-keys.json": _described("KEYS", "secure-boot", "requires-smm", "enrolled-keys"),
    "40-stateless.json": _described("STATELESS", mode="stateless"),
    "50-arm.json": _described("ARM", arch="aarch64"),
}


@pytest.fixture
def there(tmp_path: Path) -> list[Firmware]:
    for name, said in DESCRIBED.items():
        (tmp_path / name).write_text(json.dumps(said), encoding="utf-8")
    return list(read_firmwares([tmp_path]))


def _efi(machine: str = "q35") -> DomainConfig:
    config = completed(small(machine=machine), ARM if machine == "virt" else X86)
    config.os.firmware = "efi"
    return config


def test_the_first_that_fits_is_taken_with_variables_of_its_template(there: list[Firmware]) -> None:
    config = _efi()
    choose_firmware(config, there)
    name_variables(config, Path("/own"))
    loader, nvram = config.os.loader, config.os.nvram
    assert (loader.path, loader.type, loader.readonly) == ("/fw/PLAIN_CODE.fd", "pflash", True)
    assert nvram.template == "/fw/PLAIN_VARS.fd"
    assert nvram.path == f"/own/{config.name}_VARS.fd"
    assert any("libvirt-pflash1-storage" in word for word in arguments(config, X86))


def test_choosing_again_changes_nothing(there: list[Firmware]) -> None:
    config = _efi()
    choose_firmware(config, there)
    name_variables(config, Path("/own"))
    before = config.to_xml()
    choose_firmware(config, reversed(there))
    name_variables(config, Path("/other"))
    assert config.to_xml() == before


@pytest.mark.parametrize(
    ("features", "image"),
    [
        ({"secure-boot": True}, "SECURE"),
        ({"enrolled-keys": True}, "KEYS"),
        ({"secure-boot": True, "enrolled-keys": False}, "SECURE"),
        ({"secure-boot": False}, "PLAIN"),
    ],
)
def test_it_has_the_features_that_are_wanted(
    features: Mapping[str, bool], image: str, there: list[Firmware]
) -> None:
    config = _efi()
    config.os.firmware_features = [
        FirmwareFeature(name=name, enabled=on) for name, on in features.items()
    ]
    choose_firmware(config, there)
    assert config.os.loader.path == f"/fw/{image}_CODE.fd"
    assert bool(config.features.smm) is (image != "PLAIN")


def test_a_secure_loader_gets_one_that_needs_smm(there: list[Firmware]) -> None:
    config = _efi()
    config.os.loader.secure = True
    choose_firmware(config, there)
    assert config.os.loader.path == "/fw/SECURE_CODE.fd"


def test_a_stateless_loader_has_no_variables(there: list[Firmware]) -> None:
    config = _efi()
    config.os.loader.stateless = True
    choose_firmware(config, there)
    name_variables(config, Path("/own"))
    assert config.os.loader.path == "/fw/STATELESS_CODE.fd"
    assert config.os.nvram.path is None


def test_another_architecture_has_its_own(there: list[Firmware]) -> None:
    config = _efi("virt")
    choose_firmware(config, there)
    assert config.os.loader.path == "/fw/ARM_CODE.fd"


def test_a_machine_that_none_is_for_is_refused(there: list[Firmware]) -> None:
    config = _efi("pc")
    with pytest.raises(XMLError, match="describes no efi firmware for a pc-i440fx"):
        choose_firmware(config, there)


def test_an_image_that_is_named_gets_the_template_that_is_described_with_it(
    there: list[Firmware],
) -> None:
    config = _efi()
    config.os.firmware = None
    config.os.loader.path, config.os.loader.type = "/fw/SECURE_CODE.fd", "pflash"
    choose_firmware(config, there)
    assert config.os.nvram.template == "/fw/SECURE_VARS.fd"


def test_an_empty_description_hides_those_of_its_name(tmp_path: Path) -> None:
    for folder, text in (("usr", json.dumps(DESCRIBED["10-plain.json"])), ("etc", "")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "10-plain.json").write_text(text, encoding="utf-8")
    assert read_firmwares([tmp_path / "usr", tmp_path / "etc"]) == []


def test_one_that_cannot_be_read_is_left_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "10-bad.json").write_text("{", encoding="utf-8")
    assert read_firmwares([tmp_path]) == []
    assert "10-bad.json" in caplog.text
