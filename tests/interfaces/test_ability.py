"""Abilities: what is not implemented says so, and the support matrix is read off them."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.errors import Unsupported
from aiovirt.interfaces import ABILITIES, Ability, Lifecycle, StoragePools, operations, supported
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import StoragePoolKey

KEY = DomainKey(UUID(int=1), "web1")


class Half(Lifecycle):
    driver_name = "half"

    async def suspend(self, domain: DomainKey) -> None:
        """Do nothing."""


@pytest.mark.anyio
async def test_operation_that_is_lacking_names_itself_and_the_driver() -> None:
    with pytest.raises(Unsupported, match="the half driver does not support start") as caught:
        await Half().start(KEY)
    assert (caught.value.driver, caught.value.operation) == ("half", "start")


@pytest.mark.anyio
async def test_an_operation_on_things_names_them() -> None:
    with pytest.raises(Unsupported, match=r"support undefine of storage pools$"):
        await StoragePools().undefine(StoragePoolKey(UUID(int=1), "images"))


@pytest.mark.anyio
async def test_operation_that_is_there_runs() -> None:
    await Half().suspend(KEY)


def test_supported_operations_are_those_overridden() -> None:
    assert supported(Lifecycle, Half) == ("suspend",)
    assert supported(Lifecycle, None) == ()


@pytest.mark.parametrize("ability", ABILITIES)
def test_every_public_method_of_an_ability_is_an_operation(ability: type[Ability]) -> None:
    public = [name for name in vars(ability) if not name.startswith("_")]
    assert list(operations(ability)) == public
