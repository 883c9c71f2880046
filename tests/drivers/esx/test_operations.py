"""Each operation that VMware's simulator can do is done by a verb, as another client sees it."""

from __future__ import annotations

import pytest
from vcsimlab import Simulator
from vcsimlab.fixtures import Check
from vcsimops import OPERATIONS
from vcsimscene import Operation, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_operation(operation: Operation, vsphere: Simulator, check: Check) -> None:
    if vsphere.kind not in operation.kinds:
        pytest.skip(f"the simulator's {vsphere.kind} has no {operation.method}")
    await operation.run(Stage(vsphere, check(vsphere)))
