"""Each operation that VMware's simulator can do is done by a verb, as another client sees it."""

from __future__ import annotations

import pytest
from vcsimlab import Kind
from vcsimlab.fixtures import Check, Simulate
from vcsimops import OPERATIONS
from vcsimscene import Operation, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.real]

CASES = [(kind, operation) for operation in OPERATIONS for kind in operation.kinds]


@pytest.mark.parametrize(("kind", "operation"), CASES, ids=str)
async def test_operation(
    kind: Kind, operation: Operation, simulate: Simulate, check: Check
) -> None:
    simulator = simulate(kind)
    await operation.run(Stage(simulator, check(simulator)))
