"""What a view does not know stays where it is, whatever is changed beside it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from aiovirt.config import Disk, DomainConfig, View

Repickle = Callable[[View], View]


def test_what_is_parsed_is_written_again(rich: str) -> None:
    assert DomainConfig.parse(rich).to_xml(secure=True) == rich


def test_writing_again_changes_nothing(rich: str) -> None:
    once = DomainConfig.parse(rich).to_xml(secure=True)
    assert DomainConfig.parse(once).to_xml(secure=True) == once


@pytest.mark.parametrize(
    "inner",
    [
        "<name>web1<!-- was db1 --></name>",
        "<name><?mark x?>web1</name>",
        "<os><type>hvm<!-- always --></type></os>",
        "<os><cmdline>quiet<!-- not -->console=ttyS0</cmdline></os>",
        "<metadata><n xmlns='u:x'>see <b>this</b></n></metadata>",
        "<metadata><n xmlns='u:x'><b>two</b> <i>words</i></n></metadata>",
        "<future>some <b>mixed</b><i/></future>",
        "<devices xml:space='preserve'><disk/> <disk/></devices>",
    ],
)
def test_text_keeps_its_form(inner: str) -> None:
    config = DomainConfig.parse(f"<domain>{inner}</domain>")
    assert inner in "".join(line.lstrip() for line in config.to_xml().splitlines())
    again = DomainConfig.parse(config.to_xml())
    assert (again, again.name, again.os) == (config, config.name, config.os)


def test_white_space_beside_elements_is_no_text() -> None:
    config = DomainConfig.parse("<domain><name><future/></name></domain>")
    assert [config.name, DomainConfig.parse(config.to_xml()).name] == ["", ""]


def test_what_stands_around_the_root_keeps_its_order() -> None:
    xml = "<!--a-->\n<?b c?>\n<domain/>\n<!--d-->\n<?e f?>\n<!--g-->\n"
    config = DomainConfig.parse(xml)
    assert [config.to_xml(), config.copy().copy().to_xml()] == [xml, xml]


def test_a_change_touches_its_own_line_only(rich: str) -> None:
    config = DomainConfig.parse(rich)
    config.disks[0].driver.cache = "writeback"
    assert config.to_xml(secure=True) == rich.replace("cache='none'", "cache='writeback'")


def test_a_new_element_goes_where_the_schema_has_it(rich: str) -> None:
    config = DomainConfig.parse(rich)
    config.title = "A web server"
    line = "  <title>A web server</title>\n"
    assert config.to_xml(secure=True) == rich.replace("  <metadata>", f"{line}  <metadata>")


def test_a_new_disk_follows_the_last_one(rich: str) -> None:
    config = DomainConfig.parse(rich)
    config.disks.append(Disk.block("/dev/vg/web1", target="vdb"))
    tags = [device.kind for device in config.devices.all()]
    assert tags == ["disk", "hologram", "disk", "disk", "graphics"]


def test_removing_a_disk_leaves_its_neighbours(rich: str) -> None:
    config = DomainConfig.parse(rich)
    del config.disks[0]
    assert [device.kind for device in config.devices.all()] == ["hologram", "disk", "graphics"]


def test_equality_ignores_comments_order_of_attributes_and_indentation() -> None:
    one = DomainConfig.parse("<domain type='kvm' id='1'><name>a</name></domain>")
    two = DomainConfig.parse("<domain id='1' type='kvm'>\n<!-- x -->\n <name>a</name> </domain>")
    assert one == two


def test_equality_sees_what_is_not_known() -> None:
    one = DomainConfig.parse("<domain><new a='1'/></domain>")
    assert one != DomainConfig.parse("<domain><new a='2'/></domain>")


def test_a_copy_is_equal_and_independent(rich: str) -> None:
    config = DomainConfig.parse(rich)
    other = config.copy()
    assert other == config
    other.name = "web2"
    assert config.name == "web1"


def test_the_copy_module_and_pickle_keep_everything(rich: str, repickle: Repickle) -> None:
    config = DomainConfig.parse(rich)
    clones = [copy.copy(config), copy.deepcopy(config), repickle(config)]
    assert [clone.to_xml(secure=True) for clone in clones] == [rich] * 3


def test_a_device_alone_is_xml_too(rich: str) -> None:
    disk = DomainConfig.parse(rich).disks[0]
    assert Disk.parse(disk.to_xml()) == disk


def test_secrets_are_in_xml_only_when_asked_for(rich: str) -> None:
    config = DomainConfig.parse(rich)
    assert "s3cret" not in config.to_xml()
    assert "s3cret" in config.to_xml(secure=True)


def test_writing_without_secrets_keeps_them_in_the_config(rich: str) -> None:
    config = DomainConfig.parse(rich)
    config.to_xml()
    assert config.graphics[0].passwd == "s3cret"


def test_reprs_hold_no_secret(rich: str) -> None:
    config = DomainConfig.parse(rich)
    shown = f"{config!r} {config.devices!r} {config.qemu_commandline!r} {config.graphics!r}"
    assert "s3cret" not in shown
    assert "hidden" not in shown


def test_writing_an_absent_part_does_not_create_it() -> None:
    config = DomainConfig(name="a")
    config.cpu.to_xml(secure=True)
    assert not config.cpu
