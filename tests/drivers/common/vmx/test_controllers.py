"""Controllers, both ways."""

from __future__ import annotations

import pytest
from vmxsamples import told, vmx, written

from aiovirt.drivers.common.vmx import DatastoreFiles, Files, domain_of
from aiovirt.errors import ConfigError, XMLError

FILES = DatastoreFiles(
    "[ds] web1", {"ds": "/ds"}, {"[ds] a.vmdk": "vmpvscsi", "[ds] b.vmdk": "lsilogic"}
)


def test_controllers_are_there_up_to_the_last_that_is_used() -> None:
    config = told(
        "scsi0.present = TRUE",
        "scsi0.virtualDev = LsiLogic",
        "scsi1.present = TRUE",
        "scsi1.virtualDev = pvscsi",
        "scsi1:0.present = TRUE",
        "scsi1:0.fileName = a.vmdk",
        "scsi2.present = TRUE",
        "ide0:0.present = TRUE",
        "ide0:0.fileName = a.iso",
        "nvme1.present = TRUE",
        "nvme1:0.present = TRUE",
        "nvme1:0.fileName = b.vmdk",
    )
    found = [(each.type, each.index, each.model) for each in config.controllers]
    assert found == [
        ("scsi", 0, "lsilogic"),
        ("scsi", 1, "vmpvscsi"),
        ("ide", 0, None),
        ("nvme", 0, None),
        ("nvme", 1, None),
    ]


def test_a_model_that_is_not_known_names_its_key() -> None:
    lines = ("scsi0.virtualDev = fancy", "scsi0:0.present = TRUE", "scsi0:0.fileName = a.vmdk")
    with pytest.raises(ConfigError, match=r"line 5, scsi0\.virtualDev: .*'fancy'"):
        domain_of(vmx("scsi0.present = TRUE", *lines), FILES)


def disk(dev: str = "sda", name: str = "[ds] a.vmdk", driver: str = "") -> str:
    """A disk."""
    return (
        f"<disk type='file'>{driver}<source file='{name}'/><target dev='{dev}' bus='scsi'/></disk>"
    )


def model(devices: str, files: Files = FILES) -> str | None:
    """The model of the first controller in the file of a domain."""
    return written(devices=devices, files=files).get("scsi0.virtualDev")


@pytest.mark.parametrize("word", ["buslogic", "lsilogic", "lsisas1068", "vmpvscsi"])
def test_models_are_written(word: str) -> None:
    controller = f"<controller type='scsi' index='0' model='{word}'/>"
    assert model(disk() + controller) == word.removeprefix("vm")
    assert model(disk(driver=f"<driver name='{word.upper()}'/>")) == word.removeprefix("vm")


def test_a_model_may_be_that_of_the_disks() -> None:
    auto = "<controller type='scsi' index='0' model='auto'/>"
    assert model(disk() + auto) == "pvscsi"
    assert model(disk(name="[ds] c.vmdk") + auto) is None
    with pytest.raises(XMLError, match="several models: lsilogic, vmpvscsi"):
        model(disk() + disk("sdb", "[ds] b.vmdk") + auto)


def test_controllers_without_disks_are_not_written() -> None:
    vmx = written(devices="<controller type='scsi' index='0'/>" + disk("sdp"), files=FILES)
    assert (vmx.get("scsi0.present"), vmx.get("scsi1.present")) == (None, "true")


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        (disk() + "<controller type='scsi' index='0' model='virtio-scsi'/>", "'virtio-scsi'"),
        (disk(driver="<driver name='qemu'/>"), "the model cannot be 'qemu'"),
        (
            disk(driver="<driver name='buslogic'/>")
            + "<controller type='scsi' index='0' model='lsilogic'/>",
            "'buslogic' is not the controller's model",
        ),
    ],
)
def test_other_models_are_refused(devices: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        model(devices)
