"""Jobs of QEMU that are waited for, against a QEMU that tells their states."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from aiovirt.clients.qmp import connect_qmp
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.qemujobs import run_job
from aiovirt.errors import HostError
from aiovirt.testing.fake_qemu import FakeQemu, run_fake_qemu

pytestmark = pytest.mark.anyio

DONE = ("created", "running", "waiting", "pending", "concluded")
FAILED = ("created", "running", "aborting", "concluded")
FAILED_LATE = ("created", "running", "waiting", "pending", "aborting", "concluded")
WHY = "there is no room"


@asynccontextmanager
async def monitor_of(
    states: Sequence[str],
) -> AsyncGenerator[tuple[FakeQemu, BoundedMonitor], None]:
    """Run a QEMU whose only job goes through these states."""
    async with run_fake_qemu() as fake, connect_qmp(fake.connect(), name="web1") as qmp:
        jobs: list[Mapping[str, object]] = []

        def begin(arguments: Mapping[str, object]) -> object:
            name = str(arguments["job-id"])
            for state in states:
                fake.emit("JOB_STATUS_CHANGE", {"id": name, "status": state})
            why = {"error": WHY} if "aborting" in states else {}
            amounts = {"current-progress": 1, "total-progress": 1}
            job = {"id": name, "type": "snapshot-delete", "status": "concluded"}
            jobs.append({**job, **amounts, **why})
            return {}

        def dismiss(arguments: Mapping[str, object]) -> object:
            jobs.clear()
            fake.emit("JOB_STATUS_CHANGE", {"id": arguments["id"], "status": "null"})
            return {}

        fake.handlers["snapshot-delete"] = begin
        fake.handlers["query-jobs"] = lambda _: list(jobs)
        fake.handlers["job-dismiss"] = dismiss
        yield fake, BoundedMonitor(qmp, "web1", lambda _: None)


async def test_one_that_is_done_is_forgotten_and_asked_nothing() -> None:
    async with monitor_of(DONE) as (fake, monitor):
        await run_job(monitor, "snapshot-delete", "delete-s", {})
        assert await monitor.execute("query-jobs") == []
        names = [request.name for request in fake.requests[1:]]
        assert names == ["query-jobs", "snapshot-delete", "job-dismiss", "query-jobs"]


@pytest.mark.parametrize("states", [FAILED, FAILED_LATE], ids=["at once", "at its end"])
async def test_one_that_fails_tells_why_and_is_forgotten(states: Sequence[str]) -> None:
    async with monitor_of(states) as (_, monitor):
        with pytest.raises(HostError, match=f"could not do snapshot-delete: {WHY}"):
            await run_job(monitor, "snapshot-delete", "delete-s", {})
        assert await monitor.execute("query-jobs") == []


async def test_one_whose_states_were_missed_is_asked_for() -> None:
    async with monitor_of(("concluded",)) as (fake, monitor):
        await run_job(monitor, "snapshot-delete", "delete-s", {})
        names = [request.name for request in fake.requests[1:]]
        assert names == ["query-jobs", "snapshot-delete", "query-jobs", "job-dismiss"]


async def test_the_next_of_its_name_begins_at_once_and_has_an_end_of_its_own() -> None:
    """That QEMU has forgotten the first is told while the second is under way."""
    async with monitor_of(DONE) as (fake, monitor):
        for _ in range(2):
            await run_job(monitor, "snapshot-delete", "delete-s", {})
        assert await monitor.execute("query-jobs") == []
        names = [request.name for request in fake.requests[2:]]
        assert names == [*["snapshot-delete", "job-dismiss"] * 2, "query-jobs"]
