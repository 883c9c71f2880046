"""What is marked as immediate never suspends: servers answer such calls where they read them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

import aiovirt
from aiovirt.drivers.test.domains import IMPLEMENTATIONS
from aiovirt.drivers.test.driver import TestDriver
from aiovirt.errors import AiovirtError
from aiovirt.interfaces import Ability, Definition, is_immediate, supported

pytestmark = pytest.mark.anyio


def looked_up() -> Iterator[tuple[type[Ability], str]]:
    """Return the operations that need a domain and nothing else."""
    for kind, made in IMPLEMENTATIONS.items():
        for name in supported(kind, made):
            method = getattr(made, name)
            _, *parameters = inspect.signature(method).parameters.values()
            needed = [each.name for each in parameters if each.default is each.empty]
            if is_immediate(method) and needed == ["domain"]:
                yield kind, name


async def test_none_suspends() -> None:
    async with aiovirt.open("test:///default") as host:
        driver = host.driver
        assert isinstance(driver, TestDriver)
        key = await driver.ability(Definition).find_by_name("test")
        found = list(looked_up())
        for kind, name in found:
            call = getattr(driver.ability(kind), name)(key)
            with pytest.raises((StopIteration, AiovirtError)):
                call.send(None)
    assert len(found) > 20
