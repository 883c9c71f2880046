"""What the program lacks is an error that names the element that wants it."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from qemuvalues import X86, arguments, small

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.argv import own_words
from aiovirt.drivers.qemu.argv.offers import check_offered
from aiovirt.drivers.qemu.binaries import Properties
from aiovirt.errors import ConfigError, XMLError

WATCHDOG = "<watchdog model='i6300esb' action='reset'/><memballoon model='none'/>"
RNG = "<rng model='virtio'><backend model='builtin'/></rng><memballoon model='none'/>"
DISK = """<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/></disk>
<memballoon model='none'/>"""
SOME = msgspec.structs.replace(
    X86,
    devices=frozenset(
        {
            *("pcie-root-port", "pcie-pci-bridge", "ich9-ahci", "qemu-xhci", "i6300"),
            *("piix3-usb-uhci", "virtio-rng-pci", "virtio-blk-pci"),
        }
    ),
    objects=frozenset({"rng-random", "memory-backend-ram"}),
    block_drivers=frozenset({"file"}),
    properties=Properties(("bus", "addr", "rngs"), {"virtio-rng-pci": (0, 1, 2)}),
)


def check(config: DomainConfig, *words: str) -> None:
    made = own_words(config, arguments(config))  # which names the devices too
    check_offered(config, SOME, pairwise(words or made))


def test_a_device_that_is_lacking_is_told_with_what_is_there() -> None:
    with pytest.raises(XMLError, match=r"no device 'i6300esb'.*i6300") as raised:
        check(small(WATCHDOG))
    assert "watchdog" in str(raised.value)


def test_a_property_that_is_lacking_is_told_with_what_is_there() -> None:
    rng = small(RNG)
    said = '{"driver":"virtio-rng-pci","id":"rng0","rng":"objrng0"}'
    with pytest.raises(XMLError, match=r"rng.*property 'rng' of device.*rngs"):
        check(rng, "-device", said)


def test_a_variant_may_be_told_what_the_plain_device_may() -> None:
    said = '{"driver":"virtio-rng-pci-transitional","rng":"a"}'
    binary = msgspec.structs.replace(SOME, devices=frozenset({"virtio-rng-pci-transitional"}))
    with pytest.raises(ConfigError, match="property 'rng'"):
        check_offered(small(), binary, [("-device", said)])


def test_an_object_that_is_lacking_is_told_by_whom_it_is_for() -> None:
    with pytest.raises(XMLError, match=r"rng.*no object 'rng-builtin'"):
        check(small(RNG))


def test_a_block_driver_that_is_lacking_is_told_by_its_disk() -> None:
    with pytest.raises(XMLError, match=r"disk.*no block driver 'raw'"):
        check(small(DISK))


def test_all_that_is_there_is_well() -> None:
    check(small("<memballoon model='none'/>"))


def test_a_device_without_an_element_is_told_by_its_name() -> None:
    with pytest.raises(ConfigError, match="no device 'vmgenid'"):
        check(small(), "-device", '{"driver":"vmgenid","id":"x"}')


@pytest.mark.parametrize("words", ["-device whatever,id=x", '-object {"id":"x"}', "-netdev {bad"])
def test_what_the_user_adds_himself_is_his_matter(words: str) -> None:
    config = small("<memballoon model='none'/>")
    config.qemu_commandline.args = words.split()
    check(config)


def test_a_network_card_of_any_name_is_looked_for_in_the_program() -> None:
    card = "<interface type='user'><model type='nope'/></interface><memballoon model='none'/>"
    with pytest.raises(XMLError, match=r"interface.*no device 'nope'"):
        check(small(card))
