"""What is handed to a hypervisor's program."""

from __future__ import annotations

from aiovirt.config import DomainConfig, QemuDeviceOverride, QemuOverride, QemuProperty


def test_an_override_stands_in_the_namespace_of_qemu() -> None:
    wanted = QemuProperty(name="rombar", type="unsigned", value="0")
    device = QemuDeviceOverride(alias="ua-net", properties=[wanted])
    config = DomainConfig(name="a", qemu_override=QemuOverride(devices=[device]))
    assert "<qemu:property name='rombar' type='unsigned' value='0'/>" in config.to_xml()


def test_nothing_of_qemu_is_there_when_nothing_is_said() -> None:
    assert "qemu:" not in DomainConfig(name="a").to_xml()
