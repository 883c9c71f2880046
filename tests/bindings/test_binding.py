"""A row by itself: what a call of the operation may look like."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aiovirt.bindings import bindings_of
from aiovirt.interfaces import Lifecycle
from aiovirt.model.domain import DomainKey

ROW = bindings_of(Lifecycle)["suspend"]
DOMAIN = DomainKey(UUID(int=1), "web1")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((), {}),
        ((DOMAIN, DOMAIN), {}),
        ((DOMAIN,), {"domain": DOMAIN}),
        ((DOMAIN,), {"nobody": 1}),
        ((), {"nobody": DOMAIN}),
    ],
)
def test_call_that_python_would_refuse(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"Lifecycle\.suspend takes domain"):
        ROW.args(given, named)


def test_by_place_and_by_name_is_the_same() -> None:
    assert ROW.args((DOMAIN,), {}) == ROW.args((), {"domain": DOMAIN})
