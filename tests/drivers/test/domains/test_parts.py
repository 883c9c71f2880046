"""The parts of domains in memory that need no host: places, trees, terminals."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import anyio
import pytest
from memoryguests import real_config

from aiovirt.config import Disk
from aiovirt.drivers.test.domains import lineage
from aiovirt.drivers.test.domains.completing import complete
from aiovirt.drivers.test.domains.places import disk_number
from aiovirt.drivers.test.domains.terminal import BACKLOG, Shell, Terminal
from aiovirt.model.addresses import DriveAddress

OWNER = UUID("6695eb01-f6a4-8304-79aa-97f2502e193f")


@dataclass
class Node:
    """A member of a tree."""

    parent: str | None


def tree(*pairs: tuple[str, str | None]) -> dict[str, Node]:
    """Return a tree of these."""
    return {name: Node(parent) for name, parent in pairs}


@pytest.mark.parametrize(
    ("dev", "number"), [("vda", 0), ("sdz", 25), ("vdaa", 26), ("xvdb", 1), ("hda1", 0), ("x", 0)]
)
def test_targets_have_numbers(dev: str, number: int) -> None:
    assert disk_number(dev) == number


def test_drives_get_units_by_their_targets() -> None:
    config = real_config()
    config.disks = [Disk.file(f"/{dev}.img", target=dev, bus="sata") for dev in ("sda", "sdh")]
    complete(config, OWNER)
    assert [disk.address for disk in config.disks] == [
        DriveAddress(),
        DriveAddress(controller=1, unit=1),
    ]


def test_completing_again_changes_nothing() -> None:
    config = real_config()
    complete(config, OWNER)
    before = config.to_xml()
    complete(config, OWNER)
    assert config.to_xml() == before


def test_what_was_from_one_that_is_gone_is_from_its_parent() -> None:
    nodes = tree(("a", None), ("b", "a"), ("c", "b"))
    lineage.delete(nodes, "b", None, 0)
    assert nodes["c"].parent == "a"


@pytest.mark.parametrize(
    ("flags", "left", "current"), [(0, "ac", "c"), (1, "a", "a"), (4, "ab", "b")]
)
def test_deleting_leaves_a_current_one(flags: int, left: str, current: str) -> None:
    nodes = tree(("a", None), ("b", "a"), ("c", "b"))
    assert lineage.delete(nodes, "b", "c", flags) == current
    assert "".join(nodes) == left


def test_a_shell_rubs_out_and_does_not_know_much() -> None:
    shell = Shell("guest")
    assert shell.feed(b"ab\x7f") == b"ab\x08 \x08"
    assert shell.feed(b"\r") == b"\r\nsh: a: not found\r\n# "
    assert shell.feed(b"hostname\n") == b"hostname\r\nguest\r\n# "


@pytest.mark.anyio
async def test_a_reader_that_falls_behind_loses_the_oldest() -> None:
    terminal = Terminal("serial0", bytes)
    async with terminal.open(readonly=True, force=False, history=False) as stream:
        terminal.show(b"x" * BACKLOG)
        terminal.show(b"y")
        assert stream.lost == 1
        assert (await stream.receive(BACKLOG)).endswith(b"xy")


@pytest.mark.anyio
async def test_force_takes_the_place_of_the_writer() -> None:
    terminal = Terminal("serial0", bytes)
    async with (
        terminal.open(readonly=False, force=False, history=False),
        terminal.open(readonly=False, force=True, history=False) as second,
    ):
        await second.send(b"mine")
        assert await second.receive() == b"mine"
        terminal.close(anyio.EndOfStream)
        with pytest.raises(anyio.EndOfStream):
            await second.receive()
