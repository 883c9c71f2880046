"""Threads of a guest in groups of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from kernelgroup import kernel_group

from aiovirt.drivers.qemu.process.limits import place_threads
from aiovirt.host.cgroups import Group


@pytest.fixture
def group() -> Iterator[Group]:
    """Return a group of the real kernel's."""
    with kernel_group() as made:
        yield made


@pytest.fixture
def threads() -> Iterator[list[int]]:
    """Return three threads that stand still."""
    with ExitStack() as stack:
        go = threading.Event()
        running = [threading.Thread(target=go.wait) for _ in range(3)]
        for each in running:
            each.start()
            stack.callback(each.join)
        stack.callback(go.set)
        yield [each.native_id or 0 for each in running]


def test_each_has_its_own_and_groups_of_threads_that_are_gone_go(
    group: Group, threads: list[int]
) -> None:
    one, two, three = threads
    place_threads(group, {"emulator": [one], "vcpu0": [two], "iothread1": [three]})
    place_threads(group, {"emulator": [one, three], "vcpu0": [two]})
    assert {name: group.child(name).threads() for name in group.children()} == {
        "emulator": {one, three},
        "vcpu0": {two},
    }


def test_one_that_is_several_processors_is_the_first(group: Group, threads: list[int]) -> None:
    one, two, _ = threads
    place_threads(group, {"emulator": [one], "vcpu0": [two], "vcpu1": [two]})
    assert group.children() == ["emulator", "vcpu0"]
    assert group.child("vcpu0").threads() == {two}


def test_other_groups_stay(group: Group, threads: list[int]) -> None:
    group.child("mine").make_for_threads()
    place_threads(group, {"emulator": threads})
    assert group.children() == ["emulator", "mine"]
