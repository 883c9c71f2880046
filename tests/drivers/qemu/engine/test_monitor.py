"""How long the engine waits for a QEMU that is late."""

from __future__ import annotations

import pytest

from aiovirt.clients.qmp import connect_qmp
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor, patience
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S, SILENT_BOUND_S
from aiovirt.errors import Unresponsive
from aiovirt.model.domain import Control
from aiovirt.protocols.qmp.commands import Cont, QueryStatus
from aiovirt.testing.fake_qemu import run_fake_qemu
from aiovirt.testing.faults import Hold


@pytest.mark.parametrize(
    ("silent_s", "waits_s"),
    [
        (0.0, ANSWER_BOUND_S),
        (ANSWER_BOUND_S / 2, ANSWER_BOUND_S / 2),
        (ANSWER_BOUND_S, SILENT_BOUND_S),
        (10 * ANSWER_BOUND_S, SILENT_BOUND_S),
    ],
)
def test_one_that_is_late_gets_its_whole_time_before_it_counts_as_silent(
    silent_s: float, waits_s: float
) -> None:
    assert patience(silent_s) == waits_s


@pytest.mark.anyio
async def test_one_that_has_taken_a_command_has_not_answered() -> None:
    told: list[Control] = []
    async with run_fake_qemu() as fake, connect_qmp(fake.connect(), name="web1") as qmp:
        monitor = BoundedMonitor(qmp, "web1", lambda state: told.append(state.control))
        hold = Hold()
        fake.script.add("query-status", hold)
        with pytest.raises(Unresponsive):
            await monitor.call(QueryStatus(), bound_s=0.01)
        await monitor.post(Cont())
        assert told == [Control.UNRESPONSIVE]
        hold.until.set()
        await monitor.until_it_answers()
        assert told == [Control.UNRESPONSIVE, Control.OK]
