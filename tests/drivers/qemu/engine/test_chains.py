"""Chains of images: in XML, and as the images tell."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.chains import (
    Link,
    link_named,
    links_of,
    mirror_links,
    read_chains,
    relink,
    show_mirror,
    write_chains,
)
from aiovirt.drivers.qemu.engine.nodes import next_number, number_images
from aiovirt.drivers.qemu.storage.headers import header_of
from aiovirt.errors import InvalidState, NotFound

Make = Callable[..., Path]


@pytest.fixture
def make(qemu_img: Path) -> Make:
    """Return what makes an image of 1 MiB."""

    def image(path: Path, *words: str) -> Path:
        subprocess.run([str(qemu_img), "create", "-q", *words, str(path), "1M"], check=True)
        return path

    return image


@pytest.fixture
def chain(tmp_path: Path, make: Make) -> Path:
    """Return the top of three images: raw, and two of qcow2 above it."""
    make(tmp_path / "base", "-f", "raw")
    make(tmp_path / "middle", "-f", "qcow2", "-b", "base", "-F", "raw")
    return make(tmp_path / "top", "-f", "qcow2", "-b", "middle", "-F", "qcow2")


def running(path: Path) -> DomainConfig:
    config = DomainConfig(name="web1", disks=[Disk.file(path, format="qcow2")])
    number_images(config)
    write_chains(config, read_chains(config))
    return config


def test_a_header_names_the_image_behind_it_and_its_format(chain: Path) -> None:
    assert header_of(str(chain)) == ("qcow2", 1 << 20, "middle", "qcow2")


def test_the_chain_of_an_image_is_written_with_a_number_for_each(chain: Path) -> None:
    config = running(chain)
    links = links_of(config.disks[0], 1)
    assert [(link.number, link.format) for link in links] == [
        (1, "qcow2"),
        (2, "qcow2"),
        (3, "raw"),
    ]
    assert [Path(link.path or "").name for link in links] == ["top", "middle", "base"]
    assert next_number(config) == 4


def test_what_was_read_from_images_is_not_kept(chain: Path) -> None:
    config = running(chain)
    drop_live(config)
    assert "backingStore" not in config.to_xml()


def test_what_somebody_wrote_is_kept_without_numbers(chain: Path) -> None:
    disk = Disk.file(chain, format="qcow2")
    relink(disk, [links_of(disk, 0)[0], Link.at("/b", "raw")])
    config = DomainConfig(name="web1", disks=[disk])
    before = config.to_xml()
    number_images(config)
    write_chains(config, read_chains(config))
    assert next_number(config) == 3
    drop_live(config)
    assert config.to_xml() == before


def test_an_image_that_says_no_format_must_be_raw(tmp_path: Path, chain: Path, make: Make) -> None:
    overlay = make(tmp_path / "overlay", "-f", "qcow2", "-b", str(chain), "-F", "qcow2")
    data = overlay.read_bytes()
    overlay.write_bytes(data.replace(b"\xe2\x79\x2a\xca", b"\x11\x22\x33\x44", 1))
    with pytest.raises(InvalidState, match="which format") as caught:
        running(overlay)
    assert "qemu-img rebase" in (caught.value.hint or "")


def test_an_image_is_named_by_its_path_or_its_number(chain: Path) -> None:
    disk = running(chain).disks[0]
    links = links_of(disk, 1)
    assert link_named(disk, links, "vda[3]") == 2
    assert link_named(disk, links, str(chain.with_name("middle"))) == 1
    with pytest.raises(NotFound, match="no image of the chain"):
        link_named(disk, links, "vda[9]")


def test_a_mirror_is_shown_and_gone_again(chain: Path) -> None:
    disk = running(chain).disks[0]
    before = disk.to_xml()
    show_mirror(disk, [Link.at("/copy", "raw", 7)], "copy")
    assert [(link.path, link.number) for link in mirror_links(disk)] == [("/copy", 7)]
    show_mirror(disk, [], "copy")
    assert disk.to_xml() == before
